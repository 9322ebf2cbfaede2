"""Smaller or browser-readable versions of the shops' pictures, made once and kept beside the originals."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from PIL import Image

from catalog_audit.catalog.files import picture_path, write_atomically
from catalog_audit.catalog.models import Picture
from inference.pictures import read_picture

#: Longest side of a thumbnail, in pixels: twice what the queue shows, for dense screens.
SMALL = 240
#: Longest side of a picture that had to be converted.
LARGE = 1600
#: Width to height of a tile of the grid.
TILE = 3 / 4
#: What is left around a garment on each side, as a share of its longer side.
MARGIN = 0.06
#: From this opacity of the mask on (of 255) a pixel is the garment's.
OPAQUE = 128
#: Formats that every browser shows and turns upright by itself.
BROWSER_FORMATS = ("jpg", "jpeg", "png", "webp")


def large_version(picture: Picture) -> Path:
    """The original where a browser can show it, else a JPEG of it.

    Raises:
        inference.pictures.PictureError: the file is not a readable picture.
    """
    original = picture_path(picture)
    return original if picture.suffix in BROWSER_FORMATS else _rendition(picture, LARGE)


def small_version(picture: Picture) -> Path:
    """A thumbnail.

    Raises:
        inference.pictures.PictureError: the file is not a readable picture.
    """
    return _rendition(picture, SMALL)


def garment_version(picture: Picture, mask: Path) -> Path:
    """A thumbnail of the product alone: the part of the picture that the mask covers, with a little around it.

    The part has the proportions of a tile as far as the picture reaches. Where the mask is gone or covers nothing it
    is the whole picture.

    Args:
        picture: the picture.
        mask: an overlay, a PNG whose alpha is the product.

    Raises:
        inference.pictures.PictureError: the file is not a readable picture.
    """
    path = _path(f"garment-{SMALL}", picture, f"-{mask.stem}")
    if path.exists():
        return path
    box = _garment_box(mask, picture.width, picture.height)
    if box is None:
        return small_version(picture)
    longest = max(picture.width, picture.height)
    side = int(longest * SMALL / max(box.right - box.left, box.bottom - box.top, 1))
    image = read_picture(picture_path(picture), max_side=max(min(side, longest), SMALL))
    across, down = image.width / picture.width, image.height / picture.height
    part = image.crop(
        (int(box.left * across), int(box.top * down), round(box.right * across), round(box.bottom * down))
    )
    return _write(path, part, SMALL)


class _Box(NamedTuple):
    """A part of a picture, in its pixels."""

    left: float
    top: float
    right: float
    bottom: float


def _garment_box(mask: Path, width: int, height: int) -> _Box | None:
    """Where a mask is opaque, widened to the proportions of a tile, inside a picture of that size."""
    try:
        with Image.open(mask, formats=("PNG",)) as opened:
            alpha = opened.getchannel("A").point(lambda opacity: 255 if opacity >= OPAQUE else 0)
    except (OSError, ValueError, SyntaxError):
        return None
    found = alpha.getbbox()
    if found is None or not (width and height):
        return None
    across, down = width / alpha.width, height / alpha.height
    left, top, right, bottom = found[0] * across, found[1] * down, found[2] * across, found[3] * down
    margin = MARGIN * max(right - left, bottom - top)
    wide, high = right - left + 2 * margin, bottom - top + 2 * margin
    wide, high = max(wide, high * TILE), max(high, wide / TILE)
    left, right = _inside((left + right) / 2, wide, width)
    top, bottom = _inside((top + bottom) / 2, high, height)
    return _Box(left, top, right, bottom)


def _inside(middle: float, length: float, limit: int) -> tuple[float, float]:
    """A stretch around a middle, moved so far that it lies in 0..limit; all of that where it is longer."""
    start = max(min(middle - length / 2, limit - length), 0.0)
    return start, min(start + length, float(limit))


def _rendition(picture: Picture, side: int) -> Path:
    path = _path(str(side), picture)
    return path if path.exists() else _write(path, read_picture(picture_path(picture), max_side=side), side)


def _path(kind: str, picture: Picture, more: str = "") -> Path:
    folder: Path = settings.DATA_DIR / "renditions" / kind / picture.sha256[:2]
    return folder / f"{picture.sha256}{more}.jpg"


def _write(path: Path, image: Image.Image, side: int) -> Path:
    image.thumbnail((side, side))
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    write_atomically(path, buffer.getvalue())
    return path
