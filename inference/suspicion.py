"""Weigh a label against a prediction: is it wrong, and is it worth a person's time? NumPy only, no network.

The networks were calibrated on shops' own labels, so ``p(label)`` says how likely a careful shop is to give this label
to this picture. A catalogue also holds labels given by mistake, drawn by frequency from the values that are not the
true one. The likelihood ratio of the two explanations of a label y is

    wrong(y) = sum over t != y of p(t) * f(y) / (1 - f(t))
    right(y) = p(y)
    log_ratio = log(wrong) - log(right)

where f is how often shops give each value. A second witness is what was measured inside the mask
(:mod:`inference.measured`): the share m of the garment that the label's word fits,

    log_ratio -= measured_weight * log(m + 0.02)

Softmax tails are not to be trusted to the digit, so the ratio is corrected by a straight line fitted on designs that
the judging network did not learn (Platt scaling), and Bayes' rule adds how many labels of the catalogue are wrong:

    logit(p_wrong) = slope * log_ratio + intercept + logit(error_rate)

A label is arguable where several values are defensible: the *prediction set*, the values whose probability reaches
``set_threshold``, holds it together with others (Sadinle, Lei, Wasserman, "Least Ambiguous Set-Valued Classifiers",
JASA 2019). Such labels are disputed, never flagged. Everything that is chosen from data is the :class:`Policy`; it lies
in the model's card as JSON.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

OK, FLAGGED, DISPUTED = "ok", "flagged", "disputed"


@dataclass(frozen=True, slots=True)
class Policy:
    """When a label is flagged. Chosen from data by :mod:`inference.fit.classification_policy`.

    Attributes:
        frequencies: value -> share of the labels that shops give, adding up to 1.
        error_rate: share of labels that are assumed to be mistakes, 0..1 exclusive.
        slope: of the correction of the log-likelihood ratio.
        intercept: of the correction.
        flag_threshold: a label is flagged from this p_wrong on.
        neighbour_threshold: the same where label and prediction are neighbours; above 1 they are never flagged.
        set_threshold: values with at least this probability make up the prediction set.
        rival_threshold: a label of the prediction set is disputed when another value reaches this probability.
        measured_weight: weight of the measured colours; 0 where they say nothing of the attribute.
        neighbours: pairs of values that people confuse.
    """

    frequencies: Mapping[str, float]
    error_rate: float = 0.05
    slope: float = 1.0
    intercept: float = 0.0
    flag_threshold: float = 0.8
    neighbour_threshold: float = 0.95
    set_threshold: float = 0.05
    rival_threshold: float = 0.3
    measured_weight: float = 0.0
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
        if self.measured_weight < 0:
            raise ValueError(f"measured_weight must not be negative, not {self.measured_weight}")
        if any(share < 0 for share in self.frequencies.values()) or sum(self.frequencies.values()) <= 0:
            raise ValueError("frequencies must be shares of labels")
        for name in ("flag_threshold", "set_threshold", "rival_threshold"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must lie in 0..1, not {getattr(self, name)}")

    def frequencies_of(self, values: Sequence[str]) -> NDArray[np.float64]:
        """Share of each of some values, float64 (values,), adding up to 1."""
        shares = np.array([self.frequencies.get(value, 0.0) for value in values], np.float64)
        return np.asarray(shares / shares.sum(), np.float64)

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
            "rival_threshold": self.rival_threshold,
            "measured_weight": self.measured_weight,
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


def log_ratios(
    probabilities: NDArray[np.float32], covered: NDArray[np.bool_], frequencies: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log-likelihood ratio of "the label is a mistake" to "it is right"; see the module's text.

    Args:
        probabilities: float (n, values); rows add up to 1.
        covered: bool (n, values), True for the value of the label, and for finer ones that its word includes.
        frequencies: float (values,), how often shops give each value; adding up to 1.

    Returns:
        float64 (n,).
    """
    chance = np.maximum(frequencies, 1e-4)
    given = covered @ chance
    right = (probabilities * covered).sum(1, dtype=np.float64)
    others = np.where(covered, 0.0, probabilities) / np.maximum(1 - chance, _TINY)
    wrong = others.sum(1, dtype=np.float64) * given
    return np.asarray(np.log(np.maximum(wrong, _TINY)) - np.log(np.maximum(right, _TINY)), np.float64)


