"""The colours of a garment as measured, whatever any network thinks of them. NumPy and Pillow only."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import PaletteEntry

#: Most entries that a palette has.
LIMIT = 6

#: Colours nearer to each other than this (CIE76) are one colour.
SAME = 11.0

#: A colour with a smaller share of the garment is not listed; its share goes to the others in proportion.
SMALLEST_SHARE = 0.025

#: About so many pixels of the region are looked at.
_SAMPLE = 3000
_ROUNDS = 6

#: Side of a cell of the histogram that seeds the clusters, cells along an axis, and what makes every coordinate
#: positive.
_CELL = 10.0
_CELLS = 26
_OFFSET = np.array([0.0, 130.0, 130.0], np.float32)

_LINEAR = np.array(
    [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in np.arange(256) / 255],
    np.float32,
)
_TO_XYZ = np.array(
    [
        [0.4124564 / 0.95047, 0.3575761 / 0.95047, 0.1804375 / 0.95047],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339 / 1.08883, 0.1191920 / 1.08883, 0.9503041 / 1.08883],
    ],
    np.float32,
)


def lab_from_rgb(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Convert sRGB, uint8 (n, 3), to CIE Lab under D65, float32 (n, 3)."""
    cube = _LINEAR[pixels] @ _TO_XYZ.T
    bent = np.where(cube > 216 / 24389, np.cbrt(cube), cube * (24389 / 27 / 116) + 16 / 116)
    lab = np.empty_like(bent)
    lab[:, 0] = 116 * bent[:, 1] - 16
    lab[:, 1] = 500 * (bent[:, 0] - bent[:, 1])
    lab[:, 2] = 200 * (bent[:, 1] - bent[:, 2])
    return lab.astype(np.float32)


def _eroded(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The region less its outermost pixels, where the garment's colour mixes with what lies behind it."""
    inner = np.zeros_like(region)
    inner[1:-1, 1:-1] = region[1:-1, 1:-1] & region[:-2, 1:-1] & region[2:, 1:-1] & region[1:-1, :-2] & region[1:-1, 2:]
    return inner


def _sample(image: Image.Image, region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """About _SAMPLE pixels from inside the region, evenly spread, uint8 (n, 3)."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    top, bottom, left, right = rows[0], rows[-1] + 1, columns[0], columns[-1] + 1
    inside = region[top:bottom, left:right]
    step = max(1, math.isqrt(int(np.count_nonzero(inside)) // _SAMPLE))
    inside = inside[::step, ::step]
    picture = image.crop((int(left), int(top), int(right), int(bottom))).convert("RGB")
    pixels = np.asarray(picture)[::step, ::step]
    inner = _eroded(inside)
    if np.count_nonzero(inner) < 0.3 * np.count_nonzero(inside):
        inner = inside
    if not inner.any():
        return np.asarray(picture)[region[top:bottom, left:right]]
    return pixels[inner]


def _seeds(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Up to LIMIT + 2 starting colours: the fullest cells of a coarse histogram that are not near each other."""
    steps = np.floor((lab + _OFFSET) / _CELL).astype(np.int32)
    place = (steps[:, 0] * _CELLS + steps[:, 1]) * _CELLS + steps[:, 2]
    count = np.bincount(place)
    cells = np.flatnonzero(count)
    sums = np.stack([np.bincount(place, lab[:, axis])[cells] for axis in range(3)], 1)
    count = count[cells]
    means = sums / count[:, None]
    chosen: list[NDArray[np.float64]] = []
    for cell in np.argsort(-count, kind="stable"):
        if all(np.linalg.norm(means[cell] - other) > SAME for other in chosen):
            chosen.append(means[cell])
        if len(chosen) == LIMIT + 2:
            break
    return np.array(chosen, np.float32)


def _assign(lab: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.intp]:
    distance = (centres**2).sum(1)[None] - 2 * lab @ centres.T
    return distance.argmin(1)


def _merged(centres: NDArray[np.float32], counts: NDArray[np.float64]) -> list[list[int]]:
    """Clusters joined while two of them are nearer than SAME, or while there are more than LIMIT."""
    groups, means, weights = [[row] for row in range(len(centres))], list(centres.astype(np.float64)), list(counts)
    while len(groups) > 1:
        stack = np.array(means)
        distance = np.linalg.norm(stack[:, None] - stack[None], axis=2)
        np.fill_diagonal(distance, np.inf)
        first, second = sorted(int(side) for side in np.unravel_index(int(distance.argmin()), distance.shape))
        if distance[first, second] >= SAME and len(groups) <= LIMIT:
            break
        total = weights[first] + weights[second]
        means[first] = (means[first] * weights[first] + means[second] * weights[second]) / total
        weights[first] = total
        groups[first] += groups[second]
        del groups[second], means[second], weights[second]
    return groups


def measure(image: Image.Image, region: NDArray[np.bool_]) -> tuple[PaletteEntry, ...]:
    """Measure the colours inside a region: k-means in CIE Lab, seeded from a histogram, so that the answer is
    repeatable.

    Args:
        image: any mode; read as RGB.
        region: bool (height, width) of the picture; its outline is left out.

    Returns:
        At most :data:`LIMIT` colours, largest share first; the shares add up to 1. Empty when the region is empty.

    Raises:
        ValueError: the region is not of the picture's size.
    """
    if region.shape != (image.height, image.width):
        raise ValueError(f"region {region.shape[::-1]} does not fit a picture of {image.size}")
    if not region.any():
        return ()
    pixels = _sample(image, region)
    lab = lab_from_rgb(pixels)
    centres = _seeds(lab)
    for _ in range(_ROUNDS):
        nearest = _assign(lab, centres)
        counts = np.bincount(nearest, minlength=len(centres)).astype(np.float64)
        sums = np.stack([np.bincount(nearest, lab[:, axis], len(centres)) for axis in range(3)], 1)
        centres, counts = (sums[counts > 0] / counts[counts > 0, None]).astype(np.float32), counts[counts > 0]
    nearest = _assign(lab, centres)
    counts = np.bincount(nearest, minlength=len(centres)).astype(np.float64)
    centres, nearest = centres[counts > 0], (np.cumsum(counts > 0) - 1)[nearest]
    counts = counts[counts > 0]
    entries = []
    for group in _merged(centres, counts):
        share = counts[group].sum() / counts.sum()
        red, green, blue = pixels[np.isin(nearest, group)].mean(0).round().astype(int)
        entries.append((float(share), f"#{red:02x}{green:02x}{blue:02x}"))
    entries.sort(reverse=True)
    kept = [entry for entry in entries if entry[0] >= SMALLEST_SHARE] or entries[:1]
    total = sum(share for share, _ in kept)
    return tuple(PaletteEntry(hex=colour, share=share / total) for share, colour in kept)
