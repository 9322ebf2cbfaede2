"""Smaller or browser-readable versions of the shops' pictures, made once and kept beside the originals."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from django.conf import settings

from catalog_audit.catalog.files import picture_path, write_atomically
from catalog_audit.catalog.models import Picture
from inference.pictures import read_picture

#: Longest side of a thumbnail, in pixels: twice what the queue shows, for dense screens.
SMALL = 240
#: Longest side of a picture that had to be converted.
LARGE = 1600
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


def _rendition(picture: Picture, side: int) -> Path:
    path = settings.DATA_DIR / "renditions" / str(side) / picture.sha256[:2] / f"{picture.sha256}.jpg"
    if not path.exists():
        image = read_picture(picture_path(picture), max_side=side)
        image.thumbnail((side, side))
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=85)
        write_atomically(path, buffer.getvalue())
    return path
