"""Fit what turns trained networks into advice: temperatures, correction of suspicion and thresholds.

Everything here is chosen on predictions by networks that did not learn the item, with errors planted into the labels
by a seeded simulation. The shops' own mistakes are among those labels. For the correction the most suspicious few are
left out, since they are mostly mistakes and would teach that a plain contradiction is normal (pruning; Northcutt,
Jiang, Chuang, "Confident Learning", JAIR 2021). For the thresholds they stay in and count against the flags, so the
precision aimed at is a cautious one (:func:`choose_policy`). Where labels were verified by eye the thresholds are
chosen on those instead, and a flag on an arguable label counts as mistaken (:func:`settle_policy`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from inference.fit.flag_figures import BY_FREQUENCY, Judge, draw_weights, plant
from inference.suspicion import DISPUTED, FLAGGED, Policy

#: Simulations pooled when thresholds are chosen: with few designs, one alone plants too few errors.
REPEATS = 5

#: Share of right labels that the prediction set should hold.
COVERAGE = 0.95

#: Share of the labels that is left out as most suspicious.
PRUNED = 0.03

#: Share of flags that should be planted errors when 5% of the labels are made wrong. The shops' own errors, about 3% of
#: the labels, count as mistaken flags here: a policy that finds both kinds alike and never errs reaches 5 / 8.
PRECISION = 0.75

#: From this probability on a rival makes a label disputed, where no verified labels say better.
RIVAL = 0.25

#: Share of flags, on verified labels of which a further 5% were made wrong, that should be wrong, planted or not.
VERIFIED_PRECISION = 0.9

#: Share of the arguable labels that should end up as disputed.
ARGUABLE_DISPUTED = 2 / 3

#: Weights of the measured colours that are tried.
MEASURED_WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)

#: Nothing less likely than this is flagged, however precise it would be: a flag says "probably wrong".
LEAST_SUSPICION = 0.5

#: A threshold that no probability reaches.
NEVER = 2.0


def fit_temperature(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Temperature, 0.3..5, by which logits are divided so that the labels are most likely (Guo et al., ICML 2017).

    Args:
        logits: (n, values).
        labels: (n,), index of the given value.
    """
    wide = logits.astype(np.float64)

    def loss(log_temperature: Any) -> float:
        scaled = wide / np.exp(float(log_temperature))
        top = scaled.max(1, keepdims=True)
        normal = top[:, 0] + np.log(np.exp(scaled - top).sum(1))
        return float((normal - scaled[np.arange(len(labels)), labels]).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.3), np.log(5.0)), method="bounded")
    return math.exp(float(cast(Any, found).x))


def value_frequencies(labels: NDArray[np.int64], values: Sequence[str]) -> dict[str, float]:
    """Share of each value among the labels; a hundredth is spread over all, so that none is impossible."""
    counts = np.bincount(labels, minlength=len(values)).astype(np.float64)
    shares = 0.99 * counts / max(1.0, counts.sum()) + 0.01 / len(values)
    shares /= shares.sum()
    return {value: float(share) for value, share in zip(values, shares, strict=True)}


