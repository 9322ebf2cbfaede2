"""Find wrong labels from out-of-fold probabilities and the labels given, without ever seeing the truth. NumPy only.

The score of :func:`score_labels` is a probability that an item's label is wrong. It comes in three steps.

1. *Confident learning* (Northcutt, Jiang & Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
   JAIR 2021, arXiv:1911.00068): a class's threshold is the mean probability that items given this class have for it.
   Items whose most probable class clears its threshold are counted, true class by given class: a first noise matrix.
   (The paper also counts a less probable class that clears its own threshold. Where a class is small and most of its
   labels are wrong its threshold is next to nothing, and half the catalogue would count as of that class.)
2. *A mixture in the space of the probabilities.* How sure a network that was trained on noisy labels says it is depends
   on the noise, so its probabilities are no posterior of the true class, and their temperature cannot be fitted to the
   labels: with a flexible noise matrix the likelihood likes best that there is no noise at all. How far the classes
   lie apart among the log-probabilities does not have that fault. Each true class is a multivariate Student
   distribution there (a discriminant analysis with noisy labels: Lawrence & Schölkopf, ICML 2001; Lee et al., "Robust
   Inference via Generative Classifiers for Handling Noisy Labels", ICML 2019, arXiv:1901.11300). Location, scatter and
   class prior are fitted by a few steps of expectation maximisation (Peel & McLachlan, 2000, for the weights).
3. *Two witnesses* (Dawid & Skene, 1979): the network's place among the classes and the label given speak of the true
   class, the latter through the noise matrix, which is fitted along with the mixture. Their product is the posterior;
   ``p_wrong`` is what it leaves to the classes that are not the label.

Nothing assumes a rate of errors or classes of like size. What is assumed: most labels of a class are right, and given
the true class the two witnesses err independently. Hard pictures mislead both, so ``p_wrong`` is somewhat too sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.intp]

#: Probabilities below it are not told apart: half precision cannot, and a logarithm needs a floor.
FLOOR = 1e-6
#: Degrees of freedom of the Student distributions: heavy tails, yet with a variance. From 2 to 8 hardly matters.
FREEDOM = 4.0
#: Steps of expectation maximisation. The start is good; more gain little, and let small classes wander off.
STEPS = 2
_ROWS_SUM_TO_ONE = 1e-2
_RIDGE = 1e-6
_CERTAIN = 1e-12


class NoiseInputError(ValueError):
    """The arrays cannot be scored: wrong shape or type, or numbers out of range."""


class ShapeError(NoiseInputError):
    """An array's shape is wrong, or two shapes do not belong together."""


class ProbabilityError(NoiseInputError):
    """Probabilities are not finite, not in 0..1, or a row does not add up to 1."""


