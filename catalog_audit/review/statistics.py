"""What the decisions say about flags, audits and reviewers. Every function asks the database a question or two.

Decisions that were undone do not count. Where a flag was settled by several people, the verdict that settled it does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate, TruncDay, TruncHour, TruncMonth, TruncWeek

from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Label, Shop
from catalog_audit.review.intervals import Share, p_value
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN

Verdict, State = Decision.Verdict, Flag.State

#: By what flags can be told apart.
SHOP, GARMENT_TYPE, ATTRIBUTE = "flag__shop", "flag__garment_type", "attribute"

_PERIODS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}


@dataclass(frozen=True, slots=True)
class Precision:
    """How often flags were right.

    Attributes:
        key: the period's beginning, or the key of the shop, garment type or attribute.
        right: flags whose label was changed, of those that were settled either way.
        both: flags of which both values are right; not part of ``right``.
        disputed: flags that somebody was not sure about; whatever became of them.
    """

    key: Any
    right: Share
    both: int
    disputed: int


def precision_over_time(period: str = "week", since: datetime | None = None, **narrowed: Any) -> list[Precision]:
    """Precision of the flags by when they were decided, oldest first.

    Args:
        period: day, week or month.
        since: leave out what was decided before.
        narrowed: ``shop``, ``garment_type``, ``attribute``: rows or keys.
    """
    decisions = _about_flags(since, narrowed).annotate(key=_PERIODS[period]("created_at"))
    return _precision(decisions, "key")


def precision_by(field: str, since: datetime | None = None, **narrowed: Any) -> list[Precision]:
    """Precision of the flags of each shop, garment type or attribute (:data:`SHOP` and so on)."""
    return _precision(_about_flags(since, narrowed).annotate(key=F(field)), "key")


def _about_flags(since: datetime | None, narrowed: dict[str, Any]) -> QuerySet[Decision]:
    criteria = {f"flag__{name}": row for name, row in narrowed.items() if row is not None}
    decisions = Decision.objects.filter(
        flag__kind=Flag.Kind.FLAG, flag__raised_as=State.OPEN, verdict__in=Decision.SAID, undone_by=None, **criteria
    )
    return decisions.filter(created_at__gte=since) if since else decisions


def _precision(decisions: QuerySet[Decision], key: str) -> list[Precision]:
    both = Q(verdict=Verdict.BOTH, after=State.ACCEPTED)
    rows = (
        decisions.order_by(key)
        .values(key)
        .annotate(
            fixed=Count("pk", filter=Q(after=State.FIXED)),
            accepted=Count("pk", filter=Q(after=State.ACCEPTED) & ~both),
            both=Count("pk", filter=both),
            disputed=Count("pk", filter=Q(after=State.SECOND)),
        )
    )
    return [
        Precision(row[key], Share(row["fixed"], row["fixed"] + row["accepted"]), row["both"], row["disputed"])
        for row in rows
    ]


def missed_errors(**narrowed: Any) -> dict[int, Share]:
    """Attribute -> errors among the samples that were decided: what the audit misses of what it does not flag."""
    rows = (
        Flag.objects.filter(kind=Flag.Kind.SAMPLE, state__in=list(LABEL_IN), **narrowed)
        .order_by()
        .values_list("attribute")
        .annotate(fixed=Count("pk", filter=Q(state=State.FIXED)), decided=Count("pk"))
    )
    return {attribute: Share(fixed, decided) for attribute, fixed, decided in rows}


def check_results(since: datetime | None = None) -> dict[int, Share]:
    """Person -> check items answered rightly, of those that they answered one way or the other."""
    answers = Decision.objects.filter(
        flag__kind=Flag.Kind.CHECK, verdict__in=(Verdict.ACCEPT, Verdict.FIX), undone_by=None
    )
    if since:
        answers = answers.filter(created_at__gte=since)
    right = Count("pk", filter=Q(new_value=F("flag__known_value")))
    rows = answers.order_by().values_list("user").annotate(right=right, answered=Count("pk"))
    return {user: Share(hits, of) for user, hits, of in rows}


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two people came to the same.

    Attributes:
        second: second verdicts that are what the first person leant to, of those where the first leant to something.
        double: verdicts that are the same as an earlier one of somebody else about the same word of the same label.
    """

    second: Share
    double: Share


def agreement(**narrowed: Any) -> Agreement:
    """Agreement between reviewers; ``narrowed`` are criteria on decisions, such as ``user``."""
    said = Decision.objects.filter(verdict__in=Decision.SAID, undone_by=None)
    first = said.filter(flag=OuterRef("flag"), after=State.SECOND, pk__lt=OuterRef("pk")).order_by("-pk")
    second = said.filter(before=State.SECOND, **narrowed).annotate(
        first=Subquery(first.values("new_value")[:1]), who=Subquery(first.values("user")[:1])
    )
    named = said.filter(verdict__in=(Verdict.ACCEPT, Verdict.FIX))
    earlier = (
        named.filter(
            product=OuterRef("product"), attribute=OuterRef("attribute"), raw=OuterRef("raw"), pk__lt=OuterRef("pk")
        )
        .exclude(user=OuterRef("user"))
        .exclude(flag=OuterRef("flag"))
        .order_by("-pk")
    )
    double = named.filter(**narrowed).annotate(first=Subquery(earlier.values("new_value")[:1]))
    return Agreement(_same(second.exclude(who=F("user")).exclude(verdict=Verdict.BOTH)), _same(double))