#: Keeps a word that fits nothing of a garment from settling the matter alone.
_LEAST_SHARE = 0.02

#: Stands for the share where nothing was measured, or where the word is no single colour.
_UNKNOWN_SHARE = 0.3


def measured_evidence(measured: NDArray[np.float64], covered: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What the measured colours add to the log-likelihood ratio, before its weight.

    Args:
        measured: float (n, values), share of the garment that each word fits; NaN where that is not known.
        covered: bool (n, values), as for :func:`log_ratios`.

    Returns:
        float64 (n,): the higher, the less the garment has of the label's colour.
    """
    known = covered & ~np.isnan(measured)
    share = np.where(known, measured, 0.0).sum(1)
    return np.asarray(-np.log(np.where(known.any(1), share, _UNKNOWN_SHARE) + _LEAST_SHARE), np.float64)


def suspicion_ratios(
    probabilities: NDArray[np.float32],
    covered: NDArray[np.bool_],
    values: Sequence[str],
    policy: Policy,
    measured: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Log-likelihood ratio of "a mistake" to "right" from both witnesses, float64 (n,); see the module's text."""
    ratios = log_ratios(probabilities, covered, policy.frequencies_of(values))
    if policy.measured_weight:
        unknown = np.full(probabilities.shape, np.nan)
        ratios = ratios + policy.measured_weight * measured_evidence(unknown if measured is None else measured, covered)
    return ratios


def probability_wrong(
    ratios: NDArray[np.float64], policy: Policy, error_rate: float | None = None
) -> NDArray[np.float64]:
    """Corrected probability, 0..1, that labels are mistakes.

    Args:
        ratios: float (n,), from :func:`suspicion_ratios`.
        policy: holds the correction.
        error_rate: share of mistakes in this catalogue; the policy's where None.
    """
    rate = policy.error_rate if error_rate is None else error_rate
    odds = policy.slope * ratios + policy.intercept + math.log(rate / (1 - rate))
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -50, 50))), np.float64)


def estimate_error_rate(ratios: NDArray[np.float64], policy: Policy, rounds: int = 50) -> float:
    """Share of wrong labels in a catalogue, from the catalogue itself, by expectation maximisation.

    The mean of p_wrong under one rate is the next rate, until it stays (Saerens, Latinne, Decaestecker, "Adjusting the
    Outputs of a Classifier to New a Priori Probabilities", Neural Computation 2002).

    Args:
        ratios: float (n,), of all labels of the catalogue.
        policy: holds the correction.
        rounds: at most so many.

    Returns:
        0.001..0.95; the policy's own rate where there are no labels.
    """
    rate = policy.error_rate
    if not ratios.size:
        return rate
    for _ in range(rounds):
        new = float(np.clip(probability_wrong(ratios, policy, rate).mean(), 0.001, 0.95))
        if abs(new - rate) < 1e-5:
            break
        rate = new
    return rate


@dataclass(frozen=True, slots=True)
class Weighed:
    """Labels weighed against predictions.

    Attributes:
        p_wrong: float64 (n,), 0..1.
        states: n of OK, FLAGGED and DISPUTED.
        best: int64 (n,), column of the suggested value.
    """

    p_wrong: NDArray[np.float64]
    states: NDArray[np.str_]
    best: NDArray[np.int64]


