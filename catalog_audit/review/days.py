"""The decisions of each day in numbers, so that no page has to read them all.

Decisions are only added, so a day changes by those that came since, and by an undo of one of its own. The days that
changed are counted anew from their decisions: a summary can never drift from the truth by more than what has not been
looked at yet. The sweeper does it every few seconds, and a page that finds the summary old does it before it reads.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any, NamedTuple

from django.db import connection, transaction
from django.db.models import F, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from catalog_audit.audits.models import Flag
from catalog_audit.review.models import ANY, NONE, Decision, FlagDay, PairDay, PersonDay, Summary
from catalog_audit.review.rules import LABEL_IN

NAME = "decisions"

#: A summary may be so many seconds old.
FRESH = 30.0
#: A decision may be stored a moment after one with a higher key: so many keys back, and so long back, is looked again.
OVERLAP, LATE = 200, timedelta(minutes=2)

Verdict, State = Decision.Verdict, Flag.State
_UNSURE = (Verdict.DISPUTE, Verdict.BOTH)
_NAMED = (Verdict.ACCEPT, Verdict.FIX)


def refresh(*, at_once: bool = False) -> datetime | None:
    """Bring the summary up to date, unless it is fresh or somebody else is doing it; returns of when it is.

    Args:
        at_once: however fresh it is.
    """
    book = Summary.objects.filter(name=NAME).first()
    now = timezone.now()
    if not at_once and book and book.counted_at and now - book.counted_at < timedelta(seconds=FRESH):
        return book.counted_at
    Summary.objects.get_or_create(name=NAME)
    with transaction.atomic():
        rows = Summary.objects.select_for_update(skip_locked=connection.features.has_select_for_update_skip_locked)
        held = rows.filter(name=NAME).first()
        if held is None:
            return book.counted_at if book else None
        latest = Decision.objects.aggregate(latest=Max("pk"))["latest"] or 0
        if held.seen == 0:
            for model in (FlagDay, PairDay, PersonDay):
                model.objects.all().delete()
        for day in sorted(_changed(held)):
            _count(day)
        Summary.objects.filter(pk=held.pk).update(seen=latest, counted_at=now)
    return now


def rebuild() -> None:
    """Count every day anew."""
    forget()
    refresh(at_once=True)


def forget(**_kwargs: Any) -> None:
    """Have every day counted anew at the next look: decisions went along with a product or a shop."""
    Summary.objects.filter(name=NAME, seen__gt=0).update(seen=0, counted_at=None)


def local_day(moment: datetime) -> date:
    """The day of a moment in the time zone of the pages."""
    return timezone.localtime(moment, timezone.get_default_timezone()).date()


def day_begins(day: date) -> datetime:
    """Midnight of a day in the time zone of the pages."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def _changed(book: Summary) -> set[date]:
    """The days that have to be counted anew."""
    wanted = Q(pk__gt=book.seen)
    if book.seen and book.counted_at:
        wanted |= Q(pk__gt=book.seen - OVERLAP, created_at__gte=book.counted_at - LATE)
    new = Decision.objects.filter(wanted).order_by()
    days = {local_day(moment) for moment in new.values_list("created_at", flat=True).iterator()}
    undone = list(new.exclude(undoes=None).values_list("undoes", "undoes__created_at", "product"))
    days |= {local_day(moment) for _key, moment, _product in undone}
    # What others said later of the same label was compared with what is taken back.
    for start in range(0, len(undone), 500):
        part = undone[start : start + 500]
        later = Decision.objects.filter(product__in={row[2] for row in part}, pk__gt=min(row[0] or 0 for row in part))
        days |= {local_day(moment) for moment in later.order_by().values_list("created_at", flat=True)}
    return days


