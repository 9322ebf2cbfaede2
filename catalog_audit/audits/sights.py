"""What was seen of many labels, in a handful of numbers that add up, and how two such sums differ.

Two rules say that something has changed; both want an effect that matters and one that chance hardly explains:

- a mix (of values, of how sure the networks are) by the population stability index, ``sum((p - q) * ln(p / q))``,
  above 0.2, the customary mark of "a significant change" (Siddiqi, *Credit Risk Scorecards*, 2006), and above what two
  samples of these sizes from one population reach once in a thousand times. Without a change the index is distributed
  as ``(1/n + 1/m) * chi-square(k - 1)`` (Yurdakul and Naranjo, *Statistical properties of the population stability
  index*, Journal of Risk Model Validation 14(4), 2020);
- a share (of flags, of pictures that cannot be used) by Cohen's ``h = 2 asin sqrt p - 2 asin sqrt q``, 0.2 or more
  (*Statistical Power Analysis*, 1988, chapter 6), and by the test that goes with it, ``h / sqrt(1/n + 1/m)`` normal.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import asin, log, sqrt
from statistics import NormalDist
from typing import Any

#: How sure the networks are of the value that they would choose, 0..1, in so many steps of equal width.
STEPS = 10
#: Below so many labels, on either side, nothing is compared.
FEWEST = 50
#: A mix has changed from here on, if chance does not explain it.
PSI = 0.2
#: A share likewise.
EFFECT = 0.2
#: Chance explains it when it comes about more often than this.
CHANCE = 0.001
#: Values with fewer labels, both sides together, are compared as one.
_RARE = 10

#: What can have changed.
VALUES, SURENESS, FLAGS, PROBLEMS = "values", "sureness", "flags", "problems"


@dataclass(slots=True)
class Sight:
    """Sums over labels that were looked at.

    Attributes:
        looked: labels about which the networks said something.
        problems: labels about which they could not, because of the picture.
        flagged: of ``looked``, those found wrong; disputed: those of which several values can be defended.
        total: sum over ``looked`` of the probability of the most probable value.
        steps: ``looked`` by that probability, :data:`STEPS` of them.
        values: code of the most probable value -> labels.
        least: (that probability, key of the prediction) of the least sure ones, ascending; not part of sums.
        unread: keys of a few predictions of ``problems``; not part of sums.
    """

    looked: int = 0
    problems: int = 0
    flagged: int = 0
    disputed: int = 0
    total: float = 0.0
    steps: list[int] = field(default_factory=lambda: [0] * STEPS)
    values: Counter[str] = field(default_factory=Counter)
    least: list[tuple[float, int]] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)

    @property
    def labels(self) -> int:
        """All of them."""
        return self.looked + self.problems

    @property
    def mean(self) -> float | None:
        """How sure the networks are on average, 0..1; None of nothing."""
        return self.total / self.looked if self.looked else None

    def add(self, key: int, probabilities: Mapping[str, float], kept: int, *, flagged: bool, disputed: bool) -> None:
        """Count an answer of the networks; ``kept`` is how many of the least sure ones are remembered."""
        value, sureness = max(probabilities.items(), key=lambda item: item[1])
        self.looked += 1
        self.flagged += flagged
        self.disputed += disputed
        self.total += sureness
        self.steps[min(int(sureness * STEPS), STEPS - 1)] += 1
        self.values[value] += 1
        # A heap of the negative: its first is the surest of those that are kept.
        entry = (-sureness, key)
        if len(self.least) < kept:
            heapq.heappush(self.least, entry)
        elif self.least and entry > self.least[0]:
            heapq.heapreplace(self.least, entry)

    def fail(self, key: int, kept: int) -> None:
        """Count a label whose picture could not be used."""
        self.problems += 1
        if len(self.unread) < kept:
            self.unread.append(key)

    def to_json(self) -> dict[str, Any]:
        """For the database."""
        return {
            "looked": self.looked, "problems": self.problems, "flagged": self.flagged, "disputed": self.disputed,
            "total": round(self.total, 4), "steps": self.steps, "values": dict(self.values),
            "least": [[round(-sureness, 4), key] for sureness, key in sorted(self.least, reverse=True)],
            "unread": self.unread,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Sight:
        """What :meth:`to_json` wrote."""
        fields = dict(stored) | {
            "values": Counter(stored["values"]),
            "least": [(sureness, key) for sureness, key in stored["least"]],
        }
        return cls(**fields)

    @classmethod
    def sum(cls, parts: Iterable[Sight]) -> Sight:
        """All of them together."""
        whole = cls()
        for one in parts:
            whole.looked += one.looked
            whole.problems += one.problems
            whole.flagged += one.flagged
            whole.disputed += one.disputed
            whole.total += one.total
            whole.steps = [mine + its for mine, its in zip(whole.steps, one.steps, strict=True)]
            whole.values.update(one.values)
        return whole


@dataclass(frozen=True, slots=True)
class Change:
    """Something that is not as it was.

    Attributes:
        what: :data:`VALUES`, :data:`SURENESS`, :data:`FLAGS` or :data:`PROBLEMS`.
        size: the index or Cohen's h (above 0 where the share has grown).
        now, before: the shares, or how sure the networks are on average, 0..1; None of a mix of values.
    """

    what: str
    size: float
    now: float | None = None
    before: float | None = None


def changes(now: Sight, before: Sight) -> list[Change]:
    """How a sight differs from an earlier one, by the rules of this module; what is too small to tell is left out."""
    found = []
    if min(now.looked, before.looked) >= FEWEST:
        if (size := _shifted(*_values(now, before))) is not None:
            found.append(Change(VALUES, size))
        if (size := _shifted(*_common(now.steps, before.steps))) is not None:
            found.append(Change(SURENESS, size, now.mean, before.mean))
        found += _share(FLAGS, (now.flagged, now.looked), (before.flagged, before.looked))
    found += _share(PROBLEMS, (now.problems, now.labels), (before.problems, before.labels))
    return found


def stability(now: Sequence[int], before: Sequence[int]) -> float:
    """Population stability index of two mixes, given as numbers by class; half a case is added to each class."""
    n, m = sum(now) + len(now) / 2, sum(before) + len(before) / 2
    pairs = [((one + 0.5) / n, (other + 0.5) / m) for one, other in zip(now, before, strict=True)]
    return sum((p - q) * log(p / q) for p, q in pairs)


def by_chance(classes: int, n: int, m: int) -> float:
    """The index that samples of ``n`` and ``m`` from one population exceed with probability :data:`CHANCE`.

    The quantile of chi-square is that of Wilson and Hilferty (1931), within a few percent for one degree of freedom
    and much closer for more.
    """
    degrees = max(classes - 1, 1)
    spread = 2 / (9 * degrees)
    quantile = degrees * (1 - spread + NormalDist().inv_cdf(1 - CHANCE) * sqrt(spread)) ** 3
    return (1 / n + 1 / m) * quantile


def _shifted(now: Sequence[int], before: Sequence[int]) -> float | None:
    """The index where it says that the mix has changed."""
    if len(now) < 2:
        return None
    size = stability(now, before)
    return size if size > max(PSI, by_chance(len(now), sum(now), sum(before))) else None


def _values(now: Sight, before: Sight) -> tuple[list[int], list[int]]:
    names = sorted(now.values.keys() | before.values.keys())
    return _common([now.values[name] for name in names], [before.values[name] for name in names])


def _common(now: Sequence[int], before: Sequence[int]) -> tuple[list[int], list[int]]:
    """Both mixes with their rare classes as one."""
    pairs = list(zip(now, before, strict=True))
    kept = [pair for pair in pairs if sum(pair) >= _RARE]
    rare = [pair for pair in pairs if 0 < sum(pair) < _RARE]
    if rare:
        kept.append((sum(one for one, _other in rare), sum(other for _one, other in rare)))
    return [one for one, _other in kept], [other for _one, other in kept]


def _share(what: str, now: tuple[int, int], before: tuple[int, int]) -> list[Change]:
    (hits, n), (earlier, m) = now, before
    if min(n, m) < FEWEST:
        return []
    size = 2 * asin(sqrt(hits / n)) - 2 * asin(sqrt(earlier / m))
    chance = 2 * (1 - NormalDist().cdf(abs(size) / sqrt(1 / n + 1 / m)))
    return [Change(what, size, hits / n, earlier / m)] if abs(size) >= EFFECT and chance < CHANCE else []