def weigh(
    probabilities: NDArray[np.float32],
    covered: NDArray[np.bool_],
    values: Sequence[str],
    policy: Policy,
    error_rate: float | None = None,
    measured: NDArray[np.float64] | None = None,
) -> Weighed:
    """Weigh many labels at once.

    A label is *flagged* when it is probably wrong and outside the prediction set; where the label and the suggestion
    are neighbouring values (navy and black) a threshold of its own counts. It is *disputed* when the network prefers
    another value without that certainty, or when label and a rival are both in the prediction set. The rest is *ok*.

    Args:
        probabilities: float (n, values); rows add up to 1.
        covered: bool (n, values), at least one True per row: what the label means.
        values: codes of the columns.
        policy: thresholds, from the model's card.
        error_rate: see :func:`probability_wrong`.
        measured: see :func:`measured_evidence`; None where nothing was measured.
    """
    p_wrong = probability_wrong(suspicion_ratios(probabilities, covered, values, policy, measured), policy, error_rate)
    best = probabilities.argmax(1)
    near = _neighbour_table(values, policy)
    neighbour = (near[best] & covered).any(1)
    needed = np.where(neighbour, policy.neighbour_threshold, policy.flag_threshold)
    share = (probabilities * covered).sum(1)
    states = _states((share < policy.set_threshold) & (p_wrong >= needed), probabilities, covered, policy)
    return Weighed(p_wrong, states, best)


def states_by(
    p_wrong: NDArray[np.float64],
    threshold: float,
    probabilities: NDArray[np.float32],
    covered: NDArray[np.bool_],
    policy: Policy,
) -> NDArray[np.str_]:
    """States where one threshold of p_wrong says what is flagged; what is disputed is as in :func:`weigh`.

    Args:
        p_wrong: float (n,), 0..1.
        threshold: contradicted labels are flagged from this on; above 1 none are.
        probabilities: float (n, values).
        covered: as for :func:`weigh`.
        policy: says what is disputed.
    """
    return _states(p_wrong >= threshold, probabilities, covered, policy)


def _states(
    sure: NDArray[np.bool_], probabilities: NDArray[np.float32], covered: NDArray[np.bool_], policy: Policy
) -> NDArray[np.str_]:
    """Contradicted labels are flagged where that is ``sure``."""
    share = (probabilities * covered).sum(1)
    rival = np.where(covered, 0.0, probabilities).max(1)
    agrees = covered[np.arange(len(covered)), probabilities.argmax(1)]
    flagged = ~agrees & sure
    disputed = ~flagged & ((rival >= policy.rival_threshold) | (~agrees & (share < policy.set_threshold)))
    return np.where(flagged, FLAGGED, np.where(disputed, DISPUTED, OK))


def _neighbour_table(values: Sequence[str], policy: Policy) -> NDArray[np.bool_]:
    place = {value: number for number, value in enumerate(values)}
    table = np.zeros((len(values), len(values)), bool)
    for pair in policy.neighbours:
        if len(pair) == 2 and pair.issubset(place):
            one, other = (place[value] for value in pair)
            table[one, other] = table[other, one] = True
    return table


def assess(
    probabilities: Mapping[str, float],
    label: str,
    policy: Policy,
    covers: Collection[str] = (),
    measured: Mapping[str, float] | None = None,
) -> Assessment:
    """Weigh one label; see :func:`weigh`.

    Args:
        probabilities: value -> probability 0..1, adding up to 1.
        label: the value that the shop gives. A finer value must be rolled up to one that the network knows beforehand.
        policy: thresholds, from the model's card.
        covers: finer values that the shop's word includes because the shop has no word of its own for them.
        measured: value -> share of the garment that it fits, 0..1, for the values that are single colours.

    Returns:
        The assessment; ``p_wrong`` is None, and the state ok, when the network does not know the label.

    Raises:
        ValueError: there are no probabilities.
    """
    if not probabilities:
        raise ValueError("no probabilities to weigh the label against")
    ranked = sorted(probabilities.items(), key=lambda entry: (-entry[1], entry[0]))
    alternatives = tuple((value, float(share)) for value, share in ranked[:_ALTERNATIVES])
    if label not in probabilities:
        return Assessment(OK, None, ranked[0][0], alternatives)
    values = [value for value, _ in ranked]
    meant = {label, *covers}
    weighed = weigh(
        np.array([[share for _, share in ranked]], np.float32),
        np.array([[value in meant for value in values]]),
        values,
        policy,
        measured=None if measured is None else np.array([[measured.get(value, np.nan) for value in values]]),
    )
    return Assessment(str(weighed.states[0]), float(weighed.p_wrong[0]), values[weighed.best[0]], alternatives)
