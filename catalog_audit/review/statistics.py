"""What the decisions say about flags, audits and reviewers. Every function asks the database a question or two.

Decisions that were undone do not count. Where a flag was settled by several people, the verdict that settled it does.
Most of it is read from the days' numbers, which are as old as :func:`catalog_audit.review.days.refresh` says; a moment
``since`` stands for its whole day. What is said of today, and the numbers of flags, are those of this moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek

from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.review.days import day_begins, local_day
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import ANY, Decision, FlagDay, PairDay, PersonDay
from catalog_audit.review.rules import LABEL_IN

Verdict, State = Decision.Verdict, Flag.State

#: By what flags can be told apart.
SHOP, GARMENT_TYPE, ATTRIBUTE = "shop", "garment_type", "attribute"

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
    """Precision of the flags by when they were decided, oldest first; ``key`` is the period's first day.

    Args:
        period: day, week or month.
        since: leave out the days before.
        narrowed: ``shop``, ``garment_type``, ``attribute``: rows or keys.
    """
    days = _days(since, narrowed).annotate(key=_PERIODS[period]("day"))
    return _precision(days, "key")


def precision_by(field: str, since: datetime | None = None, **narrowed: Any) -> list[Precision]:
    """Precision of the flags of each shop, garment type or attribute (:data:`SHOP` and so on)."""
    return _precision(_days(since, narrowed, each=field), field)


def given(narrowed: dict[str, Any]) -> dict[str, Any]:
    """What narrows: all but None."""
    return {name: row for name, row in narrowed.items() if row is not None}


def _keys(narrowed: dict[str, Any]) -> dict[str, int]:
    """The keys of a summary's row: those of what narrows, and :data:`ANY` where nothing does."""
    asked = {name: getattr(row, "pk", row) for name, row in given(narrowed).items()}
    return {name: asked.get(name, ANY) for name in (SHOP, GARMENT_TYPE, ATTRIBUTE)}


def _days(since: datetime | None, narrowed: dict[str, Any], each: str = "") -> QuerySet[FlagDay]:
    """The days' numbers of what narrows; of each shop, garment type or attribute where one is named."""
    keys = _keys(narrowed)
    if each and keys[each] == ANY:
        del keys[each]
        days = FlagDay.objects.filter(**keys).exclude(**{each: ANY})
    else:
        days = FlagDay.objects.filter(**keys)
    return days.filter(day__gte=local_day(since)) if since else days


def _precision(days: QuerySet[FlagDay], key: str) -> list[Precision]:
    numbers = {name: Sum(name) for name in ("fixed", "accepted", "both", "unsure")}
    rows = days.order_by(key).values_list(key).annotate(**numbers)
    return [
        Precision(key, Share(fixed, fixed + accepted), both, unsure)
        for key, fixed, accepted, both, unsure in rows
        if fixed or accepted or both or unsure
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
    rows = _people(since, user).filter(checks_of__gt=0).order_by().values_list("user")
    return {who: Share(right, of) for who, right, of in rows.annotate(Sum("checks_right"), Sum("checks_of"))}


def _people(since: datetime | None, user: int | None) -> QuerySet[PersonDay]:
    days = PersonDay.objects.all() if user is None else PersonDay.objects.filter(user=user)
    return days.filter(day__gte=local_day(since)) if since else days


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two people came to the same.

    Attributes:
        second: second verdicts that are what the first person leant to, of those where the first leant to something.
        double: verdicts that are the same as an earlier one of somebody else about the same word of the same label.
    """

    second: Share
    double: Share


_AGREEMENT = ("second_same", "second_of", "double_same", "double_of")


def agreement(since: datetime | None = None, **narrowed: Any) -> Agreement:
    """Agreement between reviewers; ``narrowed`` as in :func:`precision_over_time`."""
    found = _days(since, narrowed).aggregate(**{name: Sum(name, default=0) for name in _AGREEMENT})
    same, of, double, double_of = (found[name] for name in _AGREEMENT)
    return Agreement(Share(same, of), Share(double, double_of))


def agreement_by_person(since: datetime | None = None, user: int | None = None) -> dict[int, Agreement]:
    """Person -> how often their verdicts are those of who spoke before them."""
    days = _people(since, user).filter(Q(second_of__gt=0) | Q(double_of__gt=0))
    rows = days.order_by().values_list("user").annotate(*(Sum(name) for name in _AGREEMENT))
    return {who: Agreement(Share(same, of), Share(double, double_of)) for who, same, of, double, double_of in rows}


@dataclass(frozen=True, slots=True)
class Throughput:
    """What a person did in a day.

    Attributes:
        user: key of the person.
        day: in the time zone of the pages.
        hours: in so many of its hours.
        verdicts: accept, fix, dispute and both, undone ones too: they were work.
        skips: likewise.
    """

    user: int
    day: date
    hours: int
    verdicts: int
    skips: int


def throughput(since: datetime, user: int | None = None) -> list[Throughput]:
    """What every reviewer did on every day, by person and time."""
    days = _people(since, user).filter(hours__gt=0).order_by("user", "day")
    return [Throughput(*row) for row in days.values_list("user", "day", "hours", "verdicts", "skips")]


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
    """The pace of the last days, today among them; ``narrowed`` as in :func:`precision_over_time`."""
    rows = _days(now - timedelta(days=days - 1), narrowed).filter(settled__gt=0)
    found = rows.aggregate(number=Sum("settled", default=0), first=Min("day"))
    if not found["number"]:
        return Pace(0, 1.0)
    # Nobody began at midnight.
    of_flags = {f"flag__{name}": row for name, row in given(narrowed).items()}
    settled = Decision.objects.said().filter(after__in=list(LABEL_IN), flag__kind=Flag.Kind.FLAG, **of_flags)
    moments = settled.filter(created_at__gte=day_begins(found["first"])).order_by("created_at")
    began = next(iter(moments.values_list("created_at", flat=True)[:1]), now)
    return Pace(found["number"], max(1.0, (now - began) / timedelta(days=1)))


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
    keys = _keys(narrowed)
    days = PairDay.objects.filter(shop=keys[SHOP], garment_type=keys[GARMENT_TYPE])
    if keys[ATTRIBUTE] != ANY:
        days = days.filter(attribute=keys[ATTRIBUTE])
    if since:
        days = days.filter(day__gte=local_day(since))
    pair = ("label_value", "suggested")
    unsure = days.filter(unsure__gt=0).order_by().values_list(*pair).annotate(Sum("unsure"))
    ranked = sorted(((label, suggested, number) for label, suggested, number in unsure), key=lambda row: -row[2])
    if len(ranked) > limit:
        # Those that are as often unsure as the last one are compared by how many verdicts there are.
        ranked = [row for row in ranked if row[2] >= ranked[limit - 1][2]]
    wanted = Q(*(Q(label_value=label, suggested=suggested) for label, suggested, _n in ranked), _connector=Q.OR)
    rows = days.filter(wanted).order_by().values_list(*pair).annotate(Sum("number")) if ranked else []
    totals = {(label, suggested): number for label, suggested, number in rows}
    found = [DisputedPair(label, to, Share(number, totals[label, to])) for label, to, number in ranked]
    found.sort(key=lambda one: (-one.unsure.hits, one.unsure.of, one.label_value, one.suggested))
    return found[:limit]
