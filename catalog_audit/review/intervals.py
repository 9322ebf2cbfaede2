"""How sure a share is: Wilson's interval, and whether two shares differ."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, sqrt

#: 95% of a normal distribution lie within so many standard deviations.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many.

    Attributes:
        hits: those that count.
        of: all of them.
    """

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """0..1, or None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95% interval; 0..1 of nothing."""
        if not self.of:
            return 0.0, 1.0
        share, square = self.hits / self.of, _Z * _Z
        middle = share + square / (2 * self.of)
        spread = _Z * sqrt(share * (1 - share) / self.of + square / (4 * self.of * self.of))
        scale = 1 + square / self.of
        return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def p_value(one: Share, other: Share) -> float:
    """Two-proportion z test, two-sided: how likely shares at least as different are where there is no difference."""
    if not one.of or not other.of:
        return 1.0
    pooled = (one.hits + other.hits) / (one.of + other.of)
    error = sqrt(pooled * (1 - pooled) * (1 / one.of + 1 / other.of))
    if error == 0:
        return 1.0
    return erfc(abs(one.hits / one.of - other.hits / other.of) / error / sqrt(2))


@dataclass(frozen=True, slots=True)
class Difference:
    """Two answers to each of the same questions: how much more often the one is right than the other.

    Attributes:
        only_one: questions that only the one answered rightly.
        only_other: questions that only the other answered rightly.
        of: all questions.
    """

    only_one: int
    only_other: int
    of: int

    @property
    def value(self) -> float:
        """Accuracy of the one minus that of the other, -1..1; 0 of nothing."""
        return (self.only_one - self.only_other) / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """The adjusted Wald interval of paired shares, 95%; -1..1 of nothing.

        Questions that both answer alike say nothing of which is better, so the interval is much narrower than that of
        two separate samples (Bonett, Price, "Adjusted Wald Confidence Interval for a Difference of Binomial
        Proportions Based on Paired Data", Journal of Educational and Behavioral Statistics 2012).
        """
        if not self.of:
            return -1.0, 1.0
        one, other = (self.only_one + 1) / (self.of + 2), (self.only_other + 1) / (self.of + 2)
        middle = one - other
        spread = _Z * sqrt((one + other - middle * middle) / (self.of + 2))
        return max(-1.0, middle - spread), min(1.0, middle + spread)
