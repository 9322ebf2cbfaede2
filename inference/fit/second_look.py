"""Learn how witnesses are weighed from labels that were looked at by eye; see :mod:`inference.second_look`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from inference.second_look import SecondLook

#: Inverse strength of the penalty on standardised coefficients.
STRENGTH = 0.1

#: Slips that are planted into right labels count as so large a share of one verdict each. Shops' own errors are mostly
#: near misses; without a few slips of the other kind nothing would be learnt of a label that is far off.
PLANTED_WEIGHT = 0.025


def learn_second_look(
    evidence: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    weights: NDArray[np.float64],
    natural: NDArray[np.bool_],
) -> SecondLook:
    """Fit the coefficients by logistic regression with a ridge penalty on standardised columns.

    Args:
        evidence: float64 (n, columns), of verified labels, and of right ones into which slips were planted.
        wrong: bool (n,), plainly wrong; arguable ones are not.
        weights: float64 (n,), how much each counts.
        natural: bool (n,): labels as they come, every one of a part of a catalogue, which say how many are wrong.

    Returns:
        The coefficients with the curvature of the penalised likelihood as precision.
    """
    middle = np.average(evidence, axis=0, weights=weights)
    spread = np.sqrt(np.average((evidence - middle) ** 2, axis=0, weights=weights))
    standard = (evidence - middle) / spread
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit(standard, wrong, sample_weight=weights)
    slopes = model.coef_[0] / spread
    coefficients = np.append(slopes, model.intercept_[0] - slopes @ middle)
    rows = np.column_stack([evidence, np.ones(len(evidence))])
    p = 1 / (1 + np.exp(-rows @ coefficients))
    precision = (rows * (weights * p * (1 - p))[:, None]).T @ rows
    precision += np.diag(np.append(spread**2 / STRENGTH, 0.0))
    return SecondLook(coefficients, precision, float(p[natural].mean()))


def together(parts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Evidence of several shops, one below the other."""
    return np.concatenate(list(parts))
