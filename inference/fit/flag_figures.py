"""How good flags are: errors planted into labels, the shop's own errors, and labels that are a matter of opinion.

NumPy only; works on probabilities that were predicted already.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.suspicion import DISPUTED, FLAGGED, Policy, Weighed, estimate_error_rate, suspicion_ratios, weigh

#: How a wrong label is drawn: as often as shops use the values, any alike, or only from the true value's neighbours.
BY_FREQUENCY, UNIFORM, NEIGHBOURS = "frequency", "uniform", "neighbours"
DRAWS = (BY_FREQUENCY, UNIFORM, NEIGHBOURS)


@dataclass(frozen=True, slots=True)
class Planted:
    """Labels, int64 (n,), of which some were made wrong; ``wrong`` (bool) says which."""

    labels: NDArray[np.int64]
    wrong: NDArray[np.bool_]


def draw_weights(
    values: Sequence[str], frequencies: NDArray[np.float64], policy: Policy, draw: str
) -> NDArray[np.float64]:
    """How likely each value (column) is put in place of each true one (row): float64 (values, values), rows sum to 1.

    A value without neighbours has a row of zeros for NEIGHBOURS: its labels are not made wrong.
    """
    count = len(values)
    weights = np.ones((count, count)) if draw == UNIFORM else np.tile(frequencies + 1e-9, (count, 1))
    if draw == NEIGHBOURS:
        near = np.array([[policy.are_neighbours(one, other) for other in values] for one in values])
        weights = np.where(near, 1.0, 0.0)
    np.fill_diagonal(weights, 0.0)
    total = weights.sum(1, keepdims=True)
    return np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)


def plant(labels: NDArray[np.int64], weights: NDArray[np.float64], rate: float, random: np.random.Generator) -> Planted:
    """Make a share ``rate`` of the labels wrong, drawn by the rows of ``weights``."""
    able = np.flatnonzero(weights[labels].sum(1) > 0)
    chosen = random.choice(able, min(len(able), round(rate * len(labels))), replace=False)
    changed, wrong = labels.copy(), np.zeros(len(labels), bool)
    for row in chosen:
        changed[row] = random.choice(len(weights), p=weights[labels[row]])
    wrong[chosen] = True
    return Planted(changed, wrong)


def recall_at(scores: NDArray[np.float64], wrong: NDArray[np.bool_], precision: float) -> float:
    """The largest share of the wrong labels that the highest scores hold at no less than ``precision``."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(wrong[order])
    good = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= precision)
    return float(hits[good[-1]] / wrong.sum()) if good.size else 0.0


