"""Imports as jobs: one at a time for a shop, with progress, results kept, and gone on with after a crash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import translation

from catalog_audit.feeds.importing import Importer, Plan, count_rows, prepare
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.feeds.outcomes import REJECTED, UNCHANGED, RowOutcome, Summary
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job

#: Rows that changed something are kept up to this number; rejected rows are all kept.
KEPT_CHANGES = 1000

#: Called with the outcomes of each batch and the number of rows in all.
OnBatch = Callable[[list[RowOutcome], int], None]


def begin(plan: Plan, user: Any = None, source_name: str = "") -> FeedImport:
    """Create the job and the record of an import; nothing is imported yet.

    Raises:
        AlreadyRunning: an import into the shop is under way.
    """
    with transaction.atomic():
        job = service.start(Job.Kind.IMPORT, plan.shop_slug, user=user)
        return FeedImport.objects.create(
            job=job,
            shop_slug=plan.shop_slug,
            source_name=(source_name or plan.source.name)[:255],
            # Absolute, so that a worker in another folder can go on with it.
            source_path=str(plan.source.absolute()),
            images_path=str(plan.images.absolute()),
            mapping=plan.mapping,
            dry_run=plan.dry_run,
            language=translation.get_language() or "en",
        )


def carry_out(
    feed_import: FeedImport, on_start: Callable[[Importer], None] | None = None, on_batch: OnBatch | None = None
) -> None:
    """Do the import, or go on with it after the last batch that is in the database.

    Raises:
        AlreadyRunning: another process has the job.
        FeedError, ColumnError, FileProblem: as in :mod:`catalog_audit.feeds.importing`; the job has failed.
        Cancelled: somebody stopped it.
    """
    with service.working(feed_import.job) as progress, translation.override(feed_import.language):
        plan = Plan(
            source=Path(feed_import.source_path),
            images=Path(feed_import.images_path),
            shop_slug=feed_import.shop_slug,
            mapping=feed_import.mapping,
            dry_run=feed_import.dry_run,
        )
        with prepare(plan) as importer:
            total = count_rows(plan.source)
            keeper = _Keeper(feed_import, importer)
            if on_start:
                on_start(importer)
            progress.advance(keeper.done, total)
            for outcomes in importer.batches(keeper.record, after_line=feed_import.last_line):
                if on_batch:
                    on_batch(outcomes, total)
                progress.advance(keeper.done)
            progress.result(keeper.counts())


class _Keeper:
    """Keeps outcomes in the database; called inside the transaction of each batch."""

    def __init__(self, feed_import: FeedImport, importer: Importer) -> None:
        self._import = feed_import
        self._importer = importer
        self._unmapped = Summary()
        self._changes = feed_import.rows.exclude(outcome=REJECTED).count()
        feed_import.columns = dict(importer.columns.names)
        feed_import.notes = importer.notes()
        feed_import.shop = importer.shop
        feed_import.save(update_fields=["columns", "notes", "shop"])

    @property
    def done(self) -> int:
        """Rows dealt with so far."""
        return sum(self.counts().values())

    def counts(self) -> dict[str, int]:
        """Outcome -> number of rows."""
        return {name: getattr(self._import, name) for name in RowResult.Outcome.values}

    def record(self, outcomes: list[RowOutcome]) -> None:
        kept = []
        for outcome in outcomes:
            setattr(self._import, outcome.outcome, getattr(self._import, outcome.outcome) + 1)
            for picture in outcome.unusable:
                counts = self._import.unusable_pictures
                counts[picture.problem] = counts.get(picture.problem, 0) + 1
            if outcome.outcome == REJECTED or (outcome.outcome != UNCHANGED and self._changes < KEPT_CHANGES):
                self._changes += outcome.outcome != REJECTED
                kept.append(self._row(outcome))
        self._unmapped.add(outcomes)
        self._import.unmapped_words = max(self._import.unmapped_words, len(self._unmapped.unmapped))
        self._import.last_line = outcomes[-1].line
        self._import.shop = self._importer.shop
        self._import.save()
        RowResult.objects.bulk_create(kept)

    def _row(self, outcome: RowOutcome) -> RowResult:
        return RowResult(
            feed_import=self._import,
            line=outcome.line,
            external_id=outcome.external_id,
            outcome=outcome.outcome,
            field=outcome.field,
            reason=outcome.reason[:500],
            diff=outcome.diff,
        )