class LabelError(NoiseInputError):
    """A label is no whole number from 0 to the number of classes less one."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelNoise:
    """What is known of n labels of K classes.

    Attributes:
        p_wrong: float64 (n,), 0..1, the probability that the label given is wrong; higher is more suspicious.
        posterior: float64 (n, K), 0..1, rows add up to 1: the true class, from the probabilities and the label.
        noise_matrix: float64 (K, K), rows add up to 1: from true class (row) to given class (column). The row of a
            class that is never given is the identity's.
        class_prior: float64 (K,), 0..1, adds up to 1: shares of the true classes; 0 for a class that is never given.
    """

    p_wrong: Floats
    posterior: Floats
    noise_matrix: Floats
    class_prior: Floats

    def ranking(self) -> Integers:
        """Positions of the items, int (n,), the most suspicious first; equal ones keep their order."""
        return np.argsort(-self.p_wrong, kind="stable")

    @property
    def error_rate(self) -> float:
        """Estimated share of wrong labels, 0..1."""
        return float(self.p_wrong.mean())


def confident_thresholds(pred_probs: ArrayLike, labels: ArrayLike) -> Floats:
    """Per class, the mean probability of the class among the items given it (Northcutt et al. 2021, equation 2).

    Args:
        pred_probs: float (n, K), 0..1, rows adding up to 1: out-of-fold probabilities.
        labels: int (n,), 0..K-1: the labels given.

    Returns:
        float64 (K,), 0..1; infinity for a class that is never given, which no item then clears.

    Raises:
        NoiseInputError: as :func:`score_labels`.
    """
    return _thresholds(*_checked(pred_probs, labels))


def confident_joint(pred_probs: ArrayLike, labels: ArrayLike) -> Floats:
    """Count items by confident class and given class, calibrated to the given counts (Northcutt et al. 2021, 3.1).

    An item's confident class is the most probable one among those whose threshold it clears; items that clear none are
    not counted. Each given class's column is then scaled to the number of items given it.

    Args:
        pred_probs: float (n, K), 0..1, rows adding up to 1: out-of-fold probabilities.
        labels: int (n,), 0..K-1: the labels given.

    Returns:
        float64 (K, K), non-negative: true class (row) by given class (column), adding up to n.

    Raises:
        NoiseInputError: as :func:`score_labels`.
    """
    probabilities, given = _checked(pred_probs, labels)
    return _joint(probabilities, given, _thresholds(probabilities, given))


def pool_probabilities(predictions: Sequence[ArrayLike]) -> Floats:
    """Several networks' probabilities in one: the mean of their logarithms, made to add up to 1 again.

    Args:
        predictions: one float (n, K) a network, 0..1, rows adding up to 1, all of the same shape.

    Returns:
        float64 (n, K), 0..1, rows adding up to 1.

    Raises:
        ShapeError: there is no network, or the shapes differ.
        ProbabilityError: as :func:`score_labels`.
    """
    checked = [_checked_probabilities(one) for one in predictions]
    if not checked:
        raise ShapeError("there are no predictions to pool")
    if any(one.shape != checked[0].shape for one in checked):
        raise ShapeError(f"predictions differ in shape: {[one.shape for one in checked]}")
    total = np.zeros_like(checked[0])
    for one in checked:
        total += _log(one)
    return _softmax(total / len(checked))


def pool_scores(scores: Sequence[ArrayLike]) -> Floats:
    """Several networks' ``p_wrong`` in one: the mean of their log-odds as a probability.

    Scoring each network first and pooling then found more errors than :func:`pool_probabilities` did.

    Args:
        scores: one float (n,) a network, 0..1, all of the same length.

    Returns:
        float64 (n,), 0..1.

    Raises:
        ShapeError: there is no network, or the shapes are not all (n,).
        ProbabilityError: a score is not finite or outside 0..1.
    """
    arrays = [np.asarray(one, dtype=np.float64) for one in scores]
    if not arrays:
        raise ShapeError("there are no scores to pool")
    if any(one.ndim != 1 or one.shape != arrays[0].shape for one in arrays):
        raise ShapeError(f"scores must all be (items,), not {[one.shape for one in arrays]}")
    stacked = np.stack(arrays)
    if not np.isfinite(stacked).all() or (stacked < 0).any() or (stacked > 1).any():
        raise ProbabilityError("scores must be finite and lie in 0..1")
    clipped = np.clip(stacked, _CERTAIN, 1 - _CERTAIN)
    odds = (np.log(clipped) - np.log1p(-clipped)).mean(axis=0)
    pooled: Floats = 1 / (1 + np.exp(-odds))
    return pooled


def score_labels(pred_probs: ArrayLike, labels: ArrayLike, *, steps: int = STEPS) -> LabelNoise:
    """Say how probably each label is wrong (see the module's text).

    Args:
        pred_probs: float (n, K), 0..1, rows adding up to 1 (within 0.01, as half precision has it): probabilities from
            networks that were not trained on the item. For several networks see
                :func:`pool_scores`.
        labels: int (n,), 0..K-1: the labels given.
        steps: of expectation maximisation, 1 or more.

    Returns:
        The scores. A class that is never given is nobody's true class; probability that a network yet has for it
        speaks against the label.

    Raises:
        ShapeError: pred_probs is not (n, K) with n and K of 1 or more, or labels is not (n,).
        ProbabilityError: a probability is not finite or outside 0..1, or a row does not add up to 1.
        LabelError: a label is no integer of 0..K-1.
        ValueError: steps is less than 1.
    """
    if steps < 1:
        raise ValueError(f"steps must be 1 or more, not {steps}")
    probabilities, given = _checked(pred_probs, labels)
    classes = probabilities.shape[1]
    used, compact = np.unique(given, return_inverse=True)
    share = probabilities[:, used]
    inside = share.sum(axis=1)
    share = np.where(inside[:, None] > 0, share, 1.0)  # nothing is known of an item whose mass lies outside
    kept, matrix, prior = _fit(share / share.sum(axis=1, keepdims=True), compact.astype(np.intp), steps)
    posterior = np.zeros_like(probabilities)
    posterior[:, used] = kept * inside[:, None]
    outside = np.setdiff1d(np.arange(classes), used)
    posterior[:, outside] = probabilities[:, outside]
    noise_matrix = np.eye(classes)
    noise_matrix[np.ix_(used, used)] = matrix
    class_prior = np.zeros(classes)
    class_prior[used] = prior
    p_wrong = np.clip(_others(posterior, given), 0.0, 1.0)
    return LabelNoise(p_wrong, posterior, noise_matrix, class_prior)


def _fit(probabilities: Floats, given: Integers, steps: int) -> tuple[Floats, Floats, Floats]:
    """The posterior (n, K), the noise matrix (K, K) and the class prior (K,), where every class is given."""
    items, classes = probabilities.shape
    if classes == 1:
        return np.ones((items, 1)), np.ones((1, 1)), np.ones(1)
    joint = _joint(probabilities, given, _thresholds(probabilities, given), only_most_probable=True)
    # Half an item of doubt a class, and half an item on the diagonal: no entry is 0, and a row without items is right.
    joint += 0.5 / classes + 0.5 * np.eye(classes)
    matrix = joint / joint.sum(axis=1, keepdims=True)
    points = _centred(_log(probabilities))
    # The start decides which class a group of items stands for. The label has a say: where the network is in doubt,
    # and where errors are few, it is the better witness. The network's counts double, as noisy labels dampen it.
    start = 2 * _log(probabilities) + np.log(matrix[:, given].T)
    membership = np.eye(classes)[start.argmax(axis=1)]
    weights = np.ones(items)
    prior = np.full(classes, 1 / classes)
    for _ in range(steps):
        prior = membership.sum(axis=0) + 0.5
        prior /= prior.sum()
        counts = np.stack([membership[given == one].sum(axis=0) for one in range(classes)], axis=1)
        matrix = counts + joint  # the confident joint stands in as a prior worth as many items as there are
        matrix /= matrix.sum(axis=1, keepdims=True)
        density, distance = _log_density(points, membership, weights)
        membership = _softmax(density + np.log(prior) + np.log(matrix[:, given].T))
        spread = (FREEDOM + classes - 1) / (FREEDOM + distance)
        weights = (membership * spread).sum(axis=1)
    return membership, matrix, prior


def _log_density(points: Floats, membership: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Fit a Student distribution to each class; (n, K) log-densities up to a constant, and squared distances."""
    items, classes = membership.shape
    dimensions = classes - 1
    basis = _basis(classes)
    points = points @ basis
    sizes = membership.sum(axis=0)
    weighted = membership * weights[:, None]
    mass = weighted.sum(axis=0)
    centres = (weighted.T @ points) / np.maximum(mass, FLOOR)[:, None]
    scatter = np.empty((classes, dimensions, dimensions))
    for one in range(classes):
        away = points - centres[one]
        scatter[one] = (away * weighted[:, [one]]).T @ away
    pooled = scatter.sum(axis=0) / items + _RIDGE * np.eye(dimensions)
    # As many items as a class has on average lend the common scatter: a small class has it nearly as it stands.
    lent = items / classes
    density = np.empty((items, classes))
    distance = np.empty((items, classes))
    for one in range(classes):
        covariance = (scatter[one] + lent * pooled) / (sizes[one] + lent)
        root = np.linalg.cholesky(covariance)
        distance[:, one] = (np.linalg.solve(root, (points - centres[one]).T) ** 2).sum(axis=0)
        tail = 0.5 * (FREEDOM + dimensions) * np.log1p(distance[:, one] / FREEDOM)
        density[:, one] = -np.log(np.diag(root)).sum() - tail
    return density, distance


def _basis(classes: int) -> Floats:
    """Orthonormal (K, K-1) columns that add up to 0 each: centred vectors keep their lengths and angles (Helmert)."""
    basis = np.zeros((classes, classes - 1))
    for column in range(classes - 1):
        basis[: column + 1, column] = 1
        basis[column + 1, column] = -(column + 1)
        basis[:, column] /= np.sqrt((column + 1) * (column + 2))
    return basis


def _thresholds(probabilities: Floats, given: Integers) -> Floats:
    classes = probabilities.shape[1]
    counts = np.bincount(given, minlength=classes)
    own = np.bincount(given, weights=probabilities[np.arange(len(given)), given], minlength=classes)
    return np.where(counts > 0, own / np.maximum(counts, 1), np.inf)


def _joint(probabilities: Floats, given: Integers, thresholds: Floats, *, only_most_probable: bool = False) -> Floats:
    classes = probabilities.shape[1]
    # A mean of equal numbers may come out an ulp above them; they clear it all the same.
    cleared = probabilities >= thresholds * (1 - 1e-12)
    # Where a class's items have no probability at all for it, the threshold is 0 and everything would clear it.
    cleared &= probabilities > 0
    if only_most_probable:
        cleared &= probabilities == probabilities.max(axis=1, keepdims=True)
    confident = np.where(cleared, probabilities, -1.0).argmax(axis=1)
    counted = cleared.any(axis=1)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (confident[counted], given[counted]), 1.0)
    sizes = np.bincount(given, minlength=classes)
    empty = (counts.sum(axis=0) == 0) & (sizes > 0)
    counts[empty, empty] = 1.0  # no confident item: nothing speaks against these labels
    scale = sizes / np.maximum(counts.sum(axis=0), 1.0)
    result: Floats = counts * scale
    return result