def calibration_error(scores: NDArray[np.float64], truth: NDArray[np.bool_], bins: int = 15) -> float:
    """Expected calibration error, 0..1: mean distance between what scores say and what is, over equal bins."""
    place = np.minimum((scores * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            total += float(inside.mean()) * abs(float(scores[inside].mean()) - float(truth[inside].mean()))
    return total


@dataclass(frozen=True, slots=True)
class Judge:
    """Probabilities of pictures with all that it takes to weigh labels against them.

    Attributes:
        probabilities: float32 (n, values).
        values: codes of the columns.
        policy: thresholds.
        covered: bool (values, values): what a label of the row's value means, itself and finer values that the shop
            has no word for.
        measured: float64 (n, values), see :func:`inference.suspicion.measured_evidence`; None where nothing was.
    """

    probabilities: NDArray[np.float32]
    values: tuple[str, ...]
    policy: Policy
    covered: NDArray[np.bool_]
    measured: NDArray[np.float64] | None = None

    def only(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Judge:
        """The same for some of the pictures."""
        measured = None if self.measured is None else self.measured[rows]
        return Judge(self.probabilities[rows], self.values, self.policy, self.covered, measured)

    @property
    def frequencies(self) -> NDArray[np.float64]:
        """Share of each value, adding up to 1."""
        return self.policy.frequencies_of(self.values)

    def ratios(self, labels: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-likelihood ratios of labels, see :func:`inference.suspicion.suspicion_ratios`."""
        return suspicion_ratios(self.probabilities, self.covered[labels], self.values, self.policy, self.measured)

    def weighed(self, labels: NDArray[np.int64], error_rate: float | None = None) -> Weighed:
        """Labels weighed, see :func:`inference.suspicion.weigh`."""
        return weigh(self.probabilities, self.covered[labels], self.values, self.policy, error_rate, self.measured)

    def scores(self, labels: NDArray[np.int64], adapt: bool = True) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
        """(p_wrong, states) of labels; with ``adapt`` the catalogue's own share of errors is estimated first."""
        rate = estimate_error_rate(self.ratios(labels), self.policy) if adapt else None
        weighed = self.weighed(labels, rate)
        return weighed.p_wrong, weighed.states


def planted_figures(
    judge: Judge,
    labels: NDArray[np.int64],
    rate: float,
    draw: str,
    repeats: int = 20,
    seed: int = 23,
) -> dict[str, float]:
    """Plant errors and see which are found.

    Args:
        judge: predictions for the labels.
        labels: int (n,), taken as right.
        rate: share of labels made wrong, 0..1.
        draw: one of DRAWS.
        repeats: simulations, over which figures are averaged.
        seed: of the simulations.

    Returns:
        ``recall_at_99``, ``recall_at_95`` and ``recall_at_90`` (of the ranking by p_wrong), ``precision`` and
        ``recall`` of what is flagged, ``flagged`` and ``disputed`` (shares of all labels), and ``calibration_error``
        of p_wrong.
    """
    random = np.random.default_rng(seed)
    weights = draw_weights(judge.values, judge.frequencies, judge.policy, draw)
    rows: list[dict[str, float]] = []
    for _ in range(repeats):
        planted = plant(labels, weights, rate, random)
        scores, states = judge.scores(planted.labels)
        flagged = states == FLAGGED
        hits = float((flagged & planted.wrong).sum())
        rows.append(
            {
                "recall_at_99": recall_at(scores, planted.wrong, 0.99),
                "recall_at_95": recall_at(scores, planted.wrong, 0.95),
                "recall_at_90": recall_at(scores, planted.wrong, 0.90),
                "precision": hits / max(1.0, float(flagged.sum())),
                "recall": hits / max(1.0, float(planted.wrong.sum())),
                "flagged": float(flagged.mean()),
                "disputed": float((states == DISPUTED).mean()),
                "calibration_error": calibration_error(scores, planted.wrong),
            }
        )
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def talk_figures(
    judge: Judge, labels: NDArray[np.int64], each: int = 100, draws: int = 50, seed: int = 29
) -> dict[str, float | list[float]]:
    """The talk's test: ``each`` right labels and as many wrong ones, drawn again and again.

    A label counts as called wrong from p_wrong 0.5 on.

    Returns:
        Mean ``precision`` of the flags with the interval that holds 95% of the draws, and mean ``recall``; ``pool``,
        from how many products is drawn.
    """
    random = np.random.default_rng(seed)
    weights = draw_weights(judge.values, judge.frequencies, judge.policy, BY_FREQUENCY)
    precisions, recalls = [], []
    for _ in range(draws):
        rows = random.choice(len(labels), min(2 * each, len(labels)), replace=False)
        planted = plant(labels[rows], weights, 0.5, random)
        scores, _ = judge.only(rows).scores(planted.labels)
        called = scores >= 0.5
        precisions.append(float((called & planted.wrong).sum() / max(1, called.sum())))
        recalls.append(float((called & planted.wrong).sum() / max(1, planted.wrong.sum())))
    low, high = np.quantile(precisions, [0.025, 0.975])
    return {
        "pool": float(len(labels)),
        "precision": float(np.mean(precisions)),
        "precision_interval": [float(low), float(high)],
        "recall": float(np.mean(recalls)),
    }


def genuine_figures(
    judge: Judge, labels: NDArray[np.int64], wrong: NDArray[np.bool_], arguable: NDArray[np.bool_]
) -> dict[str, float]:
    """The shop's own labels as they are, weighed as an audit weighs them: with the assumed share of errors.

    Args:
        judge: predictions.
        labels: int (n,), the shop's.
        wrong: bool (n,), plainly wrong.
        arguable: bool (n,), a matter of opinion.

    Returns:
        ``found``: share of the wrong labels among as many most suspicious ones, arguable left out; ``flags`` and the
        shares of them that are wrong, arguable and right; ``wrong_flagged`` and ``wrong_disputed``, of the wrong ones;
        ``arguable_disputed``: share of the arguable labels that end up as disputed; ``right_disputed``, of the right
        ones.
    """
    scores, states = judge.scores(labels, adapt=False)
    clear = ~arguable
    flagged = states == FLAGGED
    right = ~wrong & ~arguable
    flags = max(1, int(flagged.sum()))
    return {
        "wrong": float(wrong[clear].sum()),
        "found": found_among_as_many(scores[clear], wrong[clear]),
        "flags": float(flagged.sum()),
        "flags_wrong": float((flagged & wrong).sum() / flags),
        "flags_arguable": float((flagged & arguable).sum() / flags),
        "flags_right": float((flagged & right).sum() / flags),
        "wrong_flagged": _share(flagged, wrong),
        "wrong_disputed": _share(states == DISPUTED, wrong),
        "arguable_disputed": _share(states == DISPUTED, arguable),
        "right_disputed": _share(states == DISPUTED, right),
    }


def found_among_as_many(scores: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    """Share of the wrong labels among as many highest scores as there are wrong labels; 0 where there are none."""
    count = int(wrong.sum())
    return float(wrong[np.argsort(-scores, kind="stable")[:count]].mean()) if count else 0.0


def _share(hit: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float((hit & among).sum() / max(1, among.sum()))


def bootstrap(
    figure: Callable[[NDArray[np.int64]], float], count: int, repeats: int = 500, seed: int = 31
) -> tuple[float, float]:
    """Interval that holds 95% of a figure over resampled rows 0..count-1."""
    random = np.random.default_rng(seed)
    found = [figure(random.integers(0, count, count)) for _ in range(repeats)]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def confusion(
    targets: NDArray[np.int64], best: NDArray[np.int64], values: Sequence[str]
) -> tuple[list[list[int]], Mapping[str, dict[str, float]]]:
    """The confusion matrix (rows: labels, columns: predictions) and, per value, its number, recall and precision."""
    matrix = np.zeros((len(values), len(values)), int)
    np.add.at(matrix, (targets, best), 1)
    per_value = {
        value: {
            "items": int(matrix[row].sum()),
            "recall": float(matrix[row, row] / max(1, matrix[row].sum())),
            "precision": float(matrix[row, row] / max(1, matrix[:, row].sum())),
        }
        for row, value in enumerate(values)
        if matrix[row].sum() or matrix[:, row].sum()
    }
    return matrix.tolist(), per_value
