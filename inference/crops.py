"""Cut the product out of a picture in the one way that training, prediction and explanation share.

Pillow and NumPy only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

#: Free space kept on each side of the region, as a share of the region's width and height.
MARGIN = 0.08

#: Numbers that describe a region's shape, see :func:`shape_of`.
SHAPE_WIDTH = 2


@dataclass(frozen=True, slots=True)
class Crop:
    """A region's surroundings, stretched to a square.

    Attributes:
        pixels: uint8 (side, side, 3), RGB.
        mask: uint8 (side, side), 255 where the product is, 0 elsewhere, in between along the outline.
        box: left, top, right, bottom of the square in the picture's own pixels.
    """

    pixels: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    box: tuple[int, int, int, int]


def bounding_box(region: NDArray[np.bool_], margin: float = MARGIN) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom around ``region`` (bool, height x width) with a margin, inside the picture.

    Raises:
        ValueError: no pixel of the region is set.
    """
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    if not rows.size:
        raise ValueError("the region is empty: there is nothing to classify")
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    wide, high = round((right - left) * margin), round((bottom - top) * margin)
    height, width = region.shape
    return max(0, left - wide), max(0, top - high), min(width, right + wide), min(height, bottom + high)


def crop_region(image: Image.Image, region: NDArray[np.bool_], side: int, margin: float = MARGIN) -> Crop:
    """Cut ``region`` out of ``image`` and stretch it to ``side`` x ``side``.

    The aspect ratio is given up on purpose: trousers would otherwise fill a third of the square. The shape that is
    lost by it :func:`shape_of` keeps.

    Args:
        image: any mode; read as RGB.
        region: bool (height, width) of the picture.
        side: side of the square in pixels.
        margin: see :func:`bounding_box`.

    Raises:
        ValueError: the region is empty or is not of the picture's size.
    """
    if region.shape != (image.height, image.width):
        raise ValueError(f"region {region.shape[::-1]} does not fit a picture of {image.size}")
    box = bounding_box(region, margin)
    picture = image if image.mode == "RGB" else image.convert("RGB")
    pixels = picture.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)
    left, top, right, bottom = box
    inside = Image.fromarray(region[top:bottom, left:right].astype(np.uint8) * np.uint8(255))
    mask = inside.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return Crop(np.asarray(pixels, np.uint8), np.asarray(mask, np.uint8), box)


def shape_of(region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """What the stretching of :func:`crop_region` hides: float32 (2,).

    The logarithm of the box's height over its width (a maxi dress is slim, a mini dress is not), and the share of the
    box that the product fills, 0..1.

    Raises:
        ValueError: the region is empty.
    """
    left, top, right, bottom = bounding_box(region, 0.0)
    inside = region[top:bottom, left:right]
    return np.array([np.log((bottom - top) / (right - left)), inside.mean()], np.float32)
