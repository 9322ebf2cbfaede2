"""Temperature, thresholds and measured flags, on predictions made up with known properties."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from inference.fit.classification_policy import (
    NEVER,
    choose_measured_weight,
    choose_policy,
    fit_temperature,
    settle_policy,
    value_frequencies,
)
from inference.fit.flag_figures import BY_FREQUENCY, Judge, calibration_error, planted_figures
from inference.suspicion import DISPUTED, FLAGGED, Policy

VALUES = ("black", "white", "red", "green", "blue")


def honest(count: int, sharpness: float = 4.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Logits, their probabilities, and labels drawn from exactly these probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, sharpness, (count, len(VALUES))).astype(np.float32)
    probabilities = softmax(logits)
    labels = np.array([random.choice(len(VALUES), p=row / row.sum()) for row in probabilities.astype(float)])
    return logits, probabilities, labels


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True)).astype(np.float32)


def judge(probabilities: np.ndarray, policy: Policy, values: tuple[str, ...] = VALUES) -> Judge:
    return Judge(probabilities, values, policy, np.eye(len(values), dtype=bool))


def test_calibrated_predictions_need_no_temperature() -> None:
    logits, _, labels = honest(4000)
    assert fit_temperature(logits, labels) == pytest.approx(1, abs=0.08)


def test_overconfidence_is_measured_and_undone() -> None:
    logits, probabilities, labels = honest(4000)
    temperature = fit_temperature(2 * logits, labels)
    assert temperature == pytest.approx(2, abs=0.2)

    def distance(shares: np.ndarray) -> float:
        return calibration_error(shares.max(1), shares.argmax(1) == labels)

    assert distance(softmax(2 * logits)) > 2 * distance(probabilities)


def test_no_value_is_impossible_and_frequencies_add_up() -> None:
    frequencies = value_frequencies(np.array([0, 0, 1]), VALUES)
    assert sum(frequencies.values()) == pytest.approx(1)
    assert frequencies["black"] > frequencies["white"] > frequencies["red"] > 0


def test_the_chosen_policy_is_as_precise_as_asked_on_other_designs() -> None:
    _, probabilities, labels = honest(2500)
    policy = choose_policy(probabilities, labels, VALUES, value_frequencies(labels, VALUES))
    _, others, their_labels = honest(2500, seed=9)
    figures = planted_figures(judge(others, policy), their_labels, 0.05, BY_FREQUENCY, repeats=5)
    assert figures["precision"] > 0.6
    assert figures["recall"] > 0.3


def test_corrected_suspicion_is_a_probability() -> None:
    logits, _, labels = honest(3000)
    bold = softmax(2.5 * logits)
    policy = choose_policy(bold, labels, VALUES, value_frequencies(labels, VALUES))
    others, _, their_labels = honest(3000, seed=9)
    bolder = softmax(2.5 * others)
    corrected, plain = (
        planted_figures(judge(bolder, one), their_labels, 0.5, BY_FREQUENCY, repeats=3)["calibration_error"]
        for one in (policy, Policy(frequencies=policy.frequencies))
    )
    assert corrected < 0.05
    assert corrected < plain


def test_blind_predictions_flag_nothing() -> None:
    random = np.random.default_rng(2)
    labels = random.integers(0, 5, 400)
    probabilities = random.dirichlet(np.ones(5), 400).astype(np.float32)
    policy = choose_policy(probabilities, labels, VALUES, value_frequencies(labels, VALUES))
    figures = planted_figures(judge(probabilities, policy), labels, 0.05, BY_FREQUENCY, repeats=5)
    assert figures["flagged"] < 0.03


def test_a_threshold_that_precision_never_reaches_is_never_met() -> None:
    """Neighbours that the predictions cannot tell apart are left to dispute."""
    random = np.random.default_rng(2)
    values = ("navy", "black")
    labels = random.integers(0, 2, 600)
    share = random.uniform(0, 1, 600)
    probabilities = np.stack([share, 1 - share], 1).astype(np.float32)
    policy = choose_policy(probabilities, labels, values, value_frequencies(labels, values))
    assert policy.neighbour_threshold == NEVER


def verified(count: int = 600, seed: int = 5) -> tuple[Judge, np.ndarray, np.ndarray, np.ndarray]:
    """Labels looked at by eye: most right, one in eight arguable (two values alike), one in twenty plainly wrong."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, len(VALUES), count)
    shares = np.full((count, len(VALUES)), 0.002, np.float32)
    shares[np.arange(count), labels] = 0.992
    arguable, wrong = np.arange(count) % 8 == 1, np.arange(count) % 20 == 2
    wrong &= ~arguable
    other = (labels + 1) % len(VALUES)
    shares[arguable] = 0.01
    shares[arguable, labels[arguable]] = random.uniform(0.2, 0.5, arguable.sum())
    shares[arguable, other[arguable]] = 0.97 - shares[arguable, labels[arguable]]
    given = np.where(wrong, other, labels)
    policy = Policy(frequencies=dict.fromkeys(VALUES, 0.2))
    return judge(shares, policy), given, wrong, arguable


def test_verified_labels_settle_what_is_flagged_and_what_is_disputed() -> None:
    judged, labels, wrong, arguable = verified()
    policy = settle_policy(judged, labels, wrong, arguable)
    others, their_labels, their_wrong, their_arguable = verified(seed=6)
    states = replace(others, policy=policy).weighed(their_labels).states
    assert (states[their_wrong] == FLAGGED).all()
    assert (states[their_arguable] == DISPUTED).mean() > 0.6
    assert (states[~their_wrong & ~their_arguable] == "ok").all()


def test_settling_keeps_the_correction() -> None:
    judged, labels, wrong, arguable = verified()
    judged = replace(judged, policy=replace(judged.policy, slope=0.8, intercept=0.1))
    policy = settle_policy(judged, labels, wrong, arguable)
    assert (policy.slope, policy.intercept) == (0.8, 0.1)


def test_measured_colours_weigh_what_they_are_worth() -> None:
    judged, labels, wrong, _ = verified()
    blind = replace(judged, probabilities=np.full_like(judged.probabilities, 0.2))
    telling = np.where(np.eye(len(VALUES), dtype=bool)[labels], np.where(wrong, 0.0, 0.9)[:, None], 0.1)
    assert choose_measured_weight(replace(blind, measured=telling), labels, wrong) > 0
    misleading = 0.9 - telling
    assert choose_measured_weight(replace(judged, measured=misleading), labels, wrong) == 0
