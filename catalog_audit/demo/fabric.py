"""What cloth is made of: its colour or print, its weave, and how it folds in the light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageDraw

from .canvas import Array, Stencil, ellipse
from .colours import Shade, lch_to_light, pick_light, pick_shade, shades_of

#: Prints of many hues.
MULTICOLOUR_PATTERNS: Final = ("stripe", "colour_block", "patchwork", "check", "watercolour")

#: Weaves of one colour; each adds a texture that does not change the colour's name.
WEAVES: Final = ("smooth", "melange", "knit", "rib", "twill", "satin", "corduroy")

_LIVELY: Final = ("red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink", "navy", "light_blue")


@dataclass(frozen=True, slots=True)
class Fabric:
    """Cloth for one garment.

    Attributes:
        base: the plain colour, linear light, float32 array of three; for prints the ground.
        print_: float32 (height, width, 3) for a print, as large as the canvas; None for plain cloth.
        weave: one of :data:`WEAVES`.
    """

    base: Array
    print_: Array | None
    weave: str

    def light(self, stencil: Stencil, shift: int) -> Array:
        """The colours under a stencil; `shift` moves the print so that two parts do not continue each other."""
        if self.print_ is None:
            return self.base
        rows, columns = stencil.window
        if not shift:
            return self.print_[rows, columns]
        return np.roll(self.print_, (shift, shift * 2), (0, 1))[rows, columns]


def noise(rng: np.random.Generator, shape: tuple[int, int], cells: tuple[int, int]) -> Array:
    """Smooth noise, about -2..2: normal values on a coarse grid, enlarged.

    Args:
        rng: source of chance.
        shape: rows and columns wanted.
        cells: rows and columns of the grid.
    """
    grid = rng.standard_normal((max(cells[0], 2), max(cells[1], 2)), np.float32)
    return np.asarray(Image.fromarray(grid).resize((shape[1], shape[0]), Image.Resampling.BICUBIC))


def weave(rng: np.random.Generator, stencil: Stencil, kind: str, scale: float) -> Array:
    """Brightness around 1 that the yarn gives, float32 of the stencil's shape.

    Args:
        rng: source of chance.
        stencil: the part of the garment.
        kind: one of :data:`WEAVES`.
        scale: pixels per head of the figure: how close the camera is.
    """
    rows, columns = stencil.cover.shape
    y = np.arange(stencil.top, stencil.top + rows, dtype=np.float32)[:, None]
    x = np.arange(stencil.left, stencil.left + columns, dtype=np.float32)[None]
    period = max(2.2, scale / 28)
    fine = rng.standard_normal((rows, columns), np.float32)
    if kind == "melange":
        return 1 + 0.085 * fine + 0.06 * noise(rng, (rows, columns), (rows // 2, columns // 7))
    if kind == "knit":
        return (
            1
            + 0.07 * np.sin(2 * np.pi * (y / period + 0.35 * np.abs((x / period) % 2 - 1))) * np.cos(np.pi * x / period)
            + 0.03 * fine
        )
    if kind == "rib":
        return 1 + 0.09 * np.sin(2 * np.pi * x / (1.6 * period)) + 0.02 * fine
    if kind == "corduroy":
        return 1 + 0.12 * np.abs(np.sin(np.pi * x / (1.7 * period))) - 0.06 + 0.03 * fine
    if kind == "twill":
        return 1 + 0.05 * np.sin(2 * np.pi * (x + y) / 2.9) + 0.055 * fine
    return 1 + (0.012 if kind == "satin" else 0.028) * fine


def extents(stencil: Stencil) -> tuple[Array, Array]:
    """How far across (-1 left edge .. 1 right edge) and down (0..1) each pixel of a stencil lies."""
    inside = stencil.cover > 0.3
    rows, columns = inside.shape
    left = inside.argmax(1).astype(np.float32)
    right = columns - 1 - inside[:, ::-1].argmax(1).astype(np.float32)
    empty = ~inside.any(1)
    left[empty], right[empty] = 0, columns - 1
    x = np.arange(columns, dtype=np.float32)[None]
    width = np.maximum(right - left, 1)[:, None]
    across = np.clip(2 * (x - left[:, None]) / width - 1, -1, 1)
    down = np.broadcast_to(np.linspace(0, 1, rows, dtype=np.float32)[:, None], inside.shape)
    return across, down


def folds(
    rng: np.random.Generator, stencil: Stencil, kind: str, strength: float, sun: float, pleats: float = 5
) -> Array:
    """Light and shade of a part, around 1, float32 of the stencil's shape.

    Args:
        rng: source of chance.
        stencil: the part.
        kind: "torso", "drape" (folds that deepen towards the hem), "limb" (wrinkles across), "leg" (half of a
            pair of trousers) or "flat" (laid on a table).
        strength: how crumpled, around 1.
        sun: where the light comes from, -1 left .. 1 right.
        pleats: number of folds across a drape.
    """
    across, down = extents(stencil)
    rows, columns = shape = stencil.cover.shape
    edge = across * across
    edge *= edge
    if kind == "drape":
        phase = pleats * (across + 0.35 * across * edge) + 0.45 * noise(rng, shape, (3, 4)) * (0.5 + down)
        height = np.sin(phase + rng.uniform(0, 6)) + 0.6 * np.sin(2.3 * phase + rng.uniform(0, 6))
        crease = height * (0.05 + 0.17 * down) * strength
        return np.maximum(1.03 - 0.24 * edge + 0.07 * sun * across + crease, 0.2)
    if kind in ("limb", "leg"):
        wrinkle = np.tanh(1.5 * noise(rng, shape, (max(3, rows // 17), 3)))
        side = edge * np.clip(5 * down - 1, 0.1, 1) if kind == "leg" else edge
        return np.maximum(1.05 - 0.30 * side + 0.10 * sun * across + 0.085 * strength * wrinkle, 0.2)
    crease = _creases(rng, shape, max(2, rows // 95), max(3, columns // 30))
    soft = noise(rng, shape, (4, 4))
    if kind == "flat":
        return np.maximum(1.02 - 0.16 * edge * edge + strength * (0.32 * crease + 0.035 * soft), 0.2)
    return np.maximum(1.03 - 0.24 * edge + 0.08 * sun * across + strength * (0.42 * crease + 0.035 * soft), 0.2)


def _creases(rng: np.random.Generator, shape: tuple[int, int], down: int, over: int) -> Array:
    """Sharp-backed folds lit from one side: the slope of ridged noise, about -0.5..0.5."""
    rows, columns = max(shape[0] // 2, 2), max(shape[1] // 2, 2)
    ridge = 1 / (1 + 5 * np.abs(noise(rng, (rows, columns), (down, over))))
    ridge += 0.4 / (1 + 4 * np.abs(noise(rng, (rows, columns), (down * 2, over))))
    slope = np.zeros_like(ridge)
    slope[:, 1:-1] = ridge[:, 2:] - ridge[:, :-2]
    slope[1:-1] += 0.5 * (ridge[2:] - ridge[:-2])
    np.clip(slope * columns / over / 7, -0.5, 0.5, out=slope)
    slope *= np.clip(0.35 + 0.6 * noise(rng, (rows, columns), (down + 1, over)), 0, 1)
    return np.asarray(Image.fromarray(slope).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def plain(rng: np.random.Generator, shade: Shade, kind: str) -> Fabric:
    """Cloth of one colour."""
    return Fabric(pick_light(rng, shade), None, kind)


def multicolour(rng: np.random.Generator, pattern: str, size: tuple[int, int], scale: float) -> Fabric:
    """Cloth of three to five strong hues.

    Args:
        rng: source of chance.
        pattern: one of :data:`MULTICOLOUR_PATTERNS`.
        size: width and height of the canvas.
        scale: pixels per head of the figure.
    """
    width, height = size
    count = int(rng.integers(3, 6))
    names = rng.permutation(_LIVELY)[:count]
    palette = [pick_light(rng, pick_shade(rng, str(name))) for name in names]
    if rng.random() < 0.4:
        palette[-1] = pick_light(rng, pick_shade(rng, str(rng.choice(["white", "black", "beige"]))))
    colours = np.stack(palette)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    band = scale * rng.uniform(0.16, 0.42)
    if pattern == "stripe":
        angle = float(rng.choice([0.0, 0.0, np.pi / 2, rng.uniform(0.4, 1.1)]))
        along = x * np.sin(angle) + y * np.cos(angle) + 1.5 * noise(rng, (height, width), (6, 5))
        order = rng.permutation(np.arange(count * 2) % count)
        index = order[np.floor(along / band).astype(int) % len(order)]
    elif pattern == "colour_block":
        along = y + x * rng.uniform(-0.35, 0.35) + rng.uniform(0, band)
        index = np.floor(along / (band * 2.2)).astype(int) % count
    elif pattern == "patchwork":
        cells = rng.integers(0, count, (64, 64))
        tall, wide = band * rng.uniform(0.9, 1.6), band * rng.uniform(0.9, 1.6)
        index = cells[(y // tall).astype(int) % 64, (x // wide).astype(int) % 64]
    elif pattern == "check":
        rows = np.arange(count * 2) % count
        down, over = (y // (band * 0.6)).astype(int) % len(rows), (x // (band * 0.6)).astype(int) % len(rows)
        return Fabric(colours.mean(0), 0.5 * (colours[rows[down]] + colours[(rows[over] + 1) % count]), "smooth")
    else:
        fields = np.stack(
            [noise(rng, (height, width), (int(height / band / 1.4), int(width / band / 1.4))) for _ in palette], 2
        )
        weights = np.exp(2.5 * fields)
        weights /= weights.sum(2, keepdims=True)
        return Fabric(colours.mean(0), weights @ colours, "smooth")
    return Fabric(colours.mean(0), colours[index], str(rng.choice(["smooth", "knit"])))


def floral(rng: np.random.Generator, size: tuple[int, int], scale: float) -> Fabric:
    """Cloth with flowers and leaves scattered on a plain ground; size and scale as in :func:`multicolour`."""
    width, height = size
    ground_name = str(
        rng.choice(["white", "black", "navy", "beige", "light_blue", "pink", "green", "yellow", "red", "burgundy"])
    )
    ground = pick_light(rng, pick_shade(rng, ground_name))
    blooms = [
        name
        for name in ("white", "red", "pink", "yellow", "purple", "blue", "orange", "light_blue")
        if name != ground_name
    ]
    chosen = [str(name) for name in rng.permutation(blooms)[: int(rng.integers(1, 4))]]
    petals = [pick_light(rng, pick_shade(rng, name)) for name in chosen]
    leaf = lch_to_light(rng.uniform(30, 60), rng.uniform(18, 38), rng.uniform(120, 150))
    heart = lch_to_light(rng.uniform(55, 85), rng.uniform(40, 65), rng.uniform(65, 92))
    colours = np.stack([ground, *petals, leaf, heart])
    radius = scale * float(rng.choice([0.06, 0.09, 0.13, 0.2])) * rng.uniform(0.85, 1.15)
    spacing = radius * rng.uniform(2.1, 3.0)
    zoom = 2
    sheet = Image.new("L", (width * zoom, height * zoom), 0)
    pen = ImageDraw.Draw(sheet)
    leaf_index, heart_index = len(petals) + 1, len(petals) + 2
    lobes = int(rng.integers(4, 7))
    columns, rows = int(width / spacing) + 2, int(height / spacing) + 2
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.08:
                continue
            jitter = rng.uniform(-0.28, 0.28, 2)
            x = (column + 0.5 * (row % 2) + jitter[0]) * spacing * zoom
            y = (row + jitter[1]) * spacing * zoom
            r, turn = radius * zoom * rng.uniform(0.6, 1.15), rng.uniform(0, 6.28)
            for angle in turn + rng.uniform(0.3, 5.8, int(rng.integers(1, 4))):
                _petal(pen, x, y, angle, r * 0.9, r * 1.0, r * 0.3, leaf_index)
            colour = 1 + int(rng.integers(len(petals)))
            for lobe in range(lobes):
                _petal(pen, x, y, turn + lobe * 2 * np.pi / lobes, r * 0.5, r * 0.46, r * 1.5 / lobes, colour)
            pen.polygon([tuple(point) for point in ellipse(x, y, r * 0.2, r * 0.2, 10)], fill=heart_index)
    painted = colours[np.asarray(sheet)]
    painted = painted.reshape(height, zoom, width, zoom, 3).mean((1, 3))
    tone = 1 + 0.12 * noise(rng, (height, width), (int(height / radius), int(width / radius)))
    return Fabric(ground, painted * np.clip(tone, 0.6, 1.35)[..., None], str(rng.choice(["smooth", "satin"])))


def _petal(
    pen: ImageDraw.ImageDraw, x: float, y: float, angle: float, away: float, length: float, width: float, index: int
) -> None:
    """An ellipse pointing away from (x, y)."""
    points = ellipse(0, 0, length, width, 12)
    cos, sin = np.cos(angle), np.sin(angle)
    turned = points @ np.array([[cos, sin], [-sin, cos]]) + (x + away * cos, y + away * sin)
    pen.polygon([tuple(point) for point in turned], fill=index)


def fabric_for(
    rng: np.random.Generator,
    value: str,
    shade: Shade | None,
    kind: str,
    pattern: str,
    size: tuple[int, int],
    scale: float,
) -> Fabric:
    """Cloth of a dictionary value.

    Args:
        rng: source of chance.
        value: a value of :data:`~catalog_audit.demo.colours.VALUES`.
        shade: which shade of it; None to draw one.
        kind: the weave of plain cloth.
        pattern: for multicolour, one of :data:`MULTICOLOUR_PATTERNS`.
        size: width and height of the canvas.
        scale: pixels per head of the figure.

    Raises:
        ValueError: for an unknown value.
    """
    if value == "multicolour":
        return multicolour(rng, pattern, size, scale)
    if value == "floral_print":
        return floral(rng, size, scale)
    if shade is not None and shade not in shades_of(value):
        raise ValueError(f"{shade.name!r} is no shade of {value!r}")
    return plain(rng, shade or pick_shade(rng, value), kind)
