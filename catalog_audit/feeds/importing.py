"""Importing a feed into a shop, in batches.

Each batch is one transaction, so an import that is stopped (Ctrl-C, cancelled, killed, full disk) keeps the batches
before it, and the same import started again goes on from there: rows that are in the catalogue are unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from django.db import transaction
from django.utils.translation import gettext as _

from catalog_audit.catalog.mapping import value_finder
from catalog_audit.catalog.models import Shop
from catalog_audit.feeds import upsert
from catalog_audit.feeds.columns import EXTERNAL_ID, IMAGE, Columns, resolve
from catalog_audit.feeds.outcomes import REJECTED, UNCHANGED, RowOutcome
from catalog_audit.feeds.pictures import PictureFolder
from catalog_audit.feeds.readers import BadRow, Feed, FeedError, RawRow, open_feed
from catalog_audit.feeds.rows import ParsedRow, RowError, is_remote, leads_out, parse

BATCH = 500

#: Called with the outcomes of a batch, inside the transaction that writes it.
Record = Callable[[list[RowOutcome]], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to import, and how.

    Attributes:
        source: the feed's file.
        images: the folder in which its pictures lie.
        shop_slug: the shop; it is made with the first row that goes in.
        mapping: field -> column; fields that are not mentioned are guessed.
        dry_run: say what would change and write nothing.
    """

    source: Path
    images: Path
    shop_slug: str
    mapping: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False


def count_rows(source: Path) -> int:
    """How many rows a feed has below its header."""
    with open_feed(source) as feed:
        return sum(1 for _row in feed.rows)


@contextmanager
def prepare(plan: Plan) -> Iterator[Importer]:
    """Open the feed and find its columns; nothing is written yet.

    Raises:
        FeedError: the feed cannot be read, or the folder of pictures is missing.
        ColumnError: the columns do not fit.
    """
    if not plan.images.is_dir():
        raise FeedError(_("There is no folder of pictures %(path)s.") % {"path": plan.images})
    with open_feed(plan.source) as feed:
        columns = resolve(feed.header, plan.mapping)
        folder = PictureFolder(plan.images.resolve(), keep=not plan.dry_run)
        try:
            yield Importer(plan, feed, columns, folder)
        finally:
            folder.close()


class Importer:
    """An opened feed on its way into a shop."""

    def __init__(self, plan: Plan, feed: Feed, columns: Columns, folder: PictureFolder) -> None:
        self.plan = plan
        self.feed = feed
        self.columns = columns
        self._folder = folder
        self._shop = Shop.objects.filter(slug=plan.shop_slug).first()
        self._find = value_finder(self._shop)
        self._seen_ids: set[str] = set()

    @property
    def shop(self) -> Shop | None:
        """The shop, once it exists."""
        return self._shop

    def notes(self) -> list[str]:
        """What was found out about the file, in sentences for the person who imports."""
        found = _("Read as %(encoding)s, separated by %(separator)s.") % {
            "encoding": self.feed.encoding,
            "separator": _(self.feed.separator),
        }
        used = ", ".join(f"{name} = {column}" for name, column in self.columns.names.items())
        return [found, _("Columns: %(columns)s.") % {"columns": used}, *self.columns.notes]

    def batches(self, record: Record | None = None, after_line: int = 0) -> Iterator[list[RowOutcome]]:
        """Import batch by batch; a batch comes out when it is in the database.

        Args:
            record: keeps the outcomes, in the same transaction.
            after_line: rows up to this line were dealt with before and are passed over.

        Raises:
            FileProblem: a picture cannot be kept, for example because the disk is full.
        """
        while raw := list(islice(self.feed.rows, BATCH)):
            parsed, outcomes = self._parse(raw)
            parsed = [row for row in parsed if row.line > after_line]
            outcomes = [outcome for outcome in outcomes if outcome.line > after_line]
            if parsed or outcomes:
                yield self._bring_in(parsed, outcomes, record)

    def _parse(self, raw: list[RawRow | BadRow]) -> tuple[list[ParsedRow], list[RowOutcome]]:
        """Rows that can be imported, and the outcomes of those that cannot."""
        parsed: list[ParsedRow] = []
        refused: list[RowOutcome] = []
        for row in raw:
            try:
                if isinstance(row, BadRow):
                    raise RowError(row.line, "", row.reason)
                parsed.append(self._checked(parse(row, self.columns)))
            except RowError as error:
                refused.append(
                    RowOutcome(error.line, error.external_id, REJECTED, field=error.field, reason=error.reason)
                )
        return parsed, refused

    def _checked(self, row: ParsedRow) -> ParsedRow:
        """Check what a row alone does not show: its place among the others and on the disk."""
        for name in row.pictures or ():
            if not is_remote(name) and leads_out(self._folder.folder, name):
                reason = _("leads out of the folder of pictures by a symbolic link")
                raise RowError(row.line, IMAGE, reason, row.external_id)
        if row.external_id in self._seen_ids:
            raise RowError(row.line, EXTERNAL_ID, _("stands in this file twice"), row.external_id)
        self._seen_ids.add(row.external_id)
        return row

    def _bring_in(self, rows: list[ParsedRow], refused: list[RowOutcome], record: Record | None) -> list[RowOutcome]:
        known = upsert.load(self._shop, [row.external_id for row in rows])
        # Pictures are read before the transaction: it locks other writers out of SQLite, so it is kept short.
        seen = self._folder.look(
            (name for row in rows for name in row.pictures or ()), upsert.stored_pictures(known.values())
        )
        compared = [upsert.compare(row, known.get(row.external_id), seen, self._find) for row in rows]
        changed = {outcome.external_id for outcome in compared if outcome.outcome != UNCHANGED}
        outcomes = sorted([*compared, *refused], key=lambda outcome: outcome.line)
        with transaction.atomic():
            if changed and not self.plan.dry_run:
                upsert.Writer(self._need_shop(), self._find).write(rows, known, seen, changed)
            if record is not None:
                record(outcomes)
        return outcomes

    def _need_shop(self) -> Shop:
        if self._shop is None:
            slug = self.plan.shop_slug
            self._shop = Shop.objects.get_or_create(slug=slug, defaults={"name": slug})[0]
        return self._shop
