"""Learn how witnesses are weighed from labels that were looked at by eye; see :mod:`inference.second_look`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from inference.second_look import SecondLook

#: Inverse strength of the penalty on standardised coefficients.
STRENGTH = 0.1

#: Slips are planted into every right label so often, and count as so large a share of a verdict each. Shops' own errors
#: are mostly near misses; without slips of the other kind nothing would be learnt of labels that are far off.
PLANTED, PLANTED_WEIGHT = 2, 0.25


def learn_second_look(
    evidence: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    natural: NDArray[np.bool_],
    planted: NDArray[np.float64],
) -> SecondLook:
    """Fit the coefficients by logistic regression with a ridge penalty on standardised columns.

    What is planted helps to find the direction, but is no evidence of how many labels are wrong: slope and intercept
    along that direction are fitted anew on the verdicts alone (Platt, 1999).

    Args:
        evidence: float64 (n, columns), of verified labels.
        wrong: bool (n,), plainly wrong; arguable ones are not.
        natural: bool (n,): labels as they come, every one of a part of a catalogue, which say how many are wrong.
        planted: float64 (m, columns), of right labels into which slips were planted; m may be 0.

    Returns:
        The coefficients with the curvature of the penalised likelihood of the verdicts as precision.
    """
    rows, target = np.concatenate([evidence, planted]), np.concatenate([wrong, np.ones(len(planted), bool)])
    weights = np.concatenate([np.ones(len(evidence)), np.full(len(planted), PLANTED_WEIGHT)])
    middle = np.average(rows, axis=0, weights=weights)
    spread = np.sqrt(np.average((rows - middle) ** 2, axis=0, weights=weights))
    spread[spread == 0] = 1.0  # a witness that says the same of all
    model = LogisticRegression(C=STRENGTH, max_iter=500).fit((rows - middle) / spread, target, sample_weight=weights)
    slopes = model.coef_[0] / spread
    along = evidence @ slopes
    line = LogisticRegression(C=1e6, max_iter=500).fit(along[:, None], wrong)
    coefficients = np.append(slopes * line.coef_[0, 0], line.intercept_[0])
    wide = np.column_stack([evidence, np.ones(len(evidence))])
    p = 1 / (1 + np.exp(-wide @ coefficients))
    precision = (wide * (p * (1 - p))[:, None]).T @ wide + np.diag(np.append(spread**2 / STRENGTH, 0.0))
    return SecondLook(coefficients, precision, float(p[natural].mean()))
