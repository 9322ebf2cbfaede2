"""Learn the second reading from networks' answers to what they did not learn."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from inference.stacking import Stack

#: Inverse strength of the penalty on weights, and most steps of the solver.
STRENGTH, STEPS = 0.1, 300

#: Logit of a value that no label has.
_NEVER = -20.0


def meant(targets: NDArray[np.bool_], logits: NDArray[np.float32]) -> NDArray[np.int64]:
    """The one value that each label means: of several possible ones that which the networks prefer.

    Args:
        targets: bool (n, values), at least one True per row.
        logits: float32 (n, values).
    """
    return np.asarray(np.where(targets, logits, -np.inf).argmax(1), np.int64)


def learn_stack(features: NDArray[np.float64], labels: NDArray[np.int64], values: int) -> Stack:
    """Fit the layer by multinomial logistic regression on standardised features.

    Args:
        features: float64 (n, features).
        labels: int (n,).
        values: number of values, some of which may have no label.
    """
    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=STRENGTH, max_iter=STEPS).fit(scaler.transform(features), labels)
    weight, bias = np.zeros((features.shape[1], values)), np.full(values, _NEVER)
    rows = model.coef_ if len(model.classes_) > 2 else np.concatenate([-model.coef_, model.coef_]) / 2
    starts = model.intercept_ if len(model.classes_) > 2 else np.array([-1, 1]) * model.intercept_[0] / 2
    spread = np.where(scaler.scale_ > 0, scaler.scale_, 1.0)
    weight[:, model.classes_] = (rows / spread).T
    bias[model.classes_] = starts - (rows / spread) @ scaler.mean_
    return Stack(weight, bias)


def cross_fitted(
    features: NDArray[np.float64], labels: NDArray[np.int64], folds: NDArray[np.int64], values: int
) -> NDArray[np.float32]:
    """Logits (n, values) of each item by a layer that was learnt from the other folds."""
    logits = np.zeros((len(labels), values), np.float32)
    for fold in np.unique(folds):
        own = folds == fold
        logits[own] = learn_stack(features[~own], labels[~own], values)(features[own])
    return logits