class _Said(NamedTuple):
    """A verdict that stands, with what is asked of its flag."""

    user: int
    verdict: str
    before: str
    after: str
    value: int | None
    shop: int
    garment_type: int
    attribute: int
    label_value: int
    suggested: int
    kind: str
    raised_as: str
    known: int | None
    second_by: int | None
    second: int | None
    double: int | None

    @property
    def flag_numbers(self) -> Iterator[str]:
        """What it adds one to, of a :class:`FlagDay`."""
        if self.kind == Flag.Kind.FLAG and self.raised_as == State.OPEN:
            both = self.verdict == Verdict.BOTH and self.after == State.ACCEPTED
            if both or self.after == State.ACCEPTED:
                yield "both" if both else "accepted"
            if self.after in (State.FIXED, State.SECOND):
                yield "fixed" if self.after == State.FIXED else "unsure"
        if self.kind == Flag.Kind.FLAG and self.after in LABEL_IN:
            yield "settled"
        yield from self.agreement

    @property
    def agreement(self) -> Iterator[str]:
        """What it adds one to, of agreement."""
        is_second = self.before == State.SECOND and self.second_by != self.user and self.verdict != Verdict.BOTH
        for name, first in (("second", self.second if is_second else None), ("double", self.double)):
            if first is not None:
                yield f"{name}_of"
                if first == self.value:
                    yield f"{name}_same"

    @property
    def person_numbers(self) -> Iterator[str]:
        """What it adds one to, of a :class:`PersonDay`."""
        if self.kind == Flag.Kind.CHECK and self.verdict in _NAMED:
            yield "checks_of"
            if self.value is not None and self.value == self.known:
                yield "checks_right"
        yield from self.agreement


def _count(day: date) -> None:
    """Replace the numbers of a day."""
    decisions = Decision.objects.filter(
        created_at__gte=day_begins(day), created_at__lt=day_begins(day + timedelta(days=1))
    )
    flags: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    pairs: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    people: dict[int, Counter[str]] = defaultdict(Counter)
    for one in _said(decisions):
        cuts = list(product((one.shop, ANY), (one.garment_type, ANY)))
        for (shop, kind), attribute in product(cuts, (one.attribute, ANY)):
            flags[shop, kind, attribute].update(one.flag_numbers)
        if one.kind != Flag.Kind.CHECK:
            for shop, kind in cuts:
                pair = pairs[shop, kind, one.attribute, one.label_value, one.suggested]
                pair.update(("number", "unsure") if one.verdict in _UNSURE else ("number",))
        people[one.user].update(one.person_numbers)
    hours: set[tuple[int, datetime]] = set()
    done = decisions.exclude(verdict=Verdict.UNDO).order_by()
    for user, verdict, moment in done.values_list("user", "verdict", "created_at").iterator():
        people[user]["skips" if verdict == Verdict.SKIP else "verdicts"] += 1
        hours.add((user, moment.replace(minute=0, second=0, microsecond=0)))
    for user, _hour in hours:
        people[user]["hours"] += 1
    for model in (FlagDay, PairDay, PersonDay):
        model.objects.filter(day=day).delete()
    _store(FlagDay, day, ("shop", "garment_type", "attribute"), flags.items())
    _store(PairDay, day, ("shop", "garment_type", "attribute", "label_value", "suggested"), pairs.items())
    _store(PersonDay, day, ("user",), (((user,), numbers) for user, numbers in people.items()))


def _store(
    model: type[Any], day: date, names: tuple[str, ...], rows: Iterable[tuple[tuple[int, ...], Counter[str]]]
) -> None:
    made = [model(day=day, **dict(zip(names, keys, strict=True)), **numbers) for keys, numbers in rows if numbers]
    model.objects.bulk_create(made, batch_size=500)


def _said(decisions: QuerySet[Decision]) -> Iterator[_Said]:
    """The verdicts among some decisions that stand."""
    said = Decision.objects.said()
    before = said.filter(flag=OuterRef("flag"), after=State.SECOND, pk__lt=OuterRef("pk")).order_by("-pk")
    earlier = (
        said.filter(
            verdict__in=_NAMED,
            product=OuterRef("product"),
            attribute=OuterRef("attribute"),
            raw=OuterRef("raw"),
            pk__lt=OuterRef("pk"),
        )
        .exclude(user=OuterRef("user"))
        .exclude(flag=OuterRef("flag"))
        .order_by("-pk")
    )
    standing = decisions.filter(verdict__in=Decision.SAID, undone_by=None).order_by()
    rows = standing.annotate(
        second_by=Subquery(before.values("user")[:1]),
        second=Subquery(before.values("new_value")[:1]),
        double=Subquery(earlier.values("new_value")[:1]),
        shop=F("flag__shop"),
        kind=F("flag__garment_type"),
    ).values_list(
        "user", "verdict", "before", "after", "new_value", "shop", "kind", "attribute", "flag__label_value",
        "flag__suggested", "flag__kind", "flag__raised_as", "flag__known_value", "second_by", "second", "double",
    )  # fmt: skip
    for row in rows.iterator():
        one = _Said(*row)
        if one.verdict not in _NAMED:
            one = one._replace(double=None)
        yield one._replace(garment_type=one.garment_type or NONE)
