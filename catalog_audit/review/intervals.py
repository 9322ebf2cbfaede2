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
