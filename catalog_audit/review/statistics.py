"""What the decisions say about flags, audits and reviewers. Every function asks the database a question or two.

Decisions that were undone do not count. Where a flag was settled by several people, the verdict that settled it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import BigIntegerField, Count, ExpressionWrapper, F, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import TruncDay, TruncHour, TruncMonth, TruncWeek

from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN

Verdict, State = Decision.Verdict, Flag.State

#: By what flags can be told apart.
SHOP, GARMENT_TYPE, ATTRIBUTE = "flag__shop", "flag__garment_type", "attribute"

#: What is asked beside the flags. Leaving it out, instead of asking for flags, keeps SQLite from reading all flags by
#: their kind before it looks at the moments of the decisions.
_BESIDE = (Flag.Kind.CHECK, Flag.Kind.SAMPLE)

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
    return _said(since, narrowed).filter(flag__raised_as=State.OPEN).exclude(flag__kind__in=_BESIDE)


def _said(since: datetime | None, narrowed: dict[str, Any]) -> QuerySet[Decision]:
    """Verdicts that stand, about flags that have something in common; what is None does not narrow."""
    decisions = Decision.objects.said().filter(**{f"flag__{name}": row for name, row in given(narrowed).items()})
    return decisions.filter(created_at__gte=since) if since else decisions


def given(narrowed: dict[str, Any]) -> dict[str, Any]:
    """What narrows: all but None."""
    return {name: row for name, row in narrowed.items() if row is not None}


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
        Flag.objects.filter(kind=Flag.Kind.SAMPLE, state__in=list(LABEL_IN), **given(narrowed))
        .order_by()
        .values_list("attribute")
        .annotate(fixed=Count("pk", filter=Q(state=State.FIXED)), decided=Count("pk"))
    )
    return {attribute: Share(fixed, decided) for attribute, fixed, decided in rows}


def check_results(since: datetime | None = None, user: int | None = None) -> dict[int, Share]:
    """Person -> check items answered rightly, of those that they answered one way or the other."""
    answers = _said(since, {"kind": Flag.Kind.CHECK}).filter(verdict__in=(Verdict.ACCEPT, Verdict.FIX))
    if user is not None:
        answers = answers.filter(user=user)
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


def agreement(since: datetime | None = None, **narrowed: Any) -> Agreement:
    """Agreement between reviewers; ``narrowed`` as in :func:`precision_over_time`."""
    second, double = _paired(_said(since, narrowed))
    return Agreement(_same(second), _same(double))


def agreement_by_person(since: datetime | None = None, user: int | None = None) -> dict[int, Agreement]:
    """Person -> how often their verdicts are those of who spoke before them."""
    said = _said(since, {})
    second, double = (_same_by_person(part) for part in _paired(said if user is None else said.filter(user=user)))
    nothing = Share(0, 0)
    return {
        person: Agreement(second.get(person, nothing), double.get(person, nothing)) for person in {*second, *double}
    }


def _paired(later: QuerySet[Decision]) -> tuple[QuerySet[Any], QuerySet[Any]]:
    """The second verdicts and the double ones of some decisions, each with the value that was ``first``."""
    said = Decision.objects.said()
    first = said.filter(flag=OuterRef("flag"), after=State.SECOND, pk__lt=OuterRef("pk")).order_by("-pk")
    second = later.filter(before=State.SECOND).annotate(
        first=Subquery(first.values("new_value")[:1]), who=Subquery(first.values("user")[:1])
    )
    named = (Verdict.ACCEPT, Verdict.FIX)
    earlier = (
        said.filter(
            verdict__in=named,
            product=OuterRef("product"),
            attribute=OuterRef("attribute"),
            raw=OuterRef("raw"),
            pk__lt=OuterRef("pk"),
        )
        .exclude(user=OuterRef("user"))
        .exclude(flag=OuterRef("flag"))
        .order_by("-pk")
    )
    double = later.filter(verdict__in=named).annotate(first=Subquery(earlier.values("new_value")[:1]))
    return second.exclude(who=F("user")).exclude(verdict=Verdict.BOTH), double


_FIRST = Q(first__isnull=False)
_SAME = Q(first=F("new_value"))


def _same(decisions: QuerySet[Any]) -> Share:
    found = decisions.order_by().aggregate(hits=Count("pk", filter=_SAME), of=Count("pk", filter=_FIRST))
    return Share(found["hits"], found["of"])


def _same_by_person(decisions: QuerySet[Any]) -> dict[int, Share]:
    rows = decisions.filter(_FIRST).order_by().values_list("user", "first", "new_value")
    found: dict[int, Share] = {}
    for person, first, new in rows.iterator():
        so_far = found.get(person, Share(0, 0))
        found[person] = Share(so_far.hits + (first == new), so_far.of + 1)
    return found


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
    # A sum, because SQLite would read everybody's decisions by the index of people to group by the field itself.
    person = ExpressionWrapper(F("user_id") + Value(0), output_field=BigIntegerField())
    rows = (
        decisions.annotate(person=person, hour=TruncHour("created_at"))
        .order_by("person", "hour")
        .values("person", "hour")
        .annotate(
            verdicts=Count("pk", filter=Q(verdict__in=Decision.SAID)),
            skips=Count("pk", filter=Q(verdict=Verdict.SKIP)),
        )
    )
    return [Throughput(row["person"], row["hour"], row["verdicts"], row["skips"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Today:
    """What was done since a moment of the same day.

    Attributes:
        verdicts: everybody's, undone ones too.
        own: those of the person who asks.
        people: how many gave them.
        right: flags that turned out right, of those that were settled either way.
    """

    verdicts: int
    own: int
    people: int
    right: Share


def today(user: int, since: datetime) -> Today:
    """What people did since the day began; one question, answered by the index of the moments."""
    flags = Q(flag__kind=Flag.Kind.FLAG, flag__raised_as=State.OPEN, undone_by=None)
    fixed = flags & Q(after=State.FIXED)
    kept = flags & Q(verdict=Verdict.ACCEPT, after=State.ACCEPTED)
    found = (
        Decision.objects.filter(created_at__gte=since, verdict__in=Decision.SAID)
        .order_by()
        .aggregate(
            verdicts=Count("pk"),
            own=Count("pk", filter=Q(user=user)),
            people=Count("user", distinct=True),
            fixed=Count("pk", filter=fixed),
            kept=Count("pk", filter=kept),
        )
    )
    right = Share(found["fixed"], found["fixed"] + found["kept"])
    return Today(found["verdicts"], found["own"], found["people"], right)


def matrix(state: str = State.OPEN, **narrowed: Any) -> dict[tuple[int, int], int]:
    """(label's value, suggested value) -> number of flags; from the counts, not from the flags."""
    found = counting.numbers_by("label_value", "suggested", state=state, **given(narrowed))
    return {(label, suggested): total for (label, suggested), total in found.items()}


def progress(**narrowed: Any) -> dict[str, int]:
    """State -> number of flags; from the counts, not from the flags."""
    found = counting.numbers_by("state", **given(narrowed))
    return {state: found.get((state,), 0) for state in State.values}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast flags are settled.

    Attributes:
        settled: flags that were settled.
        days: in so many days, at least one; fewer than asked for where people began later.
    """

    settled: int
    days: float

    @property
    def per_day(self) -> float:
        """Flags a day."""
        return self.settled / self.days

    def end(self, waiting: int, now: datetime) -> datetime | None:
        """When as many flags as wait will be settled at this pace; None where nothing is settled."""
        return now + timedelta(days=waiting / self.per_day) if self.settled else None


def pace(now: datetime, days: int = 7, **narrowed: Any) -> Pace:
    """The pace of the last days; ``narrowed`` as in :func:`precision_over_time`."""
    settled = _said(now - timedelta(days=days), narrowed).filter(after__in=list(LABEL_IN))
    found = settled.exclude(flag__kind__in=_BESIDE).order_by().aggregate(number=Count("pk"), first=Min("created_at"))
    length = (now - found["first"]) / timedelta(days=1) if found["first"] else 1.0
    return Pace(found["number"], max(1.0, length))


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


def most_disputed(limit: int = 20, since: datetime | None = None, **narrowed: Any) -> list[DisputedPair]:
    """The pairs that people were most often not sure about; ``narrowed`` as in :func:`precision_over_time`."""
    rows = (
        _said(since, narrowed)
        .exclude(flag__kind=Flag.Kind.CHECK)
        .order_by()
        .values_list("flag__label_value", "flag__suggested")
        .annotate(unsure=Count("pk", filter=Q(verdict__in=(Verdict.DISPUTE, Verdict.BOTH))), total=Count("pk"))
        .filter(unsure__gt=0)
        .order_by("-unsure", "total", "flag__label_value", "flag__suggested")
    )
    return [DisputedPair(label, suggested, Share(unsure, total)) for label, suggested, unsure, total in rows[:limit]]
