"""What reviewing the surest flags would take: how many there are, how long it lasts, how many of them are mistaken.

Every question reads a bounded number of rows by index, so that it costs the same among a million flags.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from statistics import median

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN
from catalog_audit.review.selecting import COUNT_LIMIT, Selected, Selection

#: Seconds for a decision until enough have been measured.
ASSUMED_SECONDS = 6.0
#: Pauses that are needed to measure them, in so many of the latest decisions; a longer one was a break.
FEWEST_PAUSES, LATEST, LONGEST_PAUSE = 50, 1000, 300.0
#: Verdicts that are needed to measure how many flags are mistaken, of so many of the latest.
FEWEST_VERDICTS, LATEST_VERDICTS = 100, 2000


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


def estimate(user: User, selection: Selection) -> Effort:
    """What the open flags of a selection would take, from its lowest probability on; five queries and its filters."""
    asked = replace(selection, state=Flag.State.OPEN)
    selected = Selected(asked, user)
    chances: list[float] = []
    for state in asked.states:
        surest = selected.flags(state).order_by("-p_wrong", "pk")
        chances += surest.values_list("p_wrong", flat=True)[: COUNT_LIMIT + 1]
    counted = sorted(chances, reverse=True)[:COUNT_LIMIT]
    seconds = measured_seconds()
    wrong = _measured_precision(selected, asked.p_from or 0.0, asked.p_to if asked.p_to is not None else 1.0)
    enough = wrong.of >= FEWEST_VERDICTS
    return Effort(
        p_from=asked.p_from or 0.0,
        number=len(counted),
        more=len(chances) > COUNT_LIMIT,
        each=ASSUMED_SECONDS if seconds is None else seconds,
        is_measured=seconds is not None,
        mistaken=len(counted) * (1 - (wrong.value or 0.0)) if enough else sum(1 - chance for chance in counted),
        verdicts=wrong.of if enough else 0,
    )


def measured_seconds() -> float | None:
    """The median time between two verdicts of a person, breaks left out; None while there are too few.

    Verdicts about many flags in one go say nothing about one.
    """
    said = Decision.objects.filter(verdict__in=Decision.SAID, batch=None).order_by("-pk")
    times: dict[int, list[datetime]] = defaultdict(list)
    for person, when in said.values_list("user", "created_at")[:LATEST]:
        times[person].append(when)
    pauses = [(later - earlier).total_seconds() for moments in times.values() for later, earlier in pairwise(moments)]
    pauses = [pause for pause in pauses if 0 < pause <= LONGEST_PAUSE]
    return median(pauses) if len(pauses) >= FEWEST_PAUSES else None


def _measured_precision(selected: Selected, low: float, high: float) -> Share:
    """Of the latest verdicts about flags like these: how many found the label wrong."""
    if selected.sorts is None:
        return Share(0, 0)
    said = Decision.objects.filter(
        verdict__in=(Decision.Verdict.ACCEPT, Decision.Verdict.FIX), after__in=list(LABEL_IN), undone_by=None
    )
    latest = said.order_by("-pk").values_list("pk", flat=True)[:LATEST_VERDICTS]
    fitting = Decision.objects.filter(
        pk__in=list(latest),
        flag__kind=Flag.Kind.FLAG,
        flag__raised_as=Flag.State.OPEN,
        flag__p_wrong__gte=low,
        flag__p_wrong__lte=high,
        **{f"flag__{name}": wanted for name, wanted in selected.sorts.items()},
    )
    states = list(fitting.values_list("after", flat=True))
    return Share(states.count(Flag.State.FIXED), len(states))
