"""Weigh a label against a prediction: is it wrong, and is it worth a person's time? Plain Python, no network.

The network was calibrated on a shop's own labels, so ``p(label)`` says how likely a careful shop is to give this
label to this picture. A catalogue also holds labels given by mistake: with probability ``error_rate`` a label is
drawn by frequency from the values that are not the true one. Bayes' rule then gives the probability that the label in
hand is such a mistake:

    wrong(y) = error_rate * sum over t != y of p(t) * f(y) / (1 - f(t))
    right(y) = (1 - error_rate) * p(y)
    p_wrong  = wrong / (wrong + right)

where f is how often shops give each value. Softmax tails are not to be trusted to the digit, so the log-odds are
corrected by a straight line fitted on designs that took no part in training (Platt scaling). The correction, the
thresholds and the pairs of values that people themselves confuse are the :class:`Policy`; it lies in the model's card
as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from inference.contract import Assessment

#: Pairs of colours between which the eye, the light and the shop decide; either word is defensible.
COLOUR_NEIGHBOURS: frozenset[frozenset[str]] = frozenset(
    frozenset((value, other))
    for value, others in {
        "navy": ("black", "blue"),
        "light_blue": ("blue", "grey", "turquoise"),
        "grey": ("black", "white", "beige", "khaki"),
        "beige": ("white", "brown", "pink", "khaki", "yellow"),
        "green": ("khaki", "turquoise"),
        "turquoise": ("blue",),
        "brown": ("khaki", "orange", "burgundy"),
        "orange": ("red", "yellow", "pink"),
        "red": ("burgundy", "pink"),
        "purple": ("burgundy", "pink"),
        "multicolour": ("floral_print",),
    }.items()
    for other in others
)

_TINY = 1e-9
_ALTERNATIVES = 5


@dataclass(frozen=True, slots=True)
class Policy:
    """When a label is flagged. Chosen from data by :mod:`inference.fit.classification_policy`.

    Attributes:
        frequencies: value -> share of the labels that shops give, adding up to 1.
        error_rate: share of labels that are assumed to be mistakes, 0..1 exclusive.
        slope: of the correction of the log-odds.
        intercept: of the correction of the log-odds.
        flag_threshold: a label is flagged from this p_wrong on.
        neighbour_threshold: the same where label and prediction are neighbours; above 1 they are never flagged.
        set_threshold: values with at least this probability make up the prediction set; they are not flagged.
        margin: the prediction must lead by this much before a label that is not flagged counts as disputed.
        neighbours: pairs of values that people confuse.
    """

    frequencies: Mapping[str, float]
    error_rate: float = 0.05
    slope: float = 1.0
    intercept: float = 0.0
    flag_threshold: float = 0.8
    neighbour_threshold: float = 0.95
    set_threshold: float = 0.05
    margin: float = 0.3
    neighbours: frozenset[frozenset[str]] = field(default=COLOUR_NEIGHBOURS)

    def __post_init__(self) -> None:
        """Refuse a policy that cannot be computed with.

        Raises:
            ValueError: a share or threshold is out of its range.
        """
        if not 0 < self.error_rate < 1:
            raise ValueError(f"error_rate must lie between 0 and 1, not {self.error_rate}")
        if self.slope <= 0:
            raise ValueError(f"slope must be positive, not {self.slope}: a less probable label would look better")
        if any(share < 0 for share in self.frequencies.values()) or sum(self.frequencies.values()) <= 0:
            raise ValueError("frequencies must be shares of labels")
        for name in ("flag_threshold", "set_threshold", "margin"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, not {getattr(self, name)}")

    def are_neighbours(self, one: str, other: str) -> bool:
        """True where people confuse the two values."""
        return frozenset((one, other)) in self.neighbours

    def to_json(self) -> dict[str, Any]:
        """The policy as JSON types, for a model's card."""
        return {
            "frequencies": dict(self.frequencies),
            "error_rate": self.error_rate,
            "slope": self.slope,
            "intercept": self.intercept,
            "flag_threshold": self.flag_threshold,
            "neighbour_threshold": self.neighbour_threshold,
            "set_threshold": self.set_threshold,
            "margin": self.margin,
            "neighbours": sorted(sorted(pair) for pair in self.neighbours),
        }

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> Policy:
        """Read what :meth:`to_json` wrote.

        Raises:
            TypeError: a key is missing or unknown.
            ValueError: a number is out of its range.
        """
        known = dict(card)
        known["neighbours"] = pairs(known.get("neighbours", ()))
        return cls(**known)


def pairs(lists: Iterable[Iterable[str]]) -> frozenset[frozenset[str]]:
    """Turn lists of two values into a set of unordered pairs."""
    return frozenset(frozenset(pair) for pair in lists)


def raw_log_odds(probabilities: Mapping[str, float], label: str, policy: Policy) -> float:
    """Log-odds that ``label`` is a mistake, by Bayes' rule, before the correction (see the module's text)."""
    total = sum(policy.frequencies.values())
    given = policy.frequencies.get(label, 0.0) / total or 1 / (10 * max(1, len(probabilities)))
    wrong = sum(
        share * given / max(1 - policy.frequencies.get(value, 0.0) / total, _TINY)
        for value, share in probabilities.items()
        if value != label
    )
    right = probabilities[label]
    prior = math.log(policy.error_rate) - math.log(1 - policy.error_rate)
    return prior + math.log(max(wrong, _TINY)) - math.log(max(right, _TINY))


def probability_wrong(probabilities: Mapping[str, float], label: str, policy: Policy) -> float:
    """Corrected probability, 0..1, that ``label`` is a mistake."""
    odds = policy.slope * raw_log_odds(probabilities, label, policy) + policy.intercept
    return 1 / (1 + math.exp(-min(max(odds, -50.0), 50.0)))


def assess(probabilities: Mapping[str, float], label: str, policy: Policy) -> Assessment:
    """Weigh a label against a prediction.

    A label is *flagged* when it is probably wrong and outside the prediction set; neighbouring values (navy and
    black) have a threshold of their own. It is *disputed* when the network clearly prefers another value but not so
    clearly that a person should look at it. Everything else is *ok*.

    Args:
        probabilities: value -> probability 0..1, adding up to 1.
        label: the value that the shop gives. A finer value must be rolled up to one that the network knows beforehand.
        policy: thresholds, from the model's card.

    Returns:
        The assessment; ``p_wrong`` is None, and the state ok, when the network does not know the label.

    Raises:
        ValueError: there are no probabilities.
    """
    if not probabilities:
        raise ValueError("no probabilities to weigh the label against")
    ranked = sorted(probabilities.items(), key=lambda entry: (-entry[1], entry[0]))
    best, highest = ranked[0]
    alternatives = tuple((value, float(share)) for value, share in ranked[:_ALTERNATIVES])
    if label not in probabilities:
        return Assessment("ok", None, best, alternatives)
    p_wrong = probability_wrong(probabilities, label, policy)
    if label == best:
        return Assessment("ok", p_wrong, best, alternatives)
    share = probabilities[label]
    needed = policy.neighbour_threshold if policy.are_neighbours(label, best) else policy.flag_threshold
    if p_wrong >= needed and share < policy.set_threshold:
        state = "flagged"
    elif highest - share >= policy.margin:
        state = "disputed"
    else:
        state = "ok"
    return Assessment(state, p_wrong, best, alternatives)
