"""The file of a training set: what it holds, how it is written and read, and how it is found again.

``DATA_DIR/training_sets/<first 12 digits of the hash>/examples.csv`` is UTF-8 with a header and ``\\n`` at the end of
each line. A line is one attribute of one picture of one product; its columns are those of :class:`Example`. Lines are
sorted by ``sha256``, ``shop``, ``external_id``, ``picture``, ``attribute`` (as Unicode code points), so that the same
examples make the same file whatever database they come from. The hash of a set is the SHA-256 of the file's bytes.

Parts and folds follow from ``design`` alone, by the rule that keeps held-out items away from all training
(:mod:`inference.fit.split`). Designs that share a picture have been joined under one name by then.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from django.conf import settings

from catalog_audit.training.models import TrainingSet

#: Below the data folder.
FOLDER: Final = "training_sets"
FILE: Final = "examples.csv"

TRAIN, CALIBRATION, TEST = PARTS = ("train", "calibration", "test")

#: Who says what an example shows: the shop; one or two reviewers; an admin, where reviewers did not agree; somebody
#: outside this program.
SHOP, REVIEWER, SETTLED, EXTERNAL = ORIGINS = ("shop", "reviewer", "settled", "external")

_BLOCK = 1 << 20


class SetError(Exception):
    """A training set is not there or damaged; the message is for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Example:
    """One attribute of one picture.

    Attributes:
        picture: POSIX path relative to the data folder, or absolute where the picture lies outside.
        sha256: of the picture's bytes, 64 hexadecimal digits.
        shop: slug of the shop, or name of the external set.
        external_id: the product, by the shop's own name.
        design: key of the design; pictures of one design are never split between parts or folds.
        garment_group: one of the contract's garment groups: which part of the picture is the product.
        part: one of :data:`PARTS`.
        fold: 0..2, number of the network of an ensemble that does not learn the example.
        attribute: attribute code.
        values: codes and weights as :func:`weights_of` reads them: ``navy``, or ``black:0.5|navy:0.5``.
        origin: one of :data:`ORIGINS`.
        verified: whether a person has looked at the label.
    """

    picture: str
    sha256: str
    shop: str
    external_id: str
    design: str
    garment_group: str
    part: str
    fold: int
    attribute: str
    values: str
    origin: str
    verified: bool

    @property
    def path(self) -> Path:
        """Where the picture lies."""
        return Path(settings.DATA_DIR) / self.picture  # an absolute path stays as it is

    @property
    def weights(self) -> dict[str, float]:
        """Value code -> weight; the weights' sum is 1."""
        return weights_of(self.values)


COLUMNS: Final = tuple(one.name for one in fields(Example))


def weights_of(values: str) -> dict[str, float]:
    """Read a cell of values: code -> weight; the weights' sum is 1.

    Raises:
        ValueError: a weight is no positive number, or no value is named.
    """
    weights = {}
    for part in values.split("|"):
        code, colon, weight = part.partition(":")
        weights[code] = float(weight) if colon else 1.0
    whole = sum(weights.values())
    if not all(code and weight > 0 for code, weight in weights.items()) or not whole < float("inf"):
        raise ValueError(f"“{values}” names no values with positive weights")
    return {code: weight / whole for code, weight in weights.items()}


def values_cell(codes: Iterable[str]) -> str:
    """Write values that are equally right: ``navy``, or ``black:0.5|navy:0.5`` in the order of the alphabet."""
    ordered = sorted(set(codes))
    if len(ordered) == 1:
        return ordered[0]
    return "|".join(f"{code}:{1 / len(ordered):.4g}" for code in ordered)


def cells(example: Example) -> list[str]:
    """The example as a line of the file."""
    return [
        example.picture,
        example.sha256,
        example.shop,
        example.external_id,
        example.design,
        example.garment_group,
        example.part,
        str(example.fold),
        example.attribute,
        example.values,
        example.origin,
        "1" if example.verified else "0",
    ]


def from_cells(row: Mapping[str, str]) -> Example:
    """Read what :func:`cells` wrote, by the names of the columns.

    Raises:
        KeyError: a column is missing.
        ValueError: a cell holds what it must not; the message names the column.
    """
    for column, known in (("part", PARTS), ("origin", ORIGINS), ("fold", ("0", "1", "2")), ("verified", ("0", "1"))):
        if row[column] not in known:
            raise ValueError(f"{column}: “{row[column]}” is none of {', '.join(known)}")
    weights_of(row["values"])
    return Example(
        **{name: row[name] for name in COLUMNS if name not in ("fold", "verified")},
        fold=int(row["fold"]),
        verified=row["verified"] == "1",
    )


def examples_in(file: Path) -> Iterator[Example]:
    """The examples of a file, in its order; constant memory.

    Raises:
        SetError: the file is not there, or a line cannot be understood.
    """
    try:
        with file.open(encoding="utf-8", newline="") as lines:
            for number, row in enumerate(csv.DictReader(lines), start=2):
                try:
                    yield from_cells(row)
                except (KeyError, ValueError, TypeError) as error:
                    raise SetError(f"{file}, line {number}: {error}") from None
    except FileNotFoundError:
        raise SetError(f"{file} is not there") from None


def examples_of(training_set: TrainingSet) -> Iterator[Example]:
    """The examples of a set, in the order of its file; constant memory.

    Raises:
        SetError: the file is not there, or is not the one that the set was made with.
    """
    file = training_set.path
    if hash_of(file) != training_set.content_hash:
        raise SetError(f"{file} is damaged: it is no longer the file that set {training_set} was made with")
    yield from examples_in(file)


def hash_of(file: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits.

    Raises:
        SetError: the file is not there.
    """
    digest = hashlib.sha256()
    try:
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise SetError(f"{file} is not there") from None
    return digest.hexdigest()


def folder_of(content_hash: str) -> str:
    """Folder of a set, relative to the data folder."""
    return f"{FOLDER}/{content_hash[:12]}"


def find(beginning: str) -> TrainingSet:
    """The set whose hash begins so.

    Raises:
        SetError: there is none, or more than one.
    """
    found = list(TrainingSet.objects.filter(content_hash__startswith=beginning.lower())[:2]) if beginning else []
    if len(found) != 1:
        raise SetError(f"{'More than one' if found else 'No'} training set has a hash that begins with “{beginning}”.")
    return found[0]
