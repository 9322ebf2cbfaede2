"""Grounds to draw on: studio paper, a lit wall, a street out of focus, a table."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageFilter

from .canvas import Array
from .colours import lch_to_light
from .fabric import noise

#: Where worn garments are photographed.
WORN: Final = ("studio", "studio", "wall", "street", "park")

#: Where garments are laid.
LAID: Final = ("paper", "paper", "paper", "tinted", "wood")


def _lit(rng: np.random.Generator, size: tuple[int, int], colour: Array, depth: float) -> Array:
    """A plain ground with light falling off from one side."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    angle, middle = rng.uniform(0, 6.28), rng.uniform(0.3, 0.7, 2)
    fall = ((x / width - middle[0]) * np.cos(angle) + (y / height - middle[1]) * np.sin(angle)) * depth
    fall -= depth * 0.6 * ((x / width - middle[0]) ** 2 + (y / height - middle[1]) ** 2)
    return colour * (1 + fall)[..., None]


def draw(rng: np.random.Generator, size: tuple[int, int], kind: str, floor: float) -> Array:
    """A background in linear light.

    Args:
        rng: source of chance.
        size: width and height.
        kind: one of :data:`WORN` or :data:`LAID`.
        floor: row where the wall meets the floor, in pixels; beyond the picture when no floor is seen.

    Returns:
        float32 (height, width, 3), 0..about 1.

    Raises:
        ValueError: for an unknown kind.
    """
    _, height = size
    if kind == "paper":
        return _lit(rng, size, lch_to_light(rng.uniform(92, 98), rng.uniform(0, 2), rng.uniform(60, 270)), 0.1)
    if kind == "tinted":
        return _lit(rng, size, lch_to_light(rng.uniform(68, 88), rng.uniform(2, 12), rng.uniform(30, 280)), 0.16)
    if kind == "wood":
        return _wood(rng, size)
    if kind in ("street", "park"):
        return _outdoors(rng, size, kind, floor)
    if kind not in ("studio", "wall"):
        raise ValueError(f"unknown background {kind!r}")
    chroma = rng.uniform(0, 3) if kind == "studio" else rng.uniform(4, 14)
    hue, lightness = rng.uniform(0, 360), rng.uniform(62, 97)
    ground = _lit(rng, size, lch_to_light(lightness, chroma, hue), 0.3)
    if floor < height and rng.random() < 0.7:
        rows = np.arange(height, dtype=np.float32)[:, None, None]
        step = 0.5 + 0.5 * np.tanh((rows - floor) / rng.uniform(2, 24))
        ground *= 1 - rng.uniform(0.04, 0.16) * step
    return ground


def _wood(rng: np.random.Generator, size: tuple[int, int]) -> Array:
    width, height = size
    plank = int(rng.integers(50, 90))
    grain = noise(rng, (height, width), (height // 3, 3)) * 0.07 + noise(rng, (height, width), (height // 14, 2)) * 0.06
    tone = rng.uniform(0.88, 1.1, height // plank + 2)[np.arange(height) // plank][:, None]
    tone = np.where((np.arange(height) % plank < 2)[:, None], 0.6, tone)
    colour = lch_to_light(rng.uniform(60, 84), rng.uniform(8, 20), rng.uniform(62, 80))
    return (colour * ((1 + grain) * tone)[..., None]).astype(np.float32)


def _outdoors(rng: np.random.Generator, size: tuple[int, int], kind: str, floor: float) -> Array:
    """Blurred blocks: houses, windows, shop fronts, or greenery, above a pavement."""
    width, height = size
    small_width, small_height = width // 4, height // 4
    scene = np.empty((small_height, small_width, 3), np.float32)
    scene[:] = lch_to_light(rng.uniform(60, 88), rng.uniform(2, 12), rng.uniform(60, 270))
    for _ in range(int(rng.integers(14, 30))):
        left, top = int(rng.integers(-8, small_width)), int(rng.integers(-8, small_height))
        wide, tall = int(rng.integers(5, 34)), int(rng.integers(6, 48))
        if kind == "park":
            colour = lch_to_light(rng.uniform(22, 78), rng.uniform(8, 40), rng.uniform(105, 145))
        else:
            colour = lch_to_light(rng.uniform(18, 92), rng.uniform(0, 22), rng.uniform(0, 360))
        scene[max(top, 0) : max(top + tall, 0), max(left, 0) : max(left + wide, 0)] = colour
    row = int(np.clip(floor / 4 - 6, 0, small_height))
    scene[row:] = lch_to_light(rng.uniform(45, 75), rng.uniform(0, 8), rng.uniform(40, 130))
    radius = rng.uniform(1.6, 3.2)
    planes = [
        Image.fromarray((scene[..., channel] * 255).astype(np.uint8))
        .filter(ImageFilter.GaussianBlur(radius))
        .resize(size, Image.Resampling.BICUBIC)
        for channel in range(3)
    ]
    return np.stack([np.asarray(plane, np.float32) for plane in planes], 2) / np.float32(255)
