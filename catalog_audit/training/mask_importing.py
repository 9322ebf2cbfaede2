"""Bringing pictures with masks in, as a source for the segmentation network; checked file by file."""

from __future__ import annotations

import csv
import hashlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import IntegrityError, transaction
from PIL import Image

from catalog_audit.catalog.files import writing
from catalog_audit.training.models import SegmentationSource
from catalog_audit.training.set_tables import Problem
from catalog_audit.training.sets import SetError
from inference.contract import GROUPS
from inference.pictures import PictureError, open_picture

#: Below the data folder.
FOLDER: Final = "segmentation_sources"

TABLE, PHOTOS, MASKS = "labels.csv", "photos", "masks"

Tell = Callable[[Problem], None]


def holds_masks(folder: Path) -> bool:
    """Whether a folder is laid out as one of pictures with masks."""
    return (folder / TABLE).is_file() and (folder / MASKS).is_dir() and (folder / PHOTOS).is_dir()


def import_masks(folder: Path, name: str, on_problem: Tell = lambda problem: None) -> tuple[SegmentationSource, bool]:
    """Keep a copy of the pictures and masks that are right; the others are told of and left out.

    A folder has ``photos/*.jpg``, ``masks/*.png`` of the same names (one byte a pixel) and ``labels.csv``, which says
    under ``value`` and ``group`` which of the seven groups a number of the masks belongs to.

    Returns:
        The source, and whether it is new.

    Raises:
        SetError: the table cannot be used, or none of the pictures.
        FileProblem: something cannot be written.
    """
    group_of = _groups(folder / TABLE)
    shown: Counter[str] = Counter()
    digest = hashlib.sha256((folder / TABLE).read_bytes())
    with _draft() as draft:
        count = 0
        for stem, groups in _pairs(folder, group_of, on_problem):
            for place, suffix in ((PHOTOS, "jpg"), (MASKS, "png")):
                data = (folder / place / f"{stem}.{suffix}").read_bytes()
                _write(draft / place / f"{stem}.{suffix}", data)
                digest.update(f"{place}/{stem} {hashlib.sha256(data).hexdigest()}\n".encode())
            shown.update(GROUPS[group] for group in groups)
            count += 1
        if not count:
            raise SetError(f"{folder} holds no picture with a mask that can be used.")
        _write(draft / TABLE, (folder / TABLE).read_bytes())
        return _keep(draft, digest.hexdigest(), name=name, pictures=count, groups=dict(shown))


def _groups(table: Path) -> dict[int, int]:
    """Number in the masks -> number of the group."""
    found = {}
    with table.open(encoding="utf-8-sig", newline="") as lines:
        for line, row in enumerate(csv.DictReader(lines), start=2):
            try:
                value, group = int(row["value"]), int(row["group"])
            except (KeyError, TypeError, ValueError):
                raise SetError(f"{table}, line {line}: value and group have to be numbers.") from None
            if not (0 <= value <= 255 and 0 <= group < len(GROUPS)):
                raise SetError(f"{table}, line {line}: value is 0..255 and group 0..{len(GROUPS) - 1}.")
            found[value] = group
    return found


def _pairs(folder: Path, group_of: dict[int, int], tell: Tell) -> Iterator[tuple[str, set[int]]]:
    """Names of the pairs that can be used, and the groups that their masks show."""
    for mask in sorted((folder / MASKS).glob("*.png")):
        photo = folder / PHOTOS / f"{mask.stem}.jpg"
        try:
            size = open_picture(photo).size
        except PictureError as error:
            tell(Problem(f"{PHOTOS}/{photo.name}", 0, "", f"cannot be used ({str(error).replace('_', ' ')})"))
            continue
        wrong, groups = _look(mask, size, group_of)
        if wrong:
            tell(Problem(f"{MASKS}/{mask.name}", 0, "", wrong))
        else:
            yield mask.stem, groups


def _look(mask: Path, size: tuple[int, int], group_of: dict[int, int]) -> tuple[str, set[int]]:
    """What is wrong with a mask ("" for nothing), and the groups that it shows."""
    try:
        with Image.open(mask, formats=["PNG"]) as image:
            if image.mode not in ("L", "P"):
                return f"has the mode {image.mode}, not one byte a pixel", set()
            if image.size != size:
                return "has {} x {} pixels and its picture {} x {}".format(*image.size, *size), set()
            numbers = {int(number) for _count, number in image.getcolors(256) or ()}  # type: ignore[arg-type]
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, zlib.error ... for damaged files
        return f"cannot be read ({type(error).__name__})", set()
    unknown = sorted(numbers - set(group_of))
    if unknown:
        return f"has the numbers {', '.join(map(str, unknown))}, which {TABLE} does not explain", set()
    return "", {group_of[number] for number in numbers}


def _write(path: Path, data: bytes) -> None:
    with writing(path):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


@contextmanager
def _draft() -> Iterator[Path]:
    place = Path(settings.DATA_DIR) / FOLDER
    draft = place / f".draft.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with writing(draft):
            draft.mkdir(parents=True)
        yield draft
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _keep(draft: Path, content_hash: str, **fields: object) -> tuple[SegmentationSource, bool]:
    folder = f"{FOLDER}/{content_hash[:12]}"
    place = Path(settings.DATA_DIR) / folder
    if not place.exists():
        with writing(place):
            os.replace(draft, place)
    try:
        with transaction.atomic():
            made = SegmentationSource.objects.create(content_hash=content_hash, folder=folder, **fields)
    except IntegrityError:
        return SegmentationSource.objects.get(content_hash=content_hash), False
    return made, True
