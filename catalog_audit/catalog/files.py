"""Files that the program writes, and the pictures it keeps.

Nothing half-written ever has its final name: a file is written under a temporary name in the same folder, flushed to
the disk and then renamed, which the operating system does at once or not at all.

A picture is stored under the SHA-256 of its bytes, so that it is stored once however many products show it, and its
bytes are kept as they came.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from PIL import Image

from catalog_audit.catalog.models import Picture
from inference.pictures import PictureError, open_picture

#: A larger file is no product picture; it is not read into memory.
MAX_PICTURE_BYTES = 64 * 1024 * 1024

#: The picture is decoded at about this size to see whether it is whole (a JPEG decodes several times faster so).
_PROBE_SIDE = 160

_SUFFIXES = {
    "JPEG": "jpg",
    "MPO": "jpg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "TIFF": "tif",
    "AVIF": "avif",
}
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FileProblem(Exception):
    """A file cannot be written; the message says which and why, in words for the person who asked for it."""


class StorageFull(FileProblem):
    """There is no room left on the disk."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A usable picture, known by its content.

    Attributes:
        sha256: of the bytes, 64 hexadecimal digits.
        suffix: from the content (``jpg``, ``png``, ...), without a dot.
        width: pixels, after EXIF rotation.
        height: pixels, after EXIF rotation.
    """

    sha256: str
    suffix: str
    width: int
    height: int


def _problem(error: OSError, path: Path) -> FileProblem:
    if error.errno in _FULL:
        return StorageFull(_("There is no room left on the disk for %(path)s.") % {"path": path})
    reason = error.strerror or str(error)
    return FileProblem(_("%(path)s cannot be written: %(reason)s.") % {"path": path, "reason": reason})


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn the operating system's errors in the block into those for the person who asked for ``path``.

    Raises:
        StorageFull: the disk is full.
        FileProblem: the file cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        raise _problem(error, path) from error


@contextmanager
def atomic_file(path: Path, mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a new file that takes the name ``path`` when the block ends well, and disappears when it does not.

    A file that has the name already stays as it is until then.

    Args:
        path: the final name; its folder must exist.
        mode: "wb" or "w".
        options: passed on to :func:`open`.

    Raises:
        StorageFull: the disk is full.
        FileProblem: the file cannot be written for another reason (no such folder, no permission, ...).
    """
    draft = path.with_name(f".{path.name[:100]}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        try:
            with open(draft, mode, **options) as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(draft, path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _problem(error, path) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Write the bytes to ``path``, making its folder when it is missing.

    Raises:
        StorageFull: the disk is full.
        FileProblem: the file cannot be written for another reason.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _problem(error, path) from error
    with atomic_file(path) as stream:
        stream.write(data)


def location(sha256: str, suffix: str) -> Path:
    """Where a picture of that content lies."""
    return Path(settings.PICTURES_DIR) / sha256[:2] / f"{sha256}.{suffix}"


def picture_path(picture: Picture) -> Path:
    """The stored file of a picture.

    Raises:
        ValueError: the picture has no file, because it could not be used.
    """
    if not picture.sha256:
        raise ValueError(f"picture {picture.pk} has no file: {picture.problem or 'never stored'}")
    return location(picture.sha256, picture.suffix)


def _read(path: Path) -> bytes:
    """Read a regular file of a sensible size; anything else is a :class:`PictureError`."""
    try:
        # Without O_NONBLOCK, opening a pipe that somebody left in the folder would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            return _read_open(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        raise PictureError("missing") from None
    except OSError as error:
        raise PictureError("missing", error.strerror or "") from None


def _read_open(descriptor: int) -> bytes:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("not_a_picture", "no regular file")
    if status.st_size == 0:
        raise PictureError("empty")
    if status.st_size > MAX_PICTURE_BYTES:
        raise PictureError("too_large", f"{status.st_size} bytes")
    with open(descriptor, "rb", closefd=False) as stream:
        return stream.read()


def _suffix(path: Path) -> str:
    """The usual suffix for what the file really is, whatever its name says."""
    with Image.open(path) as image:
        form = image.format or ""
    return _SUFFIXES.get(form, form.lower())


def store_picture(source: Path, known: Mapping[str, StoredPicture] | None = None, keep: bool = True) -> StoredPicture:
    """Check that a file is a usable picture and keep its bytes.

    A picture whose content is ``known`` and stored is not decoded again: a second import reads and digests files only.

    Args:
        source: the file to read; it is left alone.
        known: SHA-256 -> picture, of pictures stored before.
        keep: False to check only and write nothing.

    Raises:
        PictureError: the file is missing or cannot be used as a picture; its ``code`` says why.
        StorageFull: the disk is full.
        FileProblem: the picture cannot be written for another reason.
    """
    data = _read(source)
    digest = hashlib.sha256(data).hexdigest()
    before = (known or {}).get(digest)
    if before is not None and (not keep or location(digest, before.suffix).exists()):
        return before
    width, height = open_picture(source, max_side=_PROBE_SIDE).size
    stored = StoredPicture(digest, _suffix(source), width, height)
    if keep and not location(digest, stored.suffix).exists():
        write_atomically(location(digest, stored.suffix), data)
    return stored
