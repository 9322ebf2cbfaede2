"""Temperature, thresholds and measured flags, on predictions made up with known properties."""

from __future__ import annotations

import numpy as np
import pytest

from inference.fit.classification_evaluate import calibration_error, measure_flags
from inference.fit.classification_policy import (
    NEVER,
    choose_policy,
    fit_temperature,
    plant_errors,
    value_frequencies,
    with_temperature,
)
from inference.suspicion import Policy

VALUES = ("black", "white", "red", "green", "blue")


def honest(count: int, sharpness: float = 4.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels drawn from exactly these probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, sharpness, (count, len(VALUES)))
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = np.array([random.choice(len(VALUES), p=row) for row in probabilities])
    return probabilities.astype(np.float32), labels


def test_calibrated_predictions_need_no_temperature() -> None:
    assert fit_temperature(*honest(4000)) == pytest.approx(1, abs=0.08)


def test_overconfidence_is_measured_and_undone() -> None:
    probabilities, labels = honest(4000)
    bold = with_temperature(probabilities, 0.5)
    temperature = fit_temperature(bold, labels)
    assert temperature == pytest.approx(2, abs=0.2)
    assert with_temperature(bold, temperature) == pytest.approx(probabilities, abs=0.05)
    assert calibration_error(bold, labels) > 2 * calibration_error(probabilities, labels)


def test_planted_errors_have_their_rate_and_are_errors() -> None:
    _, labels = honest(1000)
    planted = plant_errors(labels, np.full(5, 0.2), 0.05, np.random.default_rng(3))
    assert planted.wrong.sum() == 50
    assert ((planted.labels != labels) == planted.wrong).all()


def test_planted_errors_follow_the_frequencies() -> None:
    labels = np.zeros(2000, np.int64)
    planted = plant_errors(labels, np.array([0.5, 0.3, 0.2, 0.0, 0.0]), 0.5, np.random.default_rng(3))
    counts = np.bincount(planted.labels[planted.wrong], minlength=5)
    assert counts[1] / counts.sum() == pytest.approx(0.6, abs=0.06)
    assert counts[3] == counts[4] == 0


def test_no_value_is_impossible_and_frequencies_add_up() -> None:
    frequencies = value_frequencies(np.array([0, 0, 1]), VALUES)
    assert sum(frequencies.values()) == pytest.approx(1)
    assert frequencies["black"] > frequencies["white"] > frequencies["red"] > 0


def test_the_chosen_policy_is_as_precise_as_asked_on_other_designs() -> None:
    probabilities, labels = honest(1500)
    policy = choose_policy(probabilities, labels, VALUES, value_frequencies(labels, VALUES))
    others, their_labels = honest(1500, seed=9)
    figures = measure_flags(others, their_labels, VALUES, [policy] * 1500, 0.05)
    assert figures["precision"] > 0.8
    assert figures["recall"] > 0.3


def test_corrected_suspicion_is_a_probability() -> None:
    probabilities, labels = honest(3000)
    bold = with_temperature(probabilities, 0.4)
    policy = choose_policy(bold, labels, VALUES, value_frequencies(labels, VALUES))
    raw = Policy(frequencies=policy.frequencies)
    others, their_labels = honest(3000, seed=9)
    bolder = with_temperature(others, 0.4)
    corrected, plain = (
        measure_flags(bolder, their_labels, VALUES, [one] * 3000, 0.05)["p_wrong_calibration_error"]
        for one in (policy, raw)
    )
    assert corrected < 0.02
    assert corrected < plain / 2


def test_blind_predictions_flag_nothing() -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 5, 400)
    probabilities = random.dirichlet(np.ones(5), 400).astype(np.float32)
    policy = choose_policy(probabilities, labels, VALUES, value_frequencies(labels, VALUES))
    figures = measure_flags(probabilities, labels, VALUES, [policy] * 400, 0.05)
    assert figures["flagged"] < 0.02


def test_a_threshold_that_precision_never_reaches_is_never_met() -> None:
    """Neighbours that the predictions cannot tell apart are left to dispute."""
    random = np.random.default_rng(2)
    values = ("navy", "black")
    labels = random.integers(0, 2, 600)
    share = random.uniform(0, 1, 600)
    probabilities = np.stack([share, 1 - share], 1).astype(np.float32)
    policy = choose_policy(probabilities, labels, values, value_frequencies(labels, values))
    assert policy.neighbour_threshold == NEVER


def test_half_of_the_labels_wrong_is_easier_than_one_in_twenty() -> None:
    probabilities, labels = honest(1500)
    policy = choose_policy(probabilities, labels, VALUES, value_frequencies(labels, VALUES))
    few, half = (measure_flags(probabilities, labels, VALUES, [policy] * 1500, rate) for rate in (0.05, 0.5))
    assert half["precision"] > few["precision"]
