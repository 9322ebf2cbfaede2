"""Making a training set of lessons: sorted, split into parts, counted, written as a whole or not at all."""

from __future__ import annotations

import csv
import os
import secrets
import shutil
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from catalog_audit.catalog.files import writing
from catalog_audit.training import engine, sets
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.set_labels import Lesson
from catalog_audit.training.set_sorting import Designs, Sorter
from catalog_audit.training.sets import COLUMNS, FILE, FOLDER, PARTS, Example, SetError

#: Why a picture does not train: too many designs have it.
CROWDED: Final = "crowded"

#: Examples between two looks whether to go on.
_GO_ON = 20_000

_DRAFT = ".draft."
#: Seconds after which nobody works on a draft any more.
_ABANDONED = 24 * 3600


@dataclass(slots=True)
class Counts:
    """What a set holds, counted line by line.

    An example of two values counts for each of them in ``values``.

    Attributes:
        values: attribute -> value -> origin -> number of examples.
        examples: part -> number of examples.
        pictures: part -> number of different pictures.
        designs: part -> names of the designs.
        shops: slugs.
        verified: examples whose label a person has looked at.
    """

    values: dict[str, dict[str, Counter[str]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Counter))
    )
    examples: Counter[str] = field(default_factory=Counter)
    pictures: Counter[str] = field(default_factory=Counter)
    designs: dict[str, set[str]] = field(default_factory=lambda: {part: set() for part in PARTS})
    shops: set[str] = field(default_factory=set)
    verified: int = 0
    _picture: str = ""

    def add(self, example: Example) -> None:
        """Count one more; pictures come one after the other."""
        for code in example.weights:
            self.values[example.attribute][code][example.origin] += 1
        self.examples[example.part] += 1
        self.pictures[example.part] += example.sha256 != self._picture
        self._picture = example.sha256
        self.designs[example.part].add(example.design)
        self.shops.add(example.shop)
        self.verified += example.verified

    def fields(self) -> dict[str, Any]:
        """As fields of a :class:`TrainingSet`."""
        return {
            "shops": sorted(self.shops),
            "counts": {
                attribute: {value: dict(sorted(origins.items())) for value, origins in sorted(values.items())}
                for attribute, values in sorted(self.values.items())
            },
            "examples": self.examples.total(),
            "pictures": self.pictures.total(),
            "designs": sum(map(len, self.designs.values())),
            "verified": self.verified,
            "parts": {
                part: {
                    "examples": self.examples[part],
                    "pictures": self.pictures[part],
                    "designs": len(self.designs[part]),
                }
                for part in PARTS
            },
        }


class SetWriter:
    """Takes lessons and makes a set of them. Use :func:`set_writer`."""

    def __init__(self, draft: Path) -> None:
        self._draft = draft
        self._sorter = Sorter(draft)

    def add(self, lessons: Iterable[Lesson]) -> None:
        """Take some more lessons, in any order."""
        self._sorter.add(lessons)

    def finish(
        self, left_out: Mapping[str, int], go_on: Callable[[], None] = lambda: None, **fields: Any
    ) -> tuple[TrainingSet, bool]:
        """Write the set.

        Args:
            left_out: reason -> number of labels that do not train.
            go_on: called now and then; what it raises stops the work.
            fields: name, note and author.

        Returns:
            The set, and whether it is new: the same lessons make the same set, which is kept as it is.

        Raises:
            SetError: there is nothing to learn from.
            FileProblem: the file cannot be written.
        """
        designs = Designs(self._sorter.sorted())
        counts = Counts()
        file = self._draft / FILE
        with writing(file), file.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(COLUMNS)
            for number, example in enumerate(_split(self._sorter.sorted(), designs)):
                if number % _GO_ON == 0:
                    go_on()
                counts.add(example)
                writer.writerow(sets.cells(example))
            stream.flush()
            os.fsync(stream.fileno())
        if not counts.examples:
            raise SetError(_("There is nothing to learn from: no label of a usable picture has a known value."))
        reasons = {reason: number for reason, number in sorted(left_out.items()) if number}
        if designs.crowded:
            reasons[CROWDED] = len(designs.crowded)
        return _keep(file, counts.fields() | {"left_out": reasons, "joined": designs.joined} | fields)


@contextmanager
def set_writer() -> Iterator[SetWriter]:
    """A writer with a folder of its own, which is gone when the block ends.

    Raises:
        FileProblem: there is no room, or the folder cannot be made.
    """
    folder = Path(settings.DATA_DIR) / FOLDER
    _clear(folder)
    draft = folder / f"{_DRAFT}{os.getpid()}.{secrets.token_hex(4)}"
    try:
        with writing(draft):
            draft.mkdir(parents=True)
            yield SetWriter(draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove what processes that were killed have left behind."""
    for draft in folder.glob(f"{_DRAFT}*"):
        if draft.stat().st_mtime < time.time() - _ABANDONED:
            shutil.rmtree(draft, ignore_errors=True)


def _split(lessons: Iterable[Lesson], designs: Designs) -> Iterator[Example]:
    for lesson in lessons:
        if lesson.sha256 not in designs.crowded:
            design = designs.of(lesson.design)
            part, fold = engine.split_of(design)
            yield Example(
                picture=lesson.picture,
                sha256=lesson.sha256,
                shop=lesson.shop,
                external_id=lesson.external_id,
                design=design,
                garment_group=lesson.garment_group,
                part=part,
                fold=fold,
                attribute=lesson.attribute,
                values=lesson.values,
                origin=lesson.origin,
                verified=lesson.verified == "1",
            )


def _keep(file: Path, fields: dict[str, Any]) -> tuple[TrainingSet, bool]:
    """Give the file its place and its row."""
    content_hash = sets.hash_of(file)
    folder = sets.folder_of(content_hash)
    place = Path(settings.DATA_DIR) / folder / FILE
    # Whoever made the same file before made the same bytes, so replacing it changes nothing and mends a damaged one.
    with writing(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        os.replace(file, place)
    try:
        with transaction.atomic():
            made = TrainingSet.objects.create(content_hash=content_hash, folder=folder, **fields)
    except IntegrityError:
        return TrainingSet.objects.get(content_hash=content_hash), False
    return made, True
