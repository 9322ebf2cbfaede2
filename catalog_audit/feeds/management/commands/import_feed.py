"""``manage.py import_feed``: bring a shop's feed into the catalogue."""

from __future__ import annotations

import sys
import textwrap
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_slug
from django.db import DatabaseError
from tqdm import tqdm

from catalog_audit.catalog.files import FileProblem
from catalog_audit.feeds import running
from catalog_audit.feeds.columns import FIELDS, ColumnError, parse_assignments
from catalog_audit.feeds.importing import Importer, Plan, count_rows, prepare
from catalog_audit.feeds.outcomes import REJECTED, RowOutcome, Summary
from catalog_audit.feeds.readers import FeedError
from catalog_audit.feeds.writers import csv_file
from catalog_audit.jobs.service import AlreadyRunning, Cancelled

REJECT_COLUMNS = ("line", "field", "reason", "external_id")
_NAMED = 5
_SHOWN = 80


class Command(BaseCommand):
    help = (
        "Import a CSV feed (UTF-8 or cp1251; comma, semicolon or tab) into a shop. "
        f"The fields are: {', '.join(FIELDS)}. A field that is not mapped is looked for under its own and usual names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, metavar="SOURCE", help="the feed")
        parser.add_argument("--shop", required=True, metavar="SLUG", help="the shop; it is made when it does not exist")
        parser.add_argument("--images", type=Path, metavar="DIR", help="folder of the pictures (default: SOURCE's own)")
        parser.add_argument("--map", action="append", default=[], metavar="FIELD=COLUMN", help="column of a field")
        parser.add_argument("--rejects", type=Path, metavar="FILE", help="where to list rejected rows, as CSV")
        parser.add_argument("--dry-run", action="store_true", help="say what would change and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        source: Path = options["source"]
        report = _Report(self, options["verbosity"])
        try:
            validate_slug(options["shop"])
            plan = Plan(
                source=source,
                images=options["images"] or source.absolute().parent,
                shop_slug=options["shop"],
                mapping=parse_assignments(options["map"]),
                dry_run=options["dry_run"],
            )
            with report.listing_rejects(options["rejects"]):
                if plan.dry_run:
                    _try(plan, report)
                else:
                    _import(plan, report)
        except ValidationError:
            raise CommandError(
                f"“{options['shop']}” is no name for a shop: use letters, digits, hyphens and underscores."
            ) from None
        except (FeedError, ColumnError, FileProblem) as error:
            raise CommandError(f"{error}{report.so_far()}") from None
        except DatabaseError as error:  # most often because the disk is full
            raise CommandError(f"The database cannot be used: {error}.{report.so_far()}") from None
        except AlreadyRunning as error:
            raise CommandError(f"{error}. Nothing was imported; try again when it is over.") from None
        except (Cancelled, KeyboardInterrupt):
            raise CommandError(f"Stopped.{report.so_far()}", returncode=130) from None
        report.finish(plan.dry_run)


def _try(plan: Plan, report: _Report) -> None:
    """Say what would change; not even a job is written."""
    with prepare(plan) as importer:
        report.start(importer)
        total = count_rows(plan.source)
        for outcomes in importer.batches():
            report.add(outcomes, total)


def _import(plan: Plan, report: _Report) -> None:
    # A feed that cannot be read at all leaves no trace of a failed job.
    with prepare(plan):
        pass
    running.carry_out(running.begin(plan), on_start=report.start, on_batch=report.add)


class _Report:
    """What the person at the terminal is told: the counts on standard output, all else on standard error."""

    def __init__(self, command: BaseCommand, verbosity: int) -> None:
        self._command = command
        self._verbosity = verbosity
        self._summary = Summary()
        self._examples: dict[str, list[str]] = {}
        self._bar: tqdm[Any] | None = None
        self._reject: Any = None

    @contextmanager
    def listing_rejects(self, path: Path | None) -> Iterator[None]:
        """Write rejected rows to a file while the block runs; the file appears when it ends well."""
        with ExitStack() as stack:
            if path is not None:
                self._reject = stack.enter_context(csv_file(path, REJECT_COLUMNS))
            yield

    def start(self, importer: Importer) -> None:
        for note in importer.notes():
            self._say(note)

    def add(self, outcomes: list[RowOutcome], total: int) -> None:
        if self._bar is None and self._verbosity and sys.stderr.isatty():
            self._bar = tqdm(total=total, unit="rows", leave=False)
        if self._bar is not None:
            self._bar.update(len(outcomes))
        self._summary.add(outcomes)
        for outcome in outcomes:
            if outcome.outcome == REJECTED and self._reject:
                self._reject((outcome.line, outcome.field, outcome.reason, outcome.external_id))
            for picture in outcome.unusable:
                examples = self._examples.setdefault(picture.problem, [])
                if len(examples) < _NAMED:
                    examples.append(textwrap.shorten(picture.source, _SHOWN, placeholder="..."))

    def so_far(self) -> str:
        """What is in the database although the import did not come to its end."""
        self._close_bar()
        return f" Until then: {self._summary}. Start the same import again to go on." if self._summary.rows else ""

    def finish(self, dry_run: bool) -> None:
        self._close_bar()
        if dry_run:
            self._say("Nothing was written; this is what an import would do.")
        self._say_pictures()
        self._say_words()
        self._command.stdout.write(str(self._summary))

    def _say_pictures(self) -> None:
        count = self._summary.problems.total()
        if not count:
            return
        self._say(f"{count} pictures cannot be used; their products are in the catalogue and count as unreadable:")
        for problem, number in self._summary.problems.most_common():
            examples = ", ".join(self._examples[problem])
            more = ", ..." if number > len(self._examples[problem]) else ""
            self._say(f"  {number} {_PROBLEMS.get(problem, problem)}: {examples}{more}")

    def _say_words(self) -> None:
        if not self._summary.unmapped:
            return
        self._say(f"{len(self._summary.unmapped)} words map to nothing:")
        by_attribute: dict[str, Counter[str]] = {}
        for (attribute, word), number in self._summary.unmapped.items():
            by_attribute.setdefault(attribute, Counter())[word] = number
        for attribute, words in sorted(by_attribute.items()):
            named = ", ".join(f"{word} ({number})" for word, number in words.most_common(_NAMED))
            self._say(f"  {attribute}: {named}{', ...' if len(words) > _NAMED else ''}")

    def _say(self, text: str) -> None:
        if self._verbosity:
            self._command.stderr.write(text)

    def _close_bar(self) -> None:
        if self._bar is not None:
            self._bar.close()


_PROBLEMS = {
    "missing": "not there",
    "empty": "empty",
    "not_a_picture": "no pictures",
    "truncated": "cut off or damaged",
    "too_small": "too small",
    "too_large": "too large",
    "remote": "web addresses, which are not fetched",
}
