"""Reading whatever a shop calls a picture: one upright RGB image, or a stated reason why not.

Pillow and NumPy only: importing this module never loads torch, so that web processes may use it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inference.contract import PROBLEMS

Image.init()  # registers the less common readers; naming one that is not registered makes Pillow fail

#: Formats that a catalogue may hold; Pillow's other readers (PostScript, PDF, ...) are never started.
FORMATS = tuple(name for name in ("JPEG", "MPO", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF") if name in Image.OPEN)

#: Shorter sides hold no garment.
MIN_SIDE = 16

#: Pictures with more pixels are refused from their header, before anything is decoded.
MAX_PIXELS = 64_000_000

#: How the files of the formats above begin; a file that begins so and still is no picture has lost its rest.
_SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"BM", b"II*\x00", b"MM\x00*")


class PictureError(Exception):
    """A picture that cannot be used.

    Attributes:
        code: one of :data:`inference.contract.PROBLEMS`.
        detail: a short technical detail, or "".
    """

    def __init__(self, code: str, detail: str = "") -> None:
        if code not in PROBLEMS:
            raise ValueError(f"{code!r} is none of the known problems")
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        image: upright RGB image, possibly smaller than the file's.
        size: (width, height) of the picture in the file, after EXIF rotation.
    """

    image: Image.Image
    size: tuple[int, int]


def read_picture(path: Path, max_side: int | None = None) -> Image.Image:
    """Read a picture as an upright RGB image; see :func:`open_picture`."""
    return open_picture(path, max_side).image


def open_picture(path: Path, max_side: int | None = None) -> Picture:
    """Read a picture, whatever its ending says.

    The first frame of an animation is taken, transparency is put on white, 16 bits become 8 by their value, CMYK
    becomes RGB and EXIF rotation is carried out.

    Args:
        path: the file.
        max_side: when given, the image is made so small that no side is longer; large JPEGs are then decoded at a
            half, a quarter or an eighth of their size, which saves most of the time.

    Returns:
        The image and the size that it has in the file.

    Raises:
        PictureError: missing, empty, not_a_picture, truncated, too_small or too_large.
    """
    try:
        if os.path.isdir(path):
            raise PictureError("missing", "a folder")
        if os.path.getsize(path) == 0:
            raise PictureError("empty")
        opened = Image.open(path, formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureError("too_large", str(error)) from None
    except (FileNotFoundError, NotADirectoryError):
        raise PictureError("missing") from None
    except PermissionError:
        raise PictureError("missing", "no permission to read the file") from None
    except PictureError:
        raise
    except Exception as error:  # no reader knows the file, or one met a header that it did not expect
        detail = "unknown format" if isinstance(error, UnidentifiedImageError) else _short(error)
        raise PictureError("truncated" if _begins_like_a_picture(path) else "not_a_picture", detail) from None
    with opened:
        _check_size(opened)
        try:
            return _decode(opened, max_side)
        except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, zlib.error ... for damaged files
            raise PictureError("truncated", _short(error)) from None


def _begins_like_a_picture(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.read(8).startswith(_SIGNATURES)


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:120]


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if min(width, height) < MIN_SIDE:
        raise PictureError("too_small", f"{width} x {height} pixels, at least {MIN_SIDE} x {MIN_SIDE} are needed")
    if width * height > MAX_PIXELS:
        raise PictureError("too_large", f"{width} x {height} pixels, at most {MAX_PIXELS:,} are read")


def _decode(image: Image.Image, max_side: int | None) -> Picture:
    width, height = image.size
    if max_side is not None and max(width, height) > max_side and image.format in {"JPEG", "MPO"}:
        scale = max_side / max(width, height)
        image.draft(None, (max(1, int(width * scale)), max(1, int(height * scale))))
    image.load()
    turned = _turned_by_exif(image)
    image = _upright(image)
    image = _as_rgb(image)
    if max_side is not None and max(image.size) > max_side:
        image.thumbnail((max_side, max_side), Image.Resampling.BOX)
    return Picture(image, (height, width) if turned else (width, height))


def _turned_by_exif(image: Image.Image) -> bool:
    try:
        return int(image.getexif().get(0x0112, 1)) in {5, 6, 7, 8}
    except Exception:  # damaged EXIF data say nothing about the pixels
        return False


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # as above: the picture itself is whole
        return image


def _as_rgb(image: Image.Image) -> Image.Image:
    """Turn any mode of Pillow's into RGB."""
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.copy()
    if image.mode.startswith("I") or image.mode == "F":
        return _eight_bits(image)
    if image.mode in {"RGBA", "LA", "PA", "RGBa", "La"} or "transparency" in image.info:
        transparent = image.convert("RGBA")
        white = Image.new("RGBA", transparent.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, transparent).convert("RGB")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating point greys by their range; Pillow would cut everything above 255 off."""
    values = np.nan_to_num(np.asarray(image).astype(np.float64))
    top = float(values.max())
    if image.mode == "F" and top <= 1.0:
        values = values * 255.0
    elif top > 255.0 or image.mode.startswith("I;16"):
        values = values * (255.0 / 65535.0 if top <= 65535.0 else 255.0 / top)
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8)).convert("RGB")