def _lowest_threshold(scores: NDArray[np.float64], wrong: NDArray[np.bool_], precision: float) -> float:
    """The lowest score from which on at least ``precision`` of the cases are wrong; NEVER where there is none."""
    order = np.argsort(-scores, kind="stable")
    reached = np.cumsum(wrong[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(reached >= precision)
    return float(scores[order[good[-1]]]) if good.size else NEVER


def choose_policy(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    values: Sequence[str],
    frequencies: Mapping[str, float],
    precision: float = PRECISION,
    error_rate: float = 0.05,
    rival: float = RIVAL,
    seed: int = 11,
    measured: NDArray[np.float64] | None = None,
    measured_weight: float = 0.0,
) -> Policy:
    """Fit the correction of suspicion and choose the thresholds on the shops' own labels.

    Args:
        probabilities: float (n, values), calibrated, by networks that did not learn the items.
        labels: int (n,), the shops' own labels.
        values: codes of the values.
        frequencies: value -> share among the shops' labels.
        precision: share of flags that should be planted errors when ``error_rate`` of the labels are wrong.
        error_rate: see ``precision``; also what the policy assumes of a catalogue.
        rival: see :data:`RIVAL`; 1 where labels with a rival are no matter of opinion.
        seed: of the simulation.
        measured: see :func:`inference.suspicion.measured_evidence`.
        measured_weight: see :class:`inference.suspicion.Policy`.
    """
    given = probabilities[np.arange(len(labels)), labels]
    policy = Policy(
        frequencies=dict(frequencies),
        error_rate=error_rate,
        set_threshold=_set_threshold(given),
        rival_threshold=rival,
        measured_weight=measured_weight,
    )
    whole = Judge(probabilities, tuple(values), policy, np.eye(len(values), dtype=bool), measured)
    kept = np.argsort(whole.ratios(labels), kind="stable")[: len(labels) - round(PRUNED * len(labels))]
    slope, intercept = _correction(whole.only(kept), labels[kept], seed)
    whole = replace(whole, policy=replace(policy, slope=slope, intercept=intercept))
    flag, neighbour = _thresholds(
        whole, labels, np.zeros(len(labels), bool), np.ones(len(labels), bool), precision, seed
    )
    return replace(whole.policy, flag_threshold=flag, neighbour_threshold=neighbour)


def choose_measured_weight(judge: Judge, labels: NDArray[np.int64], wrong: NDArray[np.bool_]) -> float:
    """The weight of the measured colours by which the wrong labels are ranked best (average precision).

    Args:
        judge: predictions and measured colours of verified labels.
        labels: int (n,), the shops' own.
        wrong: bool (n,), plainly wrong; arguable ones are not.
    """

    def quality(weight: float) -> float:
        ranked = replace(judge, policy=replace(judge.policy, measured_weight=weight)).ratios(labels)
        return float(average_precision_score(wrong, ranked))

    return max(MEASURED_WEIGHTS, key=quality)


def settle_policy(
    judge: Judge, labels: NDArray[np.int64], wrong: NDArray[np.bool_], arguable: NDArray[np.bool_], seed: int = 11
) -> Policy:
    """Choose the thresholds of a policy anew on labels that were verified by eye.

    Args:
        judge: predictions of verified labels; its policy holds the correction.
        labels: int (n,), the shops' own.
        wrong: bool (n,), plainly wrong.
        arguable: bool (n,), a matter of opinion.
        seed: of the simulation.
    """
    given = (judge.probabilities * judge.covered[labels]).sum(1)
    policy = replace(
        judge.policy, set_threshold=_set_threshold(given[~wrong]), flag_threshold=1.0, neighbour_threshold=NEVER
    )
    rivals = np.where(judge.covered[labels], 0.0, judge.probabilities).max(1)[arguable]
    policy = replace(policy, rival_threshold=0.5)
    for rival in sorted(rivals[(rivals >= 0.05) & (rivals <= 0.5)].tolist(), reverse=True):
        states = replace(judge, policy=policy).weighed(labels).states
        if (states == DISPUTED)[arguable].mean() >= ARGUABLE_DISPUTED:
            break
        policy = replace(policy, rival_threshold=float(rival))
    right = ~wrong & ~arguable
    flag, neighbour = _thresholds(replace(judge, policy=policy), labels, wrong, right, VERIFIED_PRECISION, seed)
    return replace(policy, flag_threshold=flag, neighbour_threshold=neighbour)


def _set_threshold(given: NDArray[np.float32]) -> float:
    """The probability that all but a few labels reach."""
    return min(0.2, float(np.quantile(given, 1 - COVERAGE)))


def _correction(judge: Judge, labels: NDArray[np.int64], seed: int) -> tuple[float, float]:
    """Slope and intercept, from labels of which half are wrong: the prior's share in the log-odds is then nothing."""
    random = np.random.default_rng(seed)
    weights = draw_weights(judge.values, judge.frequencies, judge.policy, BY_FREQUENCY)
    ratios, wrong = [], []
    for _ in range(REPEATS):
        planted = plant(labels, weights, 0.5, random)
        ratios.append(judge.ratios(planted.labels))
        wrong.append(planted.wrong)
    line = LogisticRegression(C=1e6).fit(np.concatenate(ratios)[:, None], np.concatenate(wrong))
    return max(0.05, float(line.coef_[0, 0])), float(line.intercept_[0])


def _thresholds(
    judge: Judge,
    labels: NDArray[np.int64],
    wrong: NDArray[np.bool_],
    plantable: NDArray[np.bool_],
    precision: float,
    seed: int,
) -> tuple[float, float]:
    """Thresholds of flags, for neighbouring values and for others.

    Errors are planted into the ``plantable`` labels; ``wrong`` ones are errors already.
    """
    random = np.random.default_rng(seed + 1)
    eager = replace(judge.policy, flag_threshold=0.0, neighbour_threshold=0.0)
    judge = replace(judge, policy=eager)
    weights = draw_weights(judge.values, judge.frequencies, eager, BY_FREQUENCY)
    near_table = np.array([[eager.are_neighbours(one, other) for other in judge.values] for one in judge.values])
    rows = np.flatnonzero(plantable)
    scores, errors, near = [], [], []
    for _ in range(REPEATS):
        planted = plant(labels[rows], weights, eager.error_rate, random)
        given, mistaken = labels.copy(), wrong.copy()
        given[rows], mistaken[rows] = planted.labels, wrong[rows] | planted.wrong
        weighed = judge.weighed(given)
        candidate = weighed.states == FLAGGED
        scores.append(weighed.p_wrong[candidate])
        errors.append(mistaken[candidate])
        near.append(near_table[given, weighed.best][candidate])
    score, is_wrong, is_near = np.concatenate(scores), np.concatenate(errors), np.concatenate(near)
    flag = _lowest_threshold(score[~is_near], is_wrong[~is_near], precision)
    neighbour = _lowest_threshold(score[is_near], is_wrong[is_near], precision)
    return min(1.0, max(LEAST_SUSPICION, flag)), max(LEAST_SUSPICION, neighbour)
