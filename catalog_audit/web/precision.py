"""What the page on the precision of flags shows: per attribute of a shop what can be wanted and what it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from catalog_audit.audits import reckoning
from catalog_audit.audits.models import Weighing
from catalog_audit.audits.precision import verdicts_needed, wanted_of
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.models import Job
from catalog_audit.review.intervals import Share
from catalog_audit.web.progress import JobProgress, describe
from catalog_audit.web.templatetags.charts import Told


@dataclass(frozen=True, slots=True)
class Choice:
    """A precision that can be wanted.

    Attributes:
        percent: 50..95.
        number: flags that it gives.
        expected: the precision to be expected of them, 0..1; None where there are none.
        low: lower end of its 95% interval.
        high: upper end.
        is_chosen: it holds now.
    """

    percent: int
    number: int
    expected: float | None
    low: float
    high: float
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Part:
    """An attribute of the shop.

    Attributes:
        row: what was learnt.
        choices: what can be wanted, the least precise first.
        chosen: the choice that holds; None where the networks' own thresholds do.
        needed: verdicts that are missing until the precision is known well; 0 where there are enough.
        told: how often labels were wrong, by what was said of them before.
    """

    row: Weighing
    choices: Sequence[Choice]
    chosen: Choice | None
    needed: int
    told: Sequence[Told]


def page(slug: str) -> dict[str, Any]:
    """All that the page shows of a shop, the first one where there is none of that name; five questions in all."""
    shops = list(Shop.objects.all())
    shop = next((one for one in shops if one.slug == slug), shops[0] if shops else None)
    parts = []
    progress: JobProgress | None = None
    if shop is not None:
        rows = Weighing.objects.filter(shop=shop).select_related("attribute").order_by("attribute__position", "pk")
        parts = [_part(row) for row in rows]
        job = Job.objects.filter(kind=Job.Kind.WEIGHING, subject=shop.slug).first()
        progress = describe(job, timezone.now()) if job else None
    return {
        "shops": shops,
        "shop": shop,
        "parts": [part for part in parts if part.row.labels],
        "progress": progress,
        "is_due": any(part.row.is_due for part in parts),
        "usual": round(100 * reckoning.usual()),
    }


def _part(row: Weighing) -> Part:
    wanted = wanted_of(row)
    choices = [
        Choice(
            round(100 * one["wanted"]),
            one["number"],
            one["expected"],
            one["low"],
            one["high"],
            wanted is not None and abs(one["wanted"] - wanted) < 0.005,
        )
        for one in row.outlook
    ]
    chosen = next((one for one in choices if one.is_chosen), None)
    told = [Told(said, Share(wrong, decided)) for said, wrong, decided in row.reliability]
    return Part(row, choices, chosen, verdicts_needed(row), told)
