"""Figures of flags, on labels and predictions whose right figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from inference.fit.flag_figures import (
    BY_FREQUENCY,
    NEIGHBOURS,
    UNIFORM,
    Judge,
    bootstrap,
    calibration_error,
    confusion,
    draw_weights,
    genuine_figures,
    plant,
    planted_figures,
    recall_at,
    talk_figures,
)
from inference.fit.values import VALUES
from inference.fit.verified_labels import ARGUABLE, RIGHT, WRONG, verified_labels
from inference.suspicion import Policy

COLOURS = ("black", "navy", "white", "red")
POLICY = Policy(frequencies={"black": 0.4, "navy": 0.3, "white": 0.2, "red": 0.1})
FREQUENCIES = np.array([0.4, 0.3, 0.2, 0.1])


def sure(labels: np.ndarray, certainty: float = 0.999) -> np.ndarray:
    """Predictions that know every label."""
    shares = np.full((len(labels), len(COLOURS)), (1 - certainty) / 3, np.float32)
    shares[np.arange(len(labels)), labels] = certainty
    return shares


def judge(labels: np.ndarray) -> Judge:
    return Judge(sure(labels), COLOURS, POLICY, np.eye(len(COLOURS), dtype=bool))


def test_planted_errors_have_their_rate_and_are_errors() -> None:
    labels = np.random.default_rng(1).integers(0, 4, 1000)
    planted = plant(labels, draw_weights(COLOURS, FREQUENCIES, POLICY, UNIFORM), 0.05, np.random.default_rng(3))
    assert planted.wrong.sum() == 50
    assert ((planted.labels != labels) == planted.wrong).all()


def test_planted_errors_follow_the_frequencies() -> None:
    labels = np.zeros(2000, np.int64)
    planted = plant(labels, draw_weights(COLOURS, FREQUENCIES, POLICY, BY_FREQUENCY), 0.5, np.random.default_rng(3))
    counts = np.bincount(planted.labels[planted.wrong], minlength=4)
    assert counts[1] / counts.sum() == pytest.approx(0.5, abs=0.06)


def test_neighbouring_errors_stay_among_neighbours() -> None:
    """Black may become navy; red has no neighbour here and stays right."""
    labels = np.array([0] * 100 + [3] * 100)
    planted = plant(labels, draw_weights(COLOURS, FREQUENCIES, POLICY, NEIGHBOURS), 0.5, np.random.default_rng(3))
    assert set(planted.labels[planted.wrong].tolist()) == {1}
    assert not planted.wrong[100:].any()


def test_recall_is_that_of_the_longest_precise_beginning() -> None:
    scores = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    wrong = np.array([True, False, True, True, False])
    assert recall_at(scores, wrong, 0.99) == pytest.approx(1 / 3)
    assert recall_at(scores, wrong, 0.75) == pytest.approx(1)
    assert recall_at(-scores, wrong, 0.99) == 0


def test_calibration_error_is_the_distance_between_saying_and_being() -> None:
    scores = np.full(1000, 0.7)
    truth = np.arange(1000) < 400
    assert calibration_error(scores, truth) == pytest.approx(0.3)
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0


@pytest.mark.parametrize("draw", [BY_FREQUENCY, UNIFORM])
def test_predictions_that_know_everything_find_everything(draw: str) -> None:
    labels = np.random.default_rng(1).integers(0, 4, 400)
    figures = planted_figures(judge(labels), labels, 0.05, draw, repeats=3)
    assert figures["recall_at_99"] == 1
    assert figures["precision"] == 1


def test_predictions_that_know_nothing_find_nothing() -> None:
    random = np.random.default_rng(1)
    labels = random.integers(0, 4, 400)
    figures = planted_figures(judge(random.integers(0, 4, 400)), labels, 0.05, UNIFORM, repeats=3)
    assert figures["recall_at_99"] < 0.2


def test_the_talks_test_draws_as_many_wrong_as_right() -> None:
    labels = np.random.default_rng(1).integers(0, 4, 300)
    figures = talk_figures(judge(labels), labels, each=50, draws=5)
    assert figures["precision"] == 1
    assert figures["recall"] == 1
    assert figures["pool"] == 300


def test_genuine_errors_are_looked_for_among_as_many_most_suspicious() -> None:
    seen = np.array([0, 1, 2, 3] * 25)
    labels, wrong, arguable = seen.copy(), np.zeros(100, bool), np.zeros(100, bool)
    labels[2], wrong[2] = 3, True  # white, called red
    labels[0], arguable[0] = 1, True
    figures = genuine_figures(judge(seen), labels, wrong, arguable)
    assert figures["wrong"] == 1
    assert figures["found"] == 1
    assert figures["wrong_flagged"] + figures["wrong_disputed"] == 1
    assert figures["right_disputed"] == 0


def test_an_interval_holds_the_mean() -> None:
    sample = np.random.default_rng(1).random(500)
    low, high = bootstrap(lambda rows: float(sample[rows].mean()), 500)
    assert low < sample.mean() < high
    assert high - low < 0.1


def test_a_confusion_matrix_counts_labels_by_predictions() -> None:
    matrix, per_value = confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), ("black", "navy"))
    assert matrix == [[1, 1], [0, 1]]
    assert per_value["black"] == {"items": 2, "recall": 0.5, "precision": 1.0}


@pytest.mark.parametrize("shop", ["hm", "myntra"])
def test_verified_labels_agree_with_themselves(shop: str) -> None:
    verified = verified_labels(shop)
    assert len(verified) >= 500
    known = set(VALUES["colour"])
    for file, one in verified.items():
        assert one.verdict in (RIGHT, WRONG, ARGUABLE), file
        assert set(one.values) <= known, file
        assert (one.label in one.values) == (one.verdict != WRONG), file
        assert one.verdict != ARGUABLE or len(one.values) > 1, file
