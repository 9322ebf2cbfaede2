"""Heads that learn colour words from frozen features in closed form, so that a round of learning takes seconds.

Each head is a kernel ridge regression on the labels as zeros and ones, with the kernel approximated by landmarks
(Williams & Seeger, "Using the Nyström Method to Speed Up Kernel Machines", NIPS 2000). Squared error minds single wrong
labels less than a likelihood does. NumPy only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from inference.fit.classification_policy import fit_temperature

#: Landmarks of a kernel, and the penalty on weights as a share of the mean weight of the features.
LANDMARKS, PENALTY = 1000, 0.02

#: What turns a regression's 0..1 into logits, before a temperature is fitted.
SHARPNESS = 8.0

#: Marks items that are never learnt.
HELD_OUT = -1

Floats = NDArray[np.float32]


def kernel_features(witness: Floats, landmarks: int, seed: int) -> Floats:
    """Features whose inner products approximate a Gaussian kernel: float32 (n, landmarks).

    The kernel's width is the median distance of the items.

    Args:
        witness: float32 (n, d).
        landmarks: so many items, at most n.
        seed: chooses the landmarks.
    """
    random = np.random.default_rng(seed)
    chosen = witness[np.sort(random.choice(len(witness), min(landmarks, len(witness)), replace=False))]
    width = max(float(np.median(_distances(chosen[:300], chosen[:300]))), 1e-6)
    between = np.exp(-_distances(chosen, chosen) / width).astype(np.float64)
    values, vectors = np.linalg.eigh(between)
    kept = values > 1e-6 * values[-1]
    root = (vectors[:, kept] / np.sqrt(values[kept])).astype(np.float32)
    return np.exp(-_distances(witness, chosen) / width) @ root


def _distances(one: Floats, other: Floats) -> Floats:
    """Squared distances, float32 (n, m)."""
    squares = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    return np.maximum(squares, 0.0)


class Ridge:
    """One head on features that never change.

    Args:
        features: float32 (n, d), of all items.
        folds: int (n,): the fold of each item, or :data:`HELD_OUT`.
        values: number of values.
        penalty: see :data:`PENALTY`.
    """

    def __init__(self, features: Floats, folds: NDArray[np.int64], values: int, penalty: float = PENALTY) -> None:
        known = folds != HELD_OUT
        bias = np.ones((len(features), 1), np.float32)
        rows = np.concatenate([features - features[known].mean(0), bias], 1)
        self._learnt, self._outside = rows[known], rows[~known]
        self._folds, self._values, self._penalty = folds[known], values, penalty
        self._weights: NDArray[np.float64] | None = None
        self._grams: dict[int, NDArray[np.float64]] = {}

    def __call__(
        self, labels: NDArray[np.int64], weights: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities of the learnt items out of fold, and of those held out; see ``loop_simulation.Learner``."""
        self._weigh(weights)
        targets = np.eye(self._values, dtype=np.float32)[labels] - 1 / self._values
        sides = {
            fold: (self._learnt[own].T @ (targets[own] * weights[own, None].astype(np.float32))).astype(np.float64)
            for fold, own in self._by_fold()
        }
        gram, side = sum(self._grams.values()), sum(sides.values())
        scores = np.zeros((len(labels), self._values))
        for fold, own in self._by_fold():
            scores[own] = self._learnt[own] @ self._solve(gram - self._grams[fold], side - sides[fold])
        outside = self._outside @ self._solve(gram, side)
        temperature = fit_temperature((SHARPNESS * scores).astype(np.float32), labels)
        return _softmax(SHARPNESS * scores / temperature), _softmax(SHARPNESS * outside / temperature)

    def _by_fold(self) -> list[tuple[int, NDArray[np.bool_]]]:
        return [(int(fold), self._folds == fold) for fold in np.unique(self._folds)]

    def _weigh(self, weights: NDArray[np.float64]) -> None:
        """Bring the folds' matrices up to date; only items whose weight changed cost time."""
        before = np.zeros(len(weights)) if self._weights is None else self._weights
        for fold, own in self._by_fold():
            rows = np.flatnonzero(own & (weights != before))
            part = self._learnt[rows]
            change = (part.T @ (part * (weights - before)[rows, None].astype(np.float32))).astype(np.float64)
            self._grams[fold] = self._grams[fold] + change if fold in self._grams else change
        self._weights = weights.copy()

    def _solve(self, gram: NDArray[np.float64], side: NDArray[np.float64]) -> NDArray[np.float64]:
        ridge = np.full(len(gram), self._penalty * np.trace(gram) / len(gram))
        ridge[-1] = 1e-6 * ridge[0]  # the constant is not held back
        return np.asarray(cho_solve(cho_factor(gram + np.diag(ridge)), side))


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True), np.float64)
