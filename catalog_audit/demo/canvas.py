"""A canvas in linear light that remembers, pixel by pixel, which group was painted last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[np.float32]
Outline = NDArray[np.float64]

BACKGROUND, PERSON, TOP, BOTTOM, FULL_BODY, FOOTWEAR, ACCESSORY = range(7)

#: Edges are drawn this many times larger, then averaged.
SUPERSAMPLING: Final = 3

_STEPS = 4096
_levels = np.linspace(0, 1, _STEPS)
_TO_SRGB = np.round(
    255 * np.where(_levels <= 0.0031308, 12.92 * _levels, 1.055 * np.power(_levels, 1 / 2.4) - 0.055)
).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class Stencil:
    """A painted area: where it lies on the canvas and how much of each pixel it covers.

    Attributes:
        top: first row.
        left: first column.
        cover: float32 (rows, columns), 0..1.
    """

    top: int
    left: int
    cover: Array

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the canvas under the stencil."""
        rows, columns = self.cover.shape
        return slice(self.top, self.top + rows), slice(self.left, self.left + columns)


class Canvas:
    """A picture in the making.

    Attributes:
        light: float32 (height, width, 3), linear light, 1 is the white of the screen.
        groups: uint8 (height, width), group numbers 0..6 of what was painted last.
    """

    def __init__(self, background: Array) -> None:
        """Start from a background in linear light, float32 (height, width, 3); it is painted over."""
        self.light = background
        self.groups = np.zeros(background.shape[:2], np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.light.shape[1], self.light.shape[0]

    def stencil(self, *outlines: Outline, minus: Outline | None = None) -> Stencil | None:
        """The area inside closed outlines (points x, y in pixels), less another; None when nothing of it is in view."""
        width, height = self.size
        points = np.concatenate(outlines)
        left, top = np.maximum(np.floor(points.min(0)).astype(int) - 1, 0)
        right, bottom = np.minimum(np.ceil(points.max(0)).astype(int) + 2, (width, height))
        if right <= left or bottom <= top:
            return None
        image = Image.new("L", (int(right - left) * SUPERSAMPLING, int(bottom - top) * SUPERSAMPLING))
        pen = ImageDraw.Draw(image)
        shapes = [(outline, 255) for outline in outlines]
        if minus is not None:
            shapes.append((minus, 0))
        for outline, fill in shapes:
            pen.polygon([tuple(point) for point in (outline - (left, top)) * SUPERSAMPLING], fill=fill)
        cover = np.asarray(image.reduce(SUPERSAMPLING), np.float32) / np.float32(255)
        return Stencil(int(top), int(left), cover) if cover.max() > 0 else None

    def stroke(self, line: Outline, width: float) -> Stencil | None:
        """The area of a line of the given width in pixels."""
        pad = width + 2
        canvas_width, canvas_height = self.size
        left, top = np.maximum(np.floor(line.min(0) - pad).astype(int), 0)
        right, bottom = np.minimum(np.ceil(line.max(0) + pad).astype(int), (canvas_width, canvas_height))
        if right <= left or bottom <= top:
            return None
        image = Image.new("L", (int(right - left) * SUPERSAMPLING, int(bottom - top) * SUPERSAMPLING))
        points = [tuple(point) for point in (line - (left, top)) * SUPERSAMPLING]
        ImageDraw.Draw(image).line(points, fill=255, width=max(1, round(width * SUPERSAMPLING)), joint="curve")
        cover = np.asarray(image.reduce(SUPERSAMPLING), np.float32) / np.float32(255)
        return Stencil(int(top), int(left), cover) if cover.max() > 0 else None

    def paint(self, stencil: Stencil | None, light: Array, group: int | None) -> None:
        """Cover the stencil with a colour (three) or a field of colours (rows, columns, 3).

        With group None the picture changes and the groups stay: for shadows, seams and prints on what is already there.
        """
        if stencil is None:
            return
        window = stencil.window
        under = self.light[window]
        under += stencil.cover[..., None] * (light - under)
        if group is not None:
            self.groups[window][stencil.cover >= 0.5] = group

    def darken(self, stencil: Stencil | None, amount: float) -> None:
        """Take away a share of the light inside the stencil; the groups stay."""
        if stencil is not None:
            self.light[stencil.window] *= 1 - amount * stencil.cover[..., None]

    def shadow(self, stencil: Stencil | None, radius: float, offset: tuple[int, int], amount: float) -> None:
        """A soft shadow of a stencil on what is painted so far."""
        if stencil is None:
            return
        width, height = self.size
        image = Image.new("L", (width, height))
        shape = Image.fromarray((stencil.cover * 255).astype(np.uint8))
        image.paste(shape, (stencil.left + offset[0], stencil.top + offset[1]))
        small = (
            image.reduce(2)
            .filter(ImageFilter.GaussianBlur(radius / 2))
            .resize((width, height), Image.Resampling.BILINEAR)
        )
        self.light *= 1 - amount / 255 * np.asarray(small, np.float32)[..., None]

    def develop(self, exposure: Array, grain: Array) -> Image.Image:
        """The finished sRGB picture.

        Args:
            exposure: gains of the three channels, around 1.
            grain: float32 (height, width), noise added as a share of the light.
        """
        light = self.light * exposure
        light += grain[..., None] * (0.02 + light)
        index = np.clip(light * (_STEPS - 1), 0, _STEPS - 1).astype(np.uint16)
        return Image.fromarray(_TO_SRGB[index])


def smooth(points: list[tuple[float, float]] | Outline, steps: int = 8) -> Outline:
    """An open Catmull-Rom curve through the points.

    Args:
        points: at least two points.
        steps: new points per span.

    Returns:
        float64 (n, 2), first and last point included.
    """
    p = np.asarray(points, float)
    if len(p) < 3:
        return p
    padded = np.vstack([2 * p[0] - p[1], p, 2 * p[-1] - p[-2]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None]
    a, b, c, d = padded[:-3], padded[1:-2], padded[2:-1], padded[3:]
    spans = [
        0.5
        * (
            2 * b[i]
            + (c[i] - a[i]) * t
            + (2 * a[i] - 5 * b[i] + 4 * c[i] - d[i]) * t**2
            + (3 * b[i] - a[i] - 3 * c[i] + d[i]) * t**3
        )
        for i in range(len(a))
    ]
    return np.vstack([*spans, p[-1:]])


def mirrored(right: Outline) -> Outline:
    """The same points with x changed in sign, in reverse order: the other side of a symmetric outline."""
    return (right * (-1, 1))[::-1]


def limb(joints: list[tuple[float, float]], widths: list[float], steps: int = 8) -> Outline:
    """The closed outline of an arm, a leg, a sleeve: a curve through joints with a half-width at each."""
    line = smooth(joints, steps)
    at = np.linspace(0, 1, len(line))
    half = np.interp(at, np.linspace(0, 1, len(widths)), widths)[:, None]
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    across = np.stack([-along[:, 1], along[:, 0]], 1)
    return np.vstack([line + across * half, (line - across * half)[::-1]])


def ellipse(x: float, y: float, rx: float, ry: float, steps: int = 28) -> Outline:
    """The outline of an ellipse."""
    t = np.linspace(0, 2 * np.pi, steps, endpoint=False)
    return np.stack([x + rx * np.cos(t), y + ry * np.sin(t)], 1)