def _same(decisions: QuerySet[Any]) -> Share:
    of = Count("pk", filter=Q(first__isnull=False))
    found = decisions.order_by().aggregate(hits=Count("pk", filter=Q(first=F("new_value"))), of=of)
    return Share(found["hits"], found["of"])


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a person did in an hour.

    Attributes:
        user: key of the person.
        hour: its beginning.
        verdicts: accept, fix, dispute and both, undone ones too: they were work.
        skips: likewise.
    """

    user: int
    hour: datetime
    verdicts: int
    skips: int


def throughput(since: datetime, user: int | None = None) -> list[Throughput]:
    """What every reviewer did in every hour, by person and time."""
    decisions = Decision.objects.filter(created_at__gte=since).exclude(verdict=Verdict.UNDO)
    if user is not None:
        decisions = decisions.filter(user=user)
    rows = (
        decisions.annotate(hour=TruncHour("created_at"))
        .order_by("user", "hour")
        .values("user", "hour")
        .annotate(
            verdicts=Count("pk", filter=Q(verdict__in=Decision.SAID)),
            skips=Count("pk", filter=Q(verdict=Verdict.SKIP)),
        )
    )
    return [Throughput(**row) for row in rows]


def matrix(state: str = State.OPEN, **narrowed: Any) -> dict[tuple[int, int], int]:
    """(label's value, suggested value) -> number of flags; from the counts, not from the flags."""
    found = counting.numbers_by("label_value", "suggested", state=state, **narrowed)
    return {(label, suggested): total for (label, suggested), total in found.items()}


def progress(**narrowed: Any) -> dict[str, int]:
    """State -> number of flags; from the counts, not from the flags."""
    found = counting.numbers_by("state", **narrowed)
    return {state: found.get((state,), 0) for state in State.values}


@dataclass(frozen=True, slots=True)
class DisputedPair:
    """A label and a suggestion that people do not agree about.

    Attributes:
        label_value: key.
        suggested: key.
        unsure: verdicts "not sure" and "both are right", of all verdicts about such flags.
    """

    label_value: int
    suggested: int
    unsure: Share


def most_disputed(limit: int = 20, **narrowed: Any) -> list[DisputedPair]:
    """The pairs that people were most often not sure about; ``narrowed`` as in :func:`precision_over_time`."""
    criteria = {f"flag__{name}": row for name, row in narrowed.items()}
    rows = (
        Decision.objects.filter(verdict__in=Decision.SAID, undone_by=None, **criteria)
        .exclude(flag__kind=Flag.Kind.CHECK)
        .order_by()
        .values_list("flag__label_value", "flag__suggested")
        .annotate(unsure=Count("pk", filter=Q(verdict__in=(Verdict.DISPUTE, Verdict.BOTH))), total=Count("pk"))
        .filter(unsure__gt=0)
        .order_by("-unsure", "total", "flag__label_value", "flag__suggested")
    )
    return [DisputedPair(label, suggested, Share(unsure, total)) for label, suggested, unsure, total in rows[:limit]]


# --- systematic errors ------------------------------------------------------------------------------------------------

#: What labels can have in common: the shop's own word, or the day on which the products came (with one import).
WORD, ARRIVAL = "word", "arrival"


@dataclass(frozen=True, slots=True)
class Systematic:
    """A part of a shop's labels that is flagged more or less often than the rest.

    Attributes:
        key: the shop's word, or the day.
        flagged: flags that wait or turned out right, of its labels.
        rest: the same of all other labels.
        p_value: how likely such a difference is by chance, times the number of parts (Bonferroni), at most 1.
    """

    key: Any
    flagged: Share
    rest: Share
    p_value: float


def systematic(shop: Shop, attribute: Attribute, by: str = WORD, fewest: int = 20) -> list[Systematic]:
    """Parts of a shop's labels that are flagged unlike the rest, the surest first.

    One pass over the shop's labels: for a page that is asked for now and then.

    Args:
        shop: the shop.
        attribute: the attribute.
        by: :data:`WORD` or :data:`ARRIVAL`.
        fewest: parts with fewer labels are left out.
    """
    labels = Label.objects.filter(product__shop=shop, attribute=attribute).exclude(value=None)
    flags = Flag.objects.filter(
        shop=shop,
        attribute=attribute,
        kind=Flag.Kind.FLAG,
        raised_as=State.OPEN,
        state__in=(State.OPEN, State.SECOND, State.SETTLING, State.FIXED),
        label_value=F("label__value"),
    )
    if by == ARRIVAL:
        of = _counted(labels.annotate(key=TruncDate("product__created_at")))
        hits = _counted(flags.annotate(key=TruncDate("product__created_at")))
    else:
        of, hits = _counted(labels.annotate(key=F("raw"))), _counted(flags.annotate(key=F("label__raw")))
    everything = Share(sum(hits.values()), sum(of.values()))
    parts = [(key, Share(hits.get(key, 0), total)) for key, total in of.items() if total >= fewest]
    return sorted(_compared(parts, everything), key=lambda one: (one.p_value, str(one.key)))


def _counted(rows: QuerySet[Any]) -> dict[Any, int]:
    return dict(rows.order_by().values_list("key").annotate(total=Count("pk")))


def _compared(parts: Sequence[tuple[Any, Share]], everything: Share) -> list[Systematic]:
    found = []
    for key, flagged in parts:
        rest = Share(everything.hits - flagged.hits, everything.of - flagged.of)
        found.append(Systematic(key, flagged, rest, min(1.0, p_value(flagged, rest) * len(parts))))
    return found
