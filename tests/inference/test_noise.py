"""Wrong labels found without the truth, on small synthetic catalogues."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from inference import noise


class Catalogue(NamedTuple):
    """A synthetic catalogue: what a network says, the labels given and the true ones."""

    probabilities: NDArray[np.float64]
    given: NDArray[np.intp]
    true: NDArray[np.intp]

    @property
    def wrong(self) -> NDArray[np.bool_]:
        """Which labels are wrong."""
        return self.given != self.true


def catalogue(matrix: NDArray[np.float64], sizes: tuple[int, ...], *, certainty: float = 3.0) -> Catalogue:
    """Draw items of each true class, labels by the noise matrix and the probabilities of a network taught by them."""
    generator = np.random.default_rng(5)
    classes = len(sizes)
    true = np.repeat(np.arange(classes), sizes)
    given = np.array([generator.choice(classes, p=matrix[one]) for one in true])
    scores = generator.normal(size=(len(true), classes))
    scores[np.arange(len(true)), true] += certainty
    powers = np.exp(scores)
    clean = powers / powers.sum(axis=1, keepdims=True)
    return Catalogue(clean @ matrix, given, true)


def even_noise(classes: int, rate: float) -> NDArray[np.float64]:
    """A noise matrix with the same error rate everywhere."""
    matrix = np.full((classes, classes), rate / (classes - 1))
    np.fill_diagonal(matrix, 1 - rate)
    return matrix


def chance_of_order(scores: NDArray[np.float64], wrong: NDArray[np.bool_]) -> float:
    """How often a wrong label scores above a right one (area under the ROC curve), 0.5 by chance."""
    above = scores[wrong][:, None] - scores[~wrong][None, :]
    return float((above > 0).mean() + (above == 0).mean() / 2)


PLANTED = np.array([[0.6, 0.3, 0.1], [0.05, 0.9, 0.05], [0.1, 0.1, 0.8]])


@pytest.mark.parametrize("rate", [0.03, 0.1, 0.4])
def test_wrong_labels_rank_above_right_ones(rate: float) -> None:
    drawn = catalogue(even_noise(4, rate), (200, 200, 200, 200))
    scores = noise.score_labels(drawn.probabilities, drawn.given)
    assert chance_of_order(scores.p_wrong, drawn.wrong) > 0.9


def test_scores_are_probabilities_and_the_ranking_follows_them() -> None:
    drawn = catalogue(PLANTED, (100, 100, 100))
    scores = noise.score_labels(drawn.probabilities, drawn.given)
    assert scores.p_wrong.shape == (300,)
    assert scores.p_wrong.min() >= 0
    assert scores.p_wrong.max() <= 1
    np.testing.assert_allclose(scores.posterior.sum(axis=1), 1)
    np.testing.assert_allclose(scores.noise_matrix.sum(axis=1), 1)
    np.testing.assert_allclose(scores.class_prior.sum(), 1)
    np.testing.assert_allclose(1 - scores.posterior[np.arange(300), drawn.given], scores.p_wrong, atol=1e-12)
    assert (np.diff(scores.p_wrong[scores.ranking()]) <= 0).all()


@pytest.mark.parametrize("rate", [0.05, 0.4])
def test_the_share_of_errors_is_estimated(rate: float) -> None:
    drawn = catalogue(even_noise(4, rate), (300, 300, 300, 300), certainty=4.0)
    assert noise.score_labels(drawn.probabilities, drawn.given).error_rate == pytest.approx(rate, abs=0.05)


def test_a_planted_noise_matrix_is_recovered() -> None:
    drawn = catalogue(PLANTED, (500, 500, 500), certainty=5.0)
    found = noise.score_labels(drawn.probabilities, drawn.given).noise_matrix
    np.testing.assert_allclose(found, PLANTED, atol=0.07)


def test_a_small_class_among_large_ones_is_not_swallowed() -> None:
    drawn = catalogue(even_noise(4, 0.05), (1000, 300, 80, 12), certainty=4.0)
    scores = noise.score_labels(drawn.probabilities, drawn.given)
    rightly_small = (drawn.true == 3) & ~drawn.wrong
    assert (scores.p_wrong[rightly_small] < 0.5).mean() > 0.7
    assert chance_of_order(scores.p_wrong, drawn.wrong) > 0.9


def test_a_class_that_is_never_given_changes_nothing() -> None:
    drawn = catalogue(PLANTED, (100, 100, 100))
    wider = np.insert(drawn.probabilities, 1, 0.0, axis=1)
    labels = np.where(drawn.given >= 1, drawn.given + 1, drawn.given)
    scores = noise.score_labels(wider, labels)
    np.testing.assert_allclose(scores.p_wrong, noise.score_labels(drawn.probabilities, drawn.given).p_wrong)
    assert scores.class_prior[1] == 0
    np.testing.assert_array_equal(scores.noise_matrix[1], [0, 1, 0, 0])
    assert noise.confident_thresholds(wider, labels)[1] == np.inf
    assert noise.confident_joint(wider, labels)[:, 1].sum() == 0


def test_with_one_class_no_label_is_suspicious() -> None:
    scores = noise.score_labels(np.ones((5, 1)), np.zeros(5, dtype=int))
    np.testing.assert_array_equal(scores.p_wrong, np.zeros(5))


def test_where_one_class_is_given_the_probability_of_the_others_is_what_is_left() -> None:
    scores = noise.score_labels([[0.9, 0.1], [0.2, 0.8], [0.0, 1.0]], [0, 0, 0])
    np.testing.assert_allclose(scores.p_wrong, [0.1, 0.8, 1.0])


def test_a_single_item_can_be_scored() -> None:
    assert 0 <= noise.score_labels([[0.3, 0.7]], [0]).p_wrong[0] <= 1


def test_certain_probabilities_are_taken_at_their_word() -> None:
    true = np.repeat([0, 1, 2], 40)
    given = true.copy()
    given[[0, 50, 100]] = [1, 2, 0]
    scores = noise.score_labels(np.eye(3)[true], given)
    assert np.isfinite(scores.p_wrong).all()
    assert set(scores.ranking()[:3]) == {0, 50, 100}
    assert scores.p_wrong[[0, 50, 100]].min() > 0.9
    assert np.delete(scores.p_wrong, [0, 50, 100]).max() < 0.1


def test_a_class_that_the_network_never_believes_in_is_finite() -> None:
    probabilities = np.tile([0.7, 0.3, 0.0], (30, 1))
    scores = noise.score_labels(probabilities, np.arange(30) % 3)
    assert np.isfinite(scores.p_wrong).all()


def test_the_order_of_items_does_not_matter() -> None:
    drawn = catalogue(PLANTED, (100, 80, 60))
    shuffled = np.random.default_rng(1).permutation(240)
    scores = noise.score_labels(drawn.probabilities, drawn.given)
    again = noise.score_labels(drawn.probabilities[shuffled], drawn.given[shuffled])
    np.testing.assert_allclose(again.p_wrong, scores.p_wrong[shuffled], atol=1e-9)


def test_the_order_of_classes_does_not_matter() -> None:
    drawn = catalogue(PLANTED, (100, 80, 60))
    scores = noise.score_labels(drawn.probabilities, drawn.given)
    new = np.array([2, 0, 1])  # old class -> new class
    moved = np.empty_like(drawn.probabilities)
    moved[:, new] = drawn.probabilities
    again = noise.score_labels(moved, new[drawn.given])
    np.testing.assert_allclose(again.p_wrong, scores.p_wrong, atol=1e-9)
    np.testing.assert_allclose(again.noise_matrix[np.ix_(new, new)], scores.noise_matrix, atol=1e-9)


def test_half_precision_is_enough() -> None:
    drawn = catalogue(PLANTED, (100, 100, 100))
    scores = noise.score_labels(drawn.probabilities.astype(np.float16), drawn.given.astype(np.int16))
    exact = noise.score_labels(drawn.probabilities, drawn.given)
    np.testing.assert_allclose(scores.p_wrong, exact.p_wrong, atol=0.02)


def test_what_is_passed_in_is_left_alone() -> None:
    drawn = catalogue(PLANTED, (20, 20, 20))
    before = drawn.probabilities.copy(), drawn.given.copy()
    noise.score_labels(drawn.probabilities, drawn.given)
    np.testing.assert_array_equal(drawn.probabilities, before[0])
    np.testing.assert_array_equal(drawn.given, before[1])


def test_thresholds_and_joint_are_those_of_confident_learning() -> None:
    probabilities = [[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.1, 0.9], [0.6, 0.4], [0.95, 0.05]]
    labels = [0, 0, 1, 1, 0, 1]
    thresholds = noise.confident_thresholds(probabilities, labels)
    np.testing.assert_allclose(thresholds, [(0.9 + 0.7 + 0.6) / 3, (0.8 + 0.9 + 0.05) / 3])
    # Confidently 0: the first (given 0) and the last (given 1); confidently 1: the third and the fourth (given 1).
    # The second misses its threshold of 0.733. Three items are given 0 and three are given 1.
    np.testing.assert_allclose(noise.confident_joint(probabilities, labels), [[3.0, 1.0], [0.0, 2.0]])


def test_pooling_takes_the_mean_of_the_logarithms() -> None:
    pooled = noise.pool_probabilities([[[0.8, 0.2]], [[0.2, 0.8]]])
    np.testing.assert_allclose(pooled, [[0.5, 0.5]])
    surer = noise.pool_probabilities([[[0.99, 0.01]], [[0.5, 0.5]]])[0, 0]
    assert 0.5 < surer < 0.99
    np.testing.assert_allclose(noise.pool_probabilities([[[0.3, 0.7]]]), [[0.3, 0.7]])


def test_several_networks_together_are_no_worse_than_their_mean() -> None:
    drawn = catalogue(even_noise(4, 0.2), (200, 200, 200, 200), certainty=2.0)
    generator = np.random.default_rng(3)
    views = [drawn.probabilities * np.exp(generator.normal(size=drawn.probabilities.shape)) for _ in range(3)]
    views = [one / one.sum(axis=1, keepdims=True) for one in views]
    alone = [chance_of_order(noise.score_labels(one, drawn.given).p_wrong, drawn.wrong) for one in views]
    pooled = noise.score_labels(noise.pool_probabilities(views), drawn.given).p_wrong
    assert chance_of_order(pooled, drawn.wrong) > np.mean(alone)


@pytest.mark.parametrize(
    ("probabilities", "labels", "error"),
    [
        ([0.5, 0.5], [0], noise.ShapeError),
        (np.empty((0, 3)), [], noise.ShapeError),
        (np.empty((2, 0)), [0, 0], noise.ShapeError),
        ([["a", "b"]], [0], noise.ShapeError),
        ([[0.5, 0.5]], [0, 1], noise.ShapeError),
        ([[0.5, 0.5]], [[0]], noise.ShapeError),
        ([[0.5, 0.6]], [0], noise.ProbabilityError),
        ([[1.5, -0.5]], [0], noise.ProbabilityError),
        ([[np.nan, 1.0]], [0], noise.ProbabilityError),
        ([[0.5, 0.5]], [2], noise.LabelError),
        ([[0.5, 0.5]], [-1], noise.LabelError),
        ([[0.5, 0.5]], [0.0], noise.LabelError),
    ],
)
def test_it_rejects_what_cannot_be_scored(probabilities: object, labels: object, error: type[Exception]) -> None:
    for function in (noise.score_labels, noise.confident_thresholds, noise.confident_joint):
        with pytest.raises(error):
            function(probabilities, labels)  # type: ignore[operator]
    assert issubclass(error, noise.NoiseInputError)


def test_it_rejects_no_steps() -> None:
    with pytest.raises(ValueError, match="steps"):
        noise.score_labels([[0.5, 0.5]], [0], steps=0)


def test_it_rejects_networks_that_do_not_belong_together() -> None:
    with pytest.raises(noise.ShapeError, match="no predictions"):
        noise.pool_probabilities([])
    with pytest.raises(noise.ShapeError, match="differ"):
        noise.pool_probabilities([[[0.5, 0.5]], [[1.0]]])


def test_pooled_scores_are_the_mean_of_the_log_odds() -> None:
    np.testing.assert_allclose(noise.pool_scores([[0.9, 0.2, 1.0], [0.1, 0.2, 1.0]]), [0.5, 0.2, 1.0], atol=1e-9)


@pytest.mark.parametrize(
    ("scores", "error"),
    [
        ([], noise.ShapeError),
        ([[0.1], [0.1, 0.2]], noise.ShapeError),
        ([[[0.1]]], noise.ShapeError),
        ([[1.1]], noise.ProbabilityError),
        ([[np.nan]], noise.ProbabilityError),
    ],
)
def test_it_rejects_scores_that_cannot_be_pooled(scores: list[object], error: type[Exception]) -> None:
    with pytest.raises(error):
        noise.pool_scores(scores)  # type: ignore[arg-type]