def _others(posterior: Floats, given: Integers) -> Floats:
    """What is left to the other classes, added up rather than taken from 1, which would lose the smallest ones."""
    rest = posterior.copy()
    rest[np.arange(len(given)), given] = 0.0
    total: Floats = rest.sum(axis=1)
    return total


def _log(values: Floats) -> Floats:
    logarithms: Floats = np.log(np.maximum(values, FLOOR))
    return logarithms


def _centred(values: Floats) -> Floats:
    centred: Floats = values - values.mean(axis=1, keepdims=True)
    return centred


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares


def _checked_probabilities(pred_probs: ArrayLike) -> Floats:
    try:
        probabilities = np.asarray(pred_probs, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ShapeError(f"pred_probs are no array of numbers: {error}") from error
    if probabilities.ndim != 2 or 0 in probabilities.shape:
        raise ShapeError(f"pred_probs must be (items, classes), neither of them 0, not {probabilities.shape}")
    if not np.isfinite(probabilities).all() or probabilities.min() < 0 or probabilities.max() > 1 + _ROWS_SUM_TO_ONE:
        raise ProbabilityError("probabilities must be finite and lie in 0..1")
    sums = probabilities.sum(axis=1, keepdims=True)
    if np.abs(sums - 1).max() > _ROWS_SUM_TO_ONE:
        raise ProbabilityError("each row of probabilities must add up to 1")
    scaled: Floats = probabilities / sums
    return scaled


def _checked(pred_probs: ArrayLike, labels: ArrayLike) -> tuple[Floats, Integers]:
    probabilities = _checked_probabilities(pred_probs)
    given = np.asarray(labels)
    if given.shape != (len(probabilities),):
        raise ShapeError(f"labels must be ({len(probabilities)},) as pred_probs have it, not {given.shape}")
    if not np.issubdtype(given.dtype, np.integer):
        raise LabelError(f"labels must be integers, not {given.dtype}")
    if given.min() < 0 or given.max() >= probabilities.shape[1]:
        raise LabelError(f"labels must lie in 0..{probabilities.shape[1] - 1}")
    return probabilities, given.astype(np.intp)
