"""Mask and attention of a prediction as small PNG files that a page lays over the picture."""

from __future__ import annotations

import hashlib
import io
import zlib
from pathlib import Path

import numpy as np
from django.conf import settings
from numpy.typing import NDArray
from PIL import Image

from catalog_audit.catalog.files import write_atomically

#: The longer side of an overlay in pixels; pages scale it to the picture.
SIDE = 640

#: From "hardly looked" to "looked hardest": dark violet, magenta, orange, pale yellow (the "inferno" scale).
_SCALE = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], np.float32)


def path_of(name: str) -> Path:
    """The file of an overlay as a prediction names it."""
    return Path(settings.OVERLAYS_DIR) / name


def mask_png(region: NDArray[np.bool_]) -> bytes:
    """A PNG whose alpha is the product.

    Args:
        region: bool (height, width).
    """
    alpha = _small(Image.fromarray(region.astype(np.uint8) * 255))
    # Masks are long runs of the same: looking for nothing else makes smaller files in half the time.
    return _png(Image.merge("LA", (Image.new("L", alpha.size, 255), alpha)), compress_type=zlib.Z_RLE)


def attention_png(attention: NDArray[np.float32]) -> bytes:
    """A coloured PNG, the more opaque the harder the network looked.

    Args:
        attention: float32 (height, width) of 0..1.
    """
    small = np.asarray(_small(Image.fromarray((np.clip(attention, 0, 1) * 255).astype(np.uint8))), np.float32) / 255
    steps = np.linspace(0, 1, len(_SCALE))
    colours = np.stack([np.interp(small, steps, _SCALE[:, channel]) for channel in range(3)], axis=-1)
    rgba = np.dstack([colours, np.minimum(1, small * 1.6) * 230]).astype(np.uint8)
    return _png(Image.fromarray(rgba, "RGBA").quantize(64, method=Image.Quantize.FASTOCTREE))


def region_of(name: str) -> NDArray[np.bool_] | None:
    """The product in a stored mask, bool (height, width) of the overlay's size; None where there is no such file."""
    path = path_of(name)
    if not name or not path.is_file():
        return None
    with Image.open(path) as mask:
        region = np.asarray(mask.convert("LA"))[..., 1] >= 128
    return region if region.any() else None


def store(name: str, data: bytes) -> str:
    """Write an overlay (the same name always holds the same bytes, so one that is there is left alone).

    Raises:
        catalog_audit.catalog.files.StorageFull: the disk is full.
    """
    path = path_of(name)
    if not path.exists():
        write_atomically(path, data)
    return name


def store_content(data: bytes) -> str:
    """Store an overlay under a name that comes from all that it depends on, and is random to whoever guesses.

    Returns:
        The name; "" of nothing.

    Raises:
        catalog_audit.catalog.files.StorageFull: the disk is full.
    """
    if not data:
        return ""
    name = hashlib.sha256(data).hexdigest()[:40]
    return store(f"{name[:2]}/{name}.png", data)


def _small(image: Image.Image) -> Image.Image:
    image.thumbnail((SIDE, SIDE))
    return image


def _png(image: Image.Image, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", **options)
    return buffer.getvalue()
