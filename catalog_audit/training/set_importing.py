"""Bringing labelled pictures in from a folder, as a training set: exported ones, and those that others have made."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from catalog_audit.catalog.files import location
from catalog_audit.feeds.pictures import PictureFolder, SeenPicture
from catalog_audit.feeds.rows import leads_out, why_unsafe
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.set_labels import Lesson, relative
from catalog_audit.training.set_tables import Claim, Problem, Table
from catalog_audit.training.set_writing import set_writer
from catalog_audit.training.sets import FILE, SetError

#: Parts of an image folder, as others call them.
SPLITS = {"train": "train", "validation": "calibration", "test": "test"}

_METADATA = "metadata.csv"
_BATCH = 500


@dataclass(slots=True)
class Imported:
    """What became of an import.

    Attributes:
        training_set: the set.
        is_new: False when the same examples are there already.
        rows: rows that went in.
        problems: rows and cells that did not.
    """

    training_set: TrainingSet
    is_new: bool
    rows: int
    problems: int


def tables_in(folder: Path) -> list[Path]:
    """The tables of labelled pictures in a folder.

    Raises:
        SetError: there is none.
    """
    candidates = [folder / FILE, folder / _METADATA, *(folder / split / _METADATA for split in SPLITS)]
    found = [table for table in candidates if table.is_file()]
    if found:
        return found[:1] if found[0].parent == folder else found
    tables = sorted(folder.glob("*.csv"))
    if len(tables) != 1:
        listed = ", ".join(table.name for table in tables) or "none"
        raise SetError(
            f"{folder} holds no {FILE}, no {_METADATA} (in it or in {', '.join(SPLITS)}) and not exactly one other "
            f"CSV file (but {listed})."
        )
    return tables


def import_set(
    folder: Path,
    name: str,
    mapping: Mapping[str, str] | None = None,
    images: Path | None = None,
    on_problem: Callable[[Problem], None] = lambda problem: None,
    **fields: Any,
) -> Imported:
    """Bring in what the tables of a folder say of its pictures. Bad rows are told of and left out.

    Pictures are kept with those of the catalogue, under the hash of their content. Parts and folds follow from the
    designs, whatever the folder's own split was.

    Args:
        folder: with the tables and pictures.
        name: of the set; stands for the shop where a table names none.
        mapping: field -> column, for tables of other programs.
        images: the folder from which the tables name their pictures; None for a table's own.
        on_problem: called for each row, or cell, that is left out.
        fields: further fields of the set.

    Raises:
        SetError: there is no table, or nothing of it can be used.
        FeedError, ColumnError: a table as a whole cannot be read.
        FileProblem: a picture cannot be kept.
    """
    table = Table(name, mapping or {})
    rows = problems = 0
    first: Problem | None = None

    def tell(problem: Problem) -> None:
        nonlocal problems, first
        problems, first = problems + 1, first or problem
        on_problem(problem)

    with set_writer() as writer:
        for path in tables_in(folder):
            with closing(PictureFolder((images or path.parent).resolve(), keep=True)) as pictures:
                for batch in _batches(_claims(table, path, pictures.folder, tell)):
                    seen = pictures.look([claim.picture for claim in batch], {})
                    for claim in batch:
                        lessons = _lessons(claim, seen[claim.picture])
                        if isinstance(lessons, str):
                            tell(Problem(path.name, claim.line, "picture", f"{claim.picture}: {lessons}"))
                        else:
                            writer.add(lessons)
                            rows += 1
        if not rows:
            raise SetError(f"Nothing of {folder} can be used{_because(first)}.")
        made, is_new = writer.finish({}, name=name, **fields)
    return Imported(made, is_new, rows, problems)


def _claims(table: Table, path: Path, folder: Path, tell: Callable[[Problem], None]) -> Iterator[Claim]:
    for said in table.read(path):
        if isinstance(said, Problem):
            tell(said)
            continue
        danger = why_unsafe(said.picture) or (
            "is a link that leads out of the folder" if leads_out(folder, said.picture) else ""
        )
        if danger:
            tell(Problem(path.name, said.line, "picture", f"{said.picture}: {danger}"))
        else:
            yield said


def _batches(claims: Iterator[Claim]) -> Iterator[list[Claim]]:
    while batch := list(islice(claims, _BATCH)):
        yield batch


def _lessons(claim: Claim, seen: SeenPicture) -> list[Lesson] | str:
    """What a row teaches, or why its picture cannot be used."""
    if seen.stored is None:
        return f"cannot be used ({seen.problem.replace('_', ' ')}{': ' if seen.detail else ''}{seen.detail})"
    if claim.sha256 and claim.sha256 != seen.stored.sha256:
        return "is another picture than the table says (its SHA-256 differs)"
    path = relative(location(seen.stored.sha256, seen.stored.suffix))
    return [
        Lesson(
            sha256=seen.stored.sha256,
            shop=claim.shop,
            external_id=claim.external_id,
            picture=path,
            attribute=attribute,
            design=claim.design,
            garment_group=claim.garment_group,
            values=values,
            origin=origin,
            verified="1" if verified else "0",
        )
        for attribute, values, origin, verified in claim.labels
    ]


def _because(first: Problem | None) -> str:
    if first is None:
        return ": its tables have no rows"
    return f"; the first row that was left out: {first}"
