"""How probably a label is wrong, all witnesses heard; learnt from people's verdicts. NumPy only.

A label's evidence (:mod:`inference.witnesses`) becomes a probability by a logistic regression,

    logit(p_wrong) = evidence @ coefficients + intercept + shift

whose coefficients were learnt from labels that were looked at by eye (``inference/second_looks.json``, written by
:mod:`inference.fit.second_look`). An arguable label counts as not wrong there, so p_wrong is how probably a careful
person would call the label *plainly* wrong. Three things make it a shop's own:

* ``shift`` moves the intercept to the shop's own share of wrong labels, by expectation maximisation over all of its
  labels (Saerens, Latinne, Decaestecker, "Adjusting the Outputs of a Classifier to New a Priori Probabilities", Neural
  Computation 2002);
* reviewers' verdicts move the coefficients: what was learnt before is the prior, weakened to a share of its weight
  (power prior; Ibrahim & Chen, "Power Prior Distributions for Regression Models", Statistical Science 2000), and the
  mode of the posterior is taken with a normal distribution about it (Laplace's approximation; Bishop, "Pattern
  Recognition and Machine Learning", section 4.4). Verdicts count by how rarely such a label was shown;
* the wanted precision of the flags gives the threshold: the lowest, of at least one half, from which on the mean of
  p_wrong reaches it.

For attributes that nobody looked at by eye the only evidence is the first look's own log-odds, and the prior says that
it is right (Platt, 1999). Nothing says how many of such labels are wrong, so there is no shift either.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Share of flags that should be right where nobody says otherwise: three of four. The verdicts of the calibrating part
#: leave few flags above it.
USUAL = 0.75

#: Nothing less likely is flagged, however precise the flags would be: a flag says "probably wrong".
LEAST_SUSPICION = 0.5

#: What was learnt before counts as so large a share of its verdicts.
POWER = 0.2

#: Most that one verdict counts, however rarely such a label was shown: a lone error among the samples is news, but not
#: news about thousands (trimmed weights; Potter, "A Study of Procedures to Identify and Trim Extreme Sampling Weights",
#: 1990).
MOST_WEIGHT = 20.0

#: Bounds of a shop's share of wrong labels.
_LEAST_RATE, _MOST_RATE = 0.002, 0.95

#: Verdicts are drawn so often for the interval of the expected precision.
_DRAWS = 400

_FILE = Path(__file__).with_name("second_looks.json")

#: Prior where nobody has looked by eye: the slope is 1, give or take 0.5, the intercept 0, give or take 1.
_IDENTITY = np.array([1.0, 0.0]), np.diag([4.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class SecondLook:
    """A normal distribution of coefficients.

    Attributes:
        coefficients: float64 (columns + 1,), the last one the intercept.
        precision: float64 (columns + 1, columns + 1), inverse of their covariance.
        rate: share of wrong labels, 0..1 exclusive, where they were learnt.
        shift: added to the log-odds: what this shop's share of wrong labels makes of them.
    """

    coefficients: Floats
    precision: Floats
    rate: float
    shift: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what does not fit together.

        Raises:
            ValueError: precision is not square, or of another size; or the rate is out of its range.
        """
        if self.precision.shape != (len(self.coefficients),) * 2:
            raise ValueError(f"{len(self.coefficients)} coefficients but a precision of {self.precision.shape}")
        if not 0 < self.rate < 1:
            raise ValueError(f"rate must lie between 0 and 1, not {self.rate}")

    def log_odds(self, evidence: Floats) -> Floats:
        """Log-odds that labels are wrong, float64 (n,), from their evidence, float64 (n, columns)."""
        return np.asarray(_with_one(evidence) @ self.coefficients + self.shift, np.float64)

    def p_wrong(self, evidence: Floats) -> Floats:
        """Probability 0..1 that labels are wrong, float64 (n,)."""
        return _sigmoid(self.log_odds(evidence))

    def to_json(self) -> dict[str, Any]:
        """As JSON types."""
        return {
            "coefficients": [round(one, 8) for one in self.coefficients.tolist()],
            "precision": [[round(one, 6) for one in row] for row in self.precision.tolist()],
            "rate": self.rate,
            "shift": self.shift,
        }

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> SecondLook:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError: a part is missing.
            ValueError: parts do not fit together.
        """
        coefficients, precision = np.array(card["coefficients"], float), np.array(card["precision"], float)
        return cls(coefficients, precision, float(card["rate"]), float(card.get("shift", 0.0)))


@cache
def shipped() -> Mapping[str, SecondLook]:
    """Attribute -> what was learnt from labels that were looked at by eye."""
    known = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else {}
    return {attribute: SecondLook.from_json(card) for attribute, card in known.items()}


def save_shipped(looks: Mapping[str, SecondLook], path: Path = _FILE) -> Path:
    """Write what :func:`shipped` reads."""
    text = json.dumps({attribute: look.to_json() for attribute, look in looks.items()}, indent=1)
    partial = path.with_suffix(".part")
    partial.write_text(text + "\n", encoding="utf-8")
    partial.replace(path)
    return path


def identity(rate: float) -> SecondLook:
    """For evidence of one column, log-odds that are taken as they are; ``rate``: of wrong labels, as they assume."""
    return SecondLook(*_IDENTITY, rate)


def prior_of(look: SecondLook, power: float = POWER) -> SecondLook:
    """What was learnt elsewhere as a prior for a shop: as sure as a share ``power`` of its verdicts would make it."""
    return replace(look, precision=look.precision * power)


def adapted(look: SecondLook, evidence: Floats, rounds: int = 200) -> SecondLook:
    """The same with the shift that a shop's own share of wrong labels asks for; see the module's text.

    Args:
        look: what was learnt elsewhere.
        evidence: float64 (n, columns), of all labels of the shop or an even sample of them; nothing changes the shift.
        rounds: at most so many.
    """
    if not len(evidence):
        return look
    odds = _with_one(evidence) @ look.coefficients
    rate, shift = look.rate, 0.0
    for _ in range(rounds):
        shift = _logit(rate) - _logit(look.rate)
        new = float(np.clip(_sigmoid(odds + shift).mean(), _LEAST_RATE, _MOST_RATE))
        if abs(new - rate) < 1e-6:
            break
        rate = new
    return replace(look, shift=shift)


def learn(look: SecondLook, evidence: Floats, wrong: NDArray[np.bool_], weights: Floats | None = None) -> SecondLook:
    """What is known once verdicts were given: the mode of the posterior and its curvature.

    Args:
        look: what was known before.
        evidence: float64 (n, columns), of the labels that people decided.
        wrong: bool (n,), their verdicts: True where the label was changed, False where it stands or both values are
            right.
        weights: float64 (n,), one over how probably each was shown; 1 where nothing is given. More than
            :data:`MOST_WEIGHT` does not count.

    Returns:
        Coefficients and precision; without verdicts those of ``look``. The interval that they give takes weighted
        verdicts for no more than they are (sandwich estimator; Huber 1967).
    """
    if not len(evidence):
        return look
    weight = np.ones(len(evidence)) if weights is None else np.clip(weights, 1e-6, MOST_WEIGHT)
    rows, target = _with_one(evidence), wrong.astype(np.float64)
    prior, start = look.precision, look.coefficients

    def loss(beta: Floats) -> float:
        odds = rows @ beta + look.shift
        away = beta - start
        return float((weight * (np.logaddexp(0, odds) - target * odds)).sum() + 0.5 * away @ prior @ away)

    beta, bent = start.copy(), prior
    for _ in range(100):
        p = _sigmoid(rows @ beta + look.shift)
        slope = rows.T @ (weight * (p - target)) + prior @ (beta - start)
        bent = (rows * (weight * p * (1 - p))[:, None]).T @ rows + prior
        step, size, here = np.linalg.solve(bent, slope), 1.0, loss(beta)
        while size > 1e-4 and loss(beta - size * step) > here:
            size /= 2
        beta = beta - size * step
        if np.abs(size * step).max() < 1e-8:
            break
    p = _sigmoid(rows @ beta + look.shift)
    meat = (rows * (weight**2 * p * (1 - p))[:, None]).T @ rows + prior
    return replace(look, coefficients=beta, precision=bent @ np.linalg.solve(meat, bent))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a wanted precision of the flags comes to.

    Attributes:
        wanted: the precision, 0..1.
        threshold: labels are flagged from this p_wrong on.
        flags: share of all labels, 0..1, that are flagged then.
        expected: the precision to be expected of these flags; None where there are none.
        low: lower end of its 95% interval.
        high: upper end.
    """

    wanted: float
    threshold: float
    flags: float
    expected: float | None
    low: float
    high: float


