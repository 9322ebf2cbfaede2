"""Training sets to take away: as they are, or as an image folder that other programs read."""

from __future__ import annotations

import csv
import hashlib
import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final

from catalog_audit.catalog.files import writing
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.set_importing import SPLITS
from catalog_audit.training.set_tables import FOLDER_COLUMNS, ORIGIN, VERIFIED
from catalog_audit.training.sets import COLUMNS, FILE, Example, SetError, cells, examples_of

CSV, IMAGE_FOLDER = FORMATS = ("csv", "imagefolder")

#: Part -> folder of an image folder.
_FOLDERS: Final = {part: split for split, part in SPLITS.items()}

#: Called with the number of pictures written so far.
Tell = Callable[[int], None]


def export_set(training_set: TrainingSet, out: Path, form: str = CSV, tell: Tell = lambda done: None) -> int:
    """Write a set with its pictures into a new folder, which appears when it is whole.

    ``csv``: ``examples.csv`` as it is kept, and the pictures where it says. ``imagefolder``: ``train``, ``validation``
    and ``test``, each with pictures and a ``metadata.csv`` that has a line for each picture: ``file_name``, a column
    for each attribute and what else an import needs to make the same set of it
    (https://huggingface.co/docs/datasets/image_dataset#imagefolder).

    Returns:
        The number of pictures.

    Raises:
        SetError: the folder is there already and not empty, or the set or one of its pictures is damaged.
        FileProblem: something cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SetError(f"{out} is there already. Name a folder that does not exist yet, or an empty one.")
    draft = out.with_name(f".{out.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with writing(out):
            draft.mkdir(parents=True)
            count = (_as_it_is if form == CSV else _image_folder)(training_set, draft, tell)
            if out.exists():
                out.rmdir()
            os.replace(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return count


def _as_it_is(training_set: TrainingSet, folder: Path, tell: Tell) -> int:
    with (folder / FILE).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        written = ""
        count = 0
        for example in examples_of(training_set):
            kept = replace(example, picture=_inside(example))
            writer.writerow(cells(kept))
            if kept.picture != written:
                _copy(example, folder / kept.picture)
                written = kept.picture
                count += 1
                tell(count)
    return count


def _inside(example: Example) -> str:
    """The picture's name within an export: its own, unless it lies outside the data folder."""
    if not example.picture.startswith("/"):
        return example.picture
    return f"pictures/{example.sha256[:2]}/{example.sha256}{Path(example.picture).suffix}"


def _image_folder(training_set: TrainingSet, folder: Path, tell: Tell) -> int:
    attributes = sorted(training_set.counts)
    header = [*FOLDER_COLUMNS, *(name + end for name in attributes for end in ("", ORIGIN, VERIFIED))]
    count = 0
    with ExitStack() as stack:
        tables = {}
        for split in _FOLDERS.values():
            (folder / split).mkdir()
            stream = stack.enter_context((folder / split / "metadata.csv").open("w", encoding="utf-8", newline=""))
            tables[split] = csv.writer(stream, lineterminator="\n")
            tables[split].writerow(header)
        for name, examples in _pictures(training_set):
            first = examples[0]
            split = _FOLDERS[first.part]
            _copy(first, folder / split / name)
            row = [name, first.sha256, first.shop, first.external_id, first.design, first.garment_group, first.fold]
            said = {one.attribute: one for one in examples}
            for attribute in attributes:
                one = said.get(attribute)
                row += [one.values, one.origin, int(one.verified)] if one else ["", "", ""]
            tables[split].writerow(row)
            count += 1
            tell(count)
    return count


def _pictures(training_set: TrainingSet) -> Iterator[tuple[str, list[Example]]]:
    """File name and examples of each picture of a product; a picture that two products have gets two names."""
    names: Counter[str] = Counter()
    before = ""

    def product(one: Example) -> tuple[str, str, str]:
        return one.sha256, one.shop, one.external_id

    for (sha256, _shop, _external_id), examples in groupby(examples_of(training_set), product):
        if sha256 != before:
            names.clear()
            before = sha256
        rows = list(examples)
        number = names[sha256] = names[sha256] + 1
        ending = f"-{number}" if number > 1 else ""
        yield f"{sha256}{ending}{Path(rows[0].picture).suffix}", rows


def _copy(example: Example, target: Path) -> None:
    """Copy a picture, which has to be the one that the set was made with."""
    try:
        data = example.path.read_bytes()
    except FileNotFoundError:
        raise SetError(f"{example.path}, a picture of {example.shop} {example.external_id}, is not there") from None
    if hashlib.sha256(data).hexdigest() != example.sha256:
        raise SetError(f"{example.path}, a picture of {example.shop} {example.external_id}, is damaged")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
