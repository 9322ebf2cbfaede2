"""What reviewing the surest flags would take: how many there are, how long it lasts, how many of them are mistaken.

Every question reads a bounded number of rows by index, so that it costs the same among a million flags.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from statistics import median

from django.db.models import Count, Sum

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.keeping import Kept
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN
from catalog_audit.review.selecting import COUNT_LIMIT, COUNTED_BY, Selected, Selection

#: Seconds for a decision until enough have been measured.
ASSUMED_SECONDS = 6.0
#: Pauses that are needed to measure them, in so many of the latest decisions; a longer one was a break.
FEWEST_PAUSES, LATEST, LONGEST_PAUSE = 50, 1000, 300.0
#: Verdicts that are needed to measure how many flags are mistaken, of so many of the latest.
FEWEST_VERDICTS, LATEST_VERDICTS = 100, 2000
#: How long what is everybody's is kept, in seconds.
KEPT = 30.0


@dataclass(frozen=True, slots=True)
class Effort:
    """What it would take to review the flags that wait, from a probability on.

    Attributes:
        p_from: from there on; 0 for all.
        number: flags that wait for the person, at most the limit up to which they are counted.
        more: whether there are more than that; the other figures are about the counted ones.
        each: seconds for one of them, the measured median or the assumed one.
        is_measured: whether it was measured.
        mistaken: flags whose label will turn out right.
        verdicts: on so many verdicts that is based; 0: on the probabilities themselves.
    """

    p_from: float
    number: int
    more: bool
    each: float
    is_measured: bool
    mistaken: float
    verdicts: int

    @property
    def seconds(self) -> float:
        """For all of them."""
        return self.number * self.each


def estimate(user: User, selection: Selection, known: tuple[int, bool] | None = None) -> Effort:
    """What the open flags of a selection would take, from its lowest probability on; a handful of queries.

    Args:
        user: the person.
        selection: its state does not matter.
        known: how many flags it holds and whether there are more, where that was counted already.
    """
    asked = replace(selection, state=Flag.State.OPEN)
    selected = Selected(asked, user)
    number, more = known or selected.count()
    counted = min(number, COUNT_LIMIT)
    seconds = measured_seconds()
    wrong = _measured_precision(selected, asked.p_from or 0.0, asked.p_to if asked.p_to is not None else 1.0)
    enough = wrong.of >= FEWEST_VERDICTS
    return Effort(
        p_from=asked.p_from or 0.0,
        number=counted,
        more=more or number > COUNT_LIMIT,
        each=ASSUMED_SECONDS if seconds is None else seconds,
        is_measured=seconds is not None,
        mistaken=counted * (1 - (wrong.value or 0.0)) if enough else _expected_mistaken(selected, counted),
        verdicts=wrong.of if enough else 0,
    )


def _expected_mistaken(selected: Selected, number: int) -> float:
    """What the probabilities themselves expect of so many flags: first what somebody was not sure about, of which
    there is little, then the surest."""
    found = 0.0
    for state in reversed(selected.selection.states):
        surest = selected.flags(state).order_by("-p_wrong", "pk").values("p_wrong")[:number]
        one = surest.aggregate(sure=Sum("p_wrong"), number=Count("pk"))
        found += one["number"] - (one["sure"] or 0.0)
        number -= one["number"]
    return found


def measured_seconds() -> float | None:
    """The median time between two verdicts of a person, breaks left out; None while there are too few.

    Verdicts about many flags in one go say nothing about one. Everybody's and kept for half a minute.
    """
    return _seconds()


def _measure_seconds() -> float | None:
    said = Decision.objects.filter(verdict__in=Decision.SAID, batch=None).order_by("-pk")
    times: dict[int, list[datetime]] = defaultdict(list)
    for person, when in said.values_list("user", "created_at")[:LATEST]:
        times[person].append(when)
    pauses = [(later - earlier).total_seconds() for moments in times.values() for later, earlier in pairwise(moments)]
    pauses = [pause for pause in pauses if 0 < pause <= LONGEST_PAUSE]
    return median(pauses) if len(pauses) >= FEWEST_PAUSES else None


_seconds: Kept[float | None] = Kept(_measure_seconds, KEPT)


def _measured_precision(selected: Selected, low: float, high: float) -> Share:
    """Of the latest verdicts about flags like these: how many found the label wrong."""
    if selected.sorts is None:
        return Share(0, 0)
    wanted = [
        (COUNTED_BY.index(f"{name.removesuffix('__in')}_id"), keys if isinstance(keys, list) else [keys])
        for name, keys in selected.sorts.items()
    ]
    fitting = [
        after
        for after, p_wrong, sorts in _latest()
        if low <= p_wrong <= high and all(sorts[place] in keys for place, keys in wanted)
    ]
    return Share(fitting.count(Flag.State.FIXED), len(fitting))


def _read_latest() -> list[tuple[str, float, tuple[int | None, ...]]]:
    """Of the latest verdicts that named one right value: the outcome, the flag's probability and its sort."""
    said = Decision.objects.filter(
        verdict__in=(Decision.Verdict.ACCEPT, Decision.Verdict.FIX), after__in=list(LABEL_IN), undone_by=None
    )
    fields = ("after", "flag__kind", "flag__raised_as", "flag__p_wrong", *(f"flag__{name}" for name in COUNTED_BY))
    rows = said.order_by("-pk").values_list(*fields)[:LATEST_VERDICTS]
    return [
        (after, p_wrong, tuple(sorts))
        for after, kind, raised_as, p_wrong, *sorts in rows
        if kind == Flag.Kind.FLAG and raised_as == Flag.State.OPEN
    ]


_latest: Kept[list[tuple[str, float, tuple[int | None, ...]]]] = Kept(_read_latest, KEPT)
