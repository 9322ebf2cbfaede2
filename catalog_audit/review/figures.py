"""The figures of the dashboard, gathered by a constant number of questions and kept for half a minute.

They are read from what was counted of each day (:mod:`catalog_audit.review.days`) and of each part of a shop's labels
(:mod:`catalog_audit.review.parts`); neither decisions nor labels are read as a whole. A summary is half a minute old
at most, so the figures are a minute old at most. Only the parts of a large shop wait for the sweeper: their age is told
apart. Whatever is read from the counts of flags is asked for anew each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.utils import timezone

from catalog_audit.review import days, parts, statistics
from catalog_audit.review.intervals import Share
from catalog_audit.review.statistics import Agreement, DisputedPair, Pace, Precision, Throughput
from catalog_audit.review.systematic import ARRIVAL, BRAND, TYPE, WORD, Systematic, systematic

#: Figures are kept for so many seconds.
KEPT = 30
#: Period -> how far back its figures look, in days.
WINDOWS = {"day": 30, "week": 182, "month": 731}
#: Throughput is told of so many days.
DAYS = 14
#: A part that stands out by chance less often than this is systematic.
SURE = 0.01

_PAIRS, _PARTS = 12, 12


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Which flags the figures are about; None does not narrow.

    Attributes:
        shop: key.
        garment_type: key.
        attribute: key.
        period: day, week or month.
    """

    shop: int | None = None
    garment_type: int | None = None
    attribute: int | None = None
    period: str = "week"

    @property
    def criteria(self) -> dict[str, Any]:
        """For the functions of :mod:`catalog_audit.review.statistics`."""
        return {"shop": self.shop, "garment_type": self.garment_type, "attribute": self.attribute}


@dataclass(frozen=True, slots=True)
class Figures:
    """What is told of the flags.

    Attributes:
        at: when it was found out.
        since: decisions before that day do not count.
        over_time: by period, oldest first.
        total: of the whole window.
        by: "shop", "garment_type", "attribute" -> precision of each.
        pairs: the most disputed ones.
        agreement: between all reviewers.
        missed: attribute -> errors among the samples, of all time.
        systematic: parts that are flagged far more often than the rest, the surest first.
        parts_at: when the parts were counted; None: not yet.
        pace: of the last seven days.
    """

    at: datetime
    since: datetime
    over_time: Sequence[Precision]
    total: Precision
    by: dict[str, list[Precision]]
    pairs: Sequence[DisputedPair]
    agreement: Agreement
    missed: dict[int, Share]
    systematic: Sequence[Systematic]
    parts_at: datetime | None
    pace: Pace


@dataclass(frozen=True, slots=True)
class People:
    """What is told of reviewers.

    Attributes:
        at: when it was found out.
        throughput: of each person and day.
        checks: person -> check items answered rightly.
        agreement: person -> agreement with who spoke before them.
    """

    at: datetime
    throughput: Sequence[Throughput]
    checks: dict[int, Share] = field(default_factory=dict)
    agreement: dict[int, Agreement] = field(default_factory=dict)


def figures(narrowing: Narrowing) -> Figures:
    """What the decisions say of the flags, at most a minute old."""
    key = f"figures:{narrowing.shop}:{narrowing.garment_type}:{narrowing.attribute}:{narrowing.period}"
    found = cache.get(key)
    if not isinstance(found, Figures):
        found = _gather(narrowing, timezone.now())
        cache.set(key, found, KEPT)
    return found


def people(period: str, user: int | None = None) -> People:
    """What the decisions say of everybody or, with a key, of one person; at most a minute old."""
    key = f"people:{period}:{user}"
    found = cache.get(key)
    if not isinstance(found, People):
        now = timezone.now()
        since = now - timedelta(days=WINDOWS[period])
        found = People(
            days.refresh() or now,
            statistics.throughput(_days_ago(now, DAYS - 1), user),
            statistics.check_results(since, user),
            statistics.agreement_by_person(since, user),
        )
        cache.set(key, found, KEPT)
    return found


def day_began(now: datetime) -> datetime:
    """Midnight of the page's time zone."""
    return _days_ago(now, 0)


def _days_ago(now: datetime, days: int) -> datetime:
    local = timezone.localtime(now) - timedelta(days=days)
    return local.replace(hour=0, minute=0, second=0, microsecond=0)


def _gather(narrowing: Narrowing, now: datetime) -> Figures:
    at = days.refresh() or now
    parts.refresh(small_only=True)
    since = now - timedelta(days=WINDOWS[narrowing.period])
    criteria = narrowing.criteria
    over_time = statistics.precision_over_time(narrowing.period, since, **criteria)
    fields = {
        "shop": statistics.SHOP, "garment_type": statistics.GARMENT_TYPE, "attribute": statistics.ATTRIBUTE
    }  # fmt: skip
    return Figures(
        at=at,
        since=since,
        over_time=over_time,
        total=_summed(over_time),
        by={name: statistics.precision_by(key, since, **criteria) for name, key in fields.items()},
        pairs=statistics.most_disputed(_PAIRS, since, **criteria),
        agreement=statistics.agreement(since, **criteria),
        missed=statistics.missed_errors(**criteria),
        systematic=_standing_out(narrowing),
        parts_at=parts.counted_at(narrowing.shop),
        pace=statistics.pace(now, **criteria),
    )


def _summed(periods: Sequence[Precision]) -> Precision:
    right = Share(sum(one.right.hits for one in periods), sum(one.right.of for one in periods))
    return Precision(None, right, sum(one.both for one in periods), sum(one.disputed for one in periods))


def _standing_out(narrowing: Narrowing) -> list[Systematic]:
    """Parts of the labels that are flagged more often than the rest, beyond chance; garment types do not narrow."""
    found = [
        one
        for by in (WORD, ARRIVAL, TYPE, BRAND)
        for one in systematic(by, shop=narrowing.shop, attribute=narrowing.attribute)
        if one.p_value < SURE and (one.flagged.value or 0) > (one.rest.value or 0)
    ]
    return sorted(found, key=lambda one: one.p_value)[:_PARTS]
