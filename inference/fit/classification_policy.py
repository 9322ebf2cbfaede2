"""Fit what turns a trained classifier into advice: temperature, correction of suspicion and thresholds.

Everything here is chosen on the CALIBRATION part, with errors planted into its labels by a seeded simulation: a share
of labels is replaced by another value, drawn by how often the shop gives it. The shop's own mistakes stay among the
labels and count against the flags, so the precision aimed at is a cautious one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.linear_model import LogisticRegression

from inference.suspicion import Policy, assess, raw_log_odds

#: Simulations pooled when thresholds are chosen: with few designs, one alone plants too few errors.
REPEATS = 20

#: Share of right labels that the prediction set should hold.
COVERAGE = 0.95

#: Nothing less likely than this is flagged, however precise it would be: a flag says "probably wrong".
LEAST_SUSPICION = 0.5

#: A threshold that no probability reaches.
NEVER = 2.0


@dataclass(frozen=True, slots=True)
class Planted:
    """Labels after a simulation.

    Attributes:
        labels: int64 (n,), some of them replaced.
        wrong: bool (n,), True where replaced.
    """

    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]


def fit_temperature(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Temperature, 0.3..5, by which logits are divided so that the labels are most likely (Guo et al., ICML 2017).

    Args:
        probabilities: (n, values), as predicted with temperature 1.
        labels: (n,), index of the given value.
    """
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-12, 1))

    def loss(log_temperature: Any) -> float:
        scaled = logits / np.exp(float(log_temperature))
        top = scaled.max(1, keepdims=True)
        normal = top[:, 0] + np.log(np.exp(scaled - top).sum(1))
        return float((normal - scaled[np.arange(len(labels)), labels]).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.3), np.log(5.0)), method="bounded")
    return math.exp(float(cast(Any, found).x))


def with_temperature(probabilities: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Probabilities (n, values) predicted with temperature 1, as they would be with another."""
    powered = np.clip(probabilities.astype(np.float64), 1e-12, 1) ** (1 / temperature)
    return (powered / powered.sum(1, keepdims=True)).astype(np.float32)


def value_frequencies(labels: NDArray[np.int64], values: Sequence[str]) -> dict[str, float]:
    """Share of each value among the labels; a hundredth is spread over all, so that none is impossible."""
    counts = np.bincount(labels, minlength=len(values)).astype(np.float64)
    shares = 0.99 * counts / counts.sum() + 0.01 / len(values)
    return {value: float(share) for value, share in zip(values, shares, strict=True)}


def plant_errors(
    labels: NDArray[np.int64], frequencies: NDArray[np.float64], rate: float, random: np.random.Generator
) -> Planted:
    """Replace a share ``rate`` of labels by another value, drawn by ``frequencies`` (shares, in the indices' order)."""
    wrong = np.zeros(len(labels), bool)
    wrong[random.choice(len(labels), round(rate * len(labels)), replace=False)] = True
    changed = labels.copy()
    for row in np.flatnonzero(wrong):
        shares = frequencies.copy()
        shares[labels[row]] = 0
        changed[row] = random.choice(len(shares), p=shares / shares.sum())
    return Planted(changed, wrong)


def as_mappings(probabilities: NDArray[np.float32], values: Sequence[str]) -> list[dict[str, float]]:
    """Rows of probabilities as value -> probability."""
    return [dict(zip(values, row, strict=True)) for row in probabilities.astype(float).tolist()]


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
    precision: float = 0.9,
    error_rate: float = 0.05,
    seed: int = 11,
) -> Policy:
    """Fit the correction of suspicion and choose the thresholds.

    Args:
        probabilities: (n, values) of the CALIBRATION part, calibrated.
        labels: (n,), the shop's own labels.
        values: codes of the values.
        frequencies: value -> share among the shop's labels.
        precision: share of flags that should be planted errors when ``error_rate`` of the labels are wrong.
        error_rate: see ``precision``; also what the policy assumes of a catalogue.
        seed: of the simulation.
    """
    rows = as_mappings(probabilities, values)
    shares = np.array([frequencies[value] for value in values])
    given = probabilities[np.arange(len(labels)), labels]
    policy = Policy(
        frequencies=dict(frequencies),
        error_rate=error_rate,
        set_threshold=min(0.2, float(np.quantile(given, 1 - COVERAGE))),
    )
    random = np.random.default_rng(seed)
    simulations = [plant_errors(labels, shares, error_rate, random) for _ in range(REPEATS)]
    cases = [
        (row, values[label], bool(wrong))
        for simulation in simulations
        for row, label, wrong in zip(rows, simulation.labels, simulation.wrong, strict=True)
    ]
    wrong = np.array([case[2] for case in cases])
    odds = np.array([raw_log_odds(row, label, policy) for row, label, _ in cases])
    line = LogisticRegression(C=1e6).fit(odds[:, None], wrong)
    policy = replace(policy, slope=max(0.05, float(line.coef_[0, 0])), intercept=float(line.intercept_[0]))
    open_policy = replace(policy, flag_threshold=0.0, neighbour_threshold=0.0)
    judged = [assess(row, label, open_policy) for row, label, _ in cases]
    scores = np.array([one.p_wrong or 0.0 for one in judged])
    candidate = np.array([one.state == "flagged" for one in judged])
    near = np.array(
        [policy.are_neighbours(label, one.suggested) for (_, label, _), one in zip(cases, judged, strict=True)]
    )
    far_rows, near_rows = candidate & ~near, candidate & near
    flag = _lowest_threshold(scores[far_rows], wrong[far_rows], precision)
    return replace(
        policy,
        flag_threshold=min(1.0, max(LEAST_SUSPICION, flag)),
        neighbour_threshold=max(LEAST_SUSPICION, _lowest_threshold(scores[near_rows], wrong[near_rows], precision)),
    )
