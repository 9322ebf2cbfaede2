"""``manage.py import_training_set``: labelled pictures, or pictures with masks, from a folder."""

from __future__ import annotations

from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug

from catalog_audit.catalog.files import FileProblem
from catalog_audit.feeds.columns import ColumnError, parse_assignments
from catalog_audit.feeds.readers import FeedError
from catalog_audit.feeds.writers import csv_file
from catalog_audit.training.mask_importing import holds_masks, import_masks
from catalog_audit.training.set_importing import import_set
from catalog_audit.training.set_tables import Problem
from catalog_audit.training.sets import SetError

_SHOWN = 20


class Command(BaseCommand):
    help = (
        "Bring in labelled pictures: what export_training_set wrote (both formats), any folder with a CSV file of "
        "pictures and labels, or pictures with masks (photos/, masks/, labels.csv). Bad rows are named and left out."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")
        parser.add_argument("--name", required=True, help="of the set: letters, digits, hyphens and underscores")
        parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the pictures (default: the table's)")
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="column of a field")
        parser.add_argument("--note", default="", metavar="TEXT", help="kept with the set")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="where to list what was left out, as CSV")

    def handle(self, *args: Any, folder: Path, name: str, **options: Any) -> None:
        self._told = 0
        try:
            validate_slug(name)
            with ExitStack() as stack:
                if options["rejects"]:
                    self._write = stack.enter_context(csv_file(options["rejects"], ("file", "line", "field", "reason")))
                else:
                    self._write = lambda row: None
                said = (self._masks if holds_masks(folder) else self._labels)(folder, name, options)
        except ValidationError:
            raise CommandError(
                f"“{name}” is no name for a set: use letters, digits, hyphens and underscores."
            ) from None
        except (SetError, FeedError, ColumnError, FileProblem) as error:
            raise CommandError(str(error)) from None
        if self._told > _SHOWN:
            self.stderr.write(f"... {self._told} in all")
        self.stdout.write(said)

    def _labels(self, folder: Path, name: str, options: dict[str, Any]) -> str:
        found = import_set(
            folder,
            name,
            parse_assignments(options["map"]),
            options["images"],
            on_problem=self._tell,
            note=options["note"],
        )
        made = found.training_set
        again = "" if found.is_new else " (it was there already)"
        return (
            f"{made.content_hash}{again}\n{made.examples} examples of {made.pictures} pictures; "
            f"{found.problems} rows or cells left out"
        )

    def _masks(self, folder: Path, name: str, options: dict[str, Any]) -> str:
        source, is_new = import_masks(folder, name, self._tell)
        again = "" if is_new else " (it was there already)"
        return f"{source.content_hash}{again}\n{source.pictures} pictures with masks; {self._told} left out"

    def _tell(self, problem: Problem) -> None:
        self._told += 1
        self._write((problem.file, problem.line, problem.field, problem.reason))
        if self._told <= _SHOWN:
            self.stderr.write(str(problem))