def outlook(
    look: SecondLook, evidence: Floats, contradicted: NDArray[np.bool_], wanted: Sequence[float], seed: int = 41
) -> list[Outlook]:
    """What each wanted precision comes to.

    Args:
        look: what is known.
        evidence: float64 (n, columns), of all labels of the shop or an even sample of them.
        contradicted: bool (n,): the networks prefer another value, so that there is something to suggest.
        wanted: precisions, 0..1.
        seed: of the draws from the coefficients' distribution that give the intervals.
    """
    p = look.p_wrong(evidence)
    draws = _draws(look, seed)
    found = []
    for precision in wanted:
        threshold = lowest_threshold(p[contradicted], precision)
        flagged = contradicted & (p >= threshold)
        if not flagged.any():
            found.append(Outlook(precision, threshold, 0.0, None, 0.0, 1.0))
            continue
        means = _sigmoid(_with_one(evidence[flagged]) @ draws + look.shift).mean(0)
        low, high = np.quantile(means, [0.025, 0.975])
        share = float(flagged.mean())
        found.append(Outlook(precision, threshold, share, float(p[flagged].mean()), float(low), float(high)))
    return found


def lowest_threshold(p_wrong: Floats, wanted: float) -> float:
    """The lowest p_wrong, of at least :data:`LEAST_SUSPICION`, from which on the mean reaches the wanted precision.

    Where no label reaches it, that is the wanted precision itself: a label as suspicious as that may come one day.
    """
    ranked = np.sort(p_wrong[p_wrong >= LEAST_SUSPICION])[::-1]
    means = np.cumsum(ranked) / np.arange(1, len(ranked) + 1)
    good = np.flatnonzero(means >= wanted)
    return float(ranked[good[-1]]) if good.size else max(LEAST_SUSPICION, wanted)


def _draws(look: SecondLook, seed: int) -> Floats:
    """Coefficients drawn from their distribution, float64 (columns + 1, draws)."""
    noise = np.random.default_rng(seed).standard_normal((len(look.coefficients), _DRAWS))
    root = np.linalg.cholesky(look.precision)
    return np.asarray(look.coefficients[:, None] + np.linalg.solve(root.T, noise), np.float64)


def _with_one(evidence: Floats) -> Floats:
    return np.column_stack([evidence, np.ones(len(evidence))])


def _sigmoid(odds: Any) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -50, 50))), np.float64)


def _logit(rate: float) -> float:
    return float(np.log(rate) - np.log1p(-rate))
