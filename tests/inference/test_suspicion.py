"""Labels weighed against predictions."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from inference.suspicion import (
    COLOUR_NEIGHBOURS,
    Policy,
    assess,
    estimate_error_rate,
    log_ratios,
    probability_wrong,
    weigh,
)

VALUES = ("black", "navy", "white", "red")
POLICY = Policy(frequencies={"black": 0.5, "navy": 0.2, "white": 0.2, "red": 0.1})


def spread(**shares: float) -> dict[str, float]:
    """Probabilities with the rest spread evenly over the values not named."""
    others = [value for value in VALUES if value not in shares]
    rest = (1 - sum(shares.values())) / max(1, len(others))
    return {value: shares.get(value, rest) for value in VALUES}


def suspicion(probabilities: dict[str, float], label: str, policy: Policy) -> float:
    """p_wrong of one label."""
    found = assess(probabilities, label, policy).p_wrong
    assert found is not None
    return found


def ratio(probabilities: dict[str, float], label: str, policy: Policy) -> float:
    """Log-likelihood ratio of one label, before any correction."""
    values = list(probabilities)
    frequencies = np.array([policy.frequencies.get(value, 0.0) for value in values])
    shares = np.array([list(probabilities.values())], np.float32)
    return float(log_ratios(shares, np.array([[value == label for value in values]]), frequencies)[0])


def test_a_label_that_the_network_shares_is_ok() -> None:
    assessment = assess(spread(red=0.9), "red", POLICY)
    assert assessment.state == "ok"
    assert assessment.p_wrong is not None
    assert assessment.p_wrong < 0.05
    assert assessment.suggested == "red"


def test_a_label_that_is_surely_another_is_flagged() -> None:
    assessment = assess(spread(red=0.999), "white", POLICY)
    assert assessment.state == "flagged"
    assert assessment.p_wrong is not None
    assert assessment.p_wrong > 0.9
    assert assessment.suggested == "red"


def test_neighbouring_values_are_disputed_where_others_are_flagged() -> None:
    strict = replace(POLICY, neighbour_threshold=0.9999)
    assert assess(spread(navy=0.998, black=0.0005), "black", strict).state == "disputed"
    assert assess(spread(navy=0.998, red=0.0005), "red", strict).state == "flagged"


def test_a_neighbour_is_flagged_once_its_own_threshold_is_reached() -> None:
    assert (
        assess(spread(navy=0.9997, black=0.0001), "black", replace(POLICY, neighbour_threshold=0.9)).state == "flagged"
    )


def test_a_neighbour_threshold_above_one_never_flags() -> None:
    policy = replace(POLICY, neighbour_threshold=2.0)
    assert assess({"black": 0.0, "navy": 1.0, "white": 0.0, "red": 0.0}, "black", policy).state == "disputed"


def test_a_label_inside_the_prediction_set_is_disputed_and_not_flagged() -> None:
    policy = replace(POLICY, flag_threshold=0.05, set_threshold=0.1)
    assert assess(spread(white=0.8, red=0.15), "red", policy).state == "disputed"
    assert assess(spread(white=0.8, red=0.05), "red", policy).state == "flagged"


def test_a_label_with_a_strong_rival_is_disputed_though_it_is_the_likeliest() -> None:
    assert assess(spread(white=0.6, red=0.35), "white", POLICY).state == "disputed"
    assert assess(spread(white=0.8, red=0.15), "white", POLICY).state == "ok"


def test_a_coarser_word_means_the_finer_values_too() -> None:
    shares = spread(navy=0.97)
    assert assess(shares, "black", POLICY).state != "ok"
    covered = assess(shares, "black", POLICY, covers=("navy",))
    assert covered.state == "ok"
    assert covered.p_wrong is not None
    assert covered.p_wrong < 0.05


def test_a_value_unknown_to_the_network_has_no_suspicion() -> None:
    assessment = assess(spread(red=0.9), "paisley", POLICY)
    assert assessment.p_wrong is None
    assert assessment.state == "ok"
    assert assessment.suggested == "red"


def test_it_rejects_a_prediction_without_values() -> None:
    with pytest.raises(ValueError, match="no probabilities"):
        assess({}, "red", POLICY)


def test_alternatives_are_the_most_probable_first_and_at_most_five() -> None:
    shares = {f"value{number}": share for number, share in enumerate((0.05, 0.3, 0.1, 0.2, 0.05, 0.15, 0.15))}
    policy = Policy(frequencies=dict.fromkeys(shares, 1 / 7))
    names = [value for value, _ in assess(shares, "value0", policy).alternatives]
    assert names == ["value1", "value3", "value5", "value6", "value2"]


def test_p_wrong_is_bayes_rule() -> None:
    """Two values used equally often: a mistake turns one into the other."""
    policy = Policy(frequencies={"black": 0.5, "white": 0.5}, error_rate=0.1)
    wrong, right = 0.1 * 0.8, 0.9 * 0.2
    assert suspicion({"black": 0.8, "white": 0.2}, "white", policy) == pytest.approx(wrong / (wrong + right))


def test_p_wrong_falls_as_the_label_becomes_more_probable() -> None:
    suspicions = [suspicion(spread(red=share), "red", POLICY) for share in (0.0, 0.01, 0.1, 0.5, 0.99, 1.0)]
    assert suspicions == sorted(suspicions, reverse=True)
    assert all(0 <= found <= 1 for found in suspicions)


def test_more_mistakes_in_the_catalogue_make_every_label_more_suspicious() -> None:
    few, many = (suspicion(spread(white=0.9), "red", replace(POLICY, error_rate=rate)) for rate in (0.02, 0.3))
    assert few < many


def test_mistakes_fall_on_frequent_values() -> None:
    """With the same prediction, the word that shops use most is the likelier slip."""
    shares = {"black": 0.02, "navy": 0.94, "white": 0.02, "red": 0.02}
    assert suspicion(shares, "black", POLICY) > suspicion(shares, "red", POLICY)


def test_a_value_that_no_shop_has_given_can_still_be_weighed() -> None:
    policy = Policy(frequencies={"black": 1.0})
    found = suspicion(spread(black=0.97), "red", policy)
    assert math.isfinite(found)
    assert 0 < found < 1


def test_the_correction_of_the_ratio_is_applied_before_the_prior() -> None:
    policy = replace(POLICY, slope=0.5, intercept=-1.0, error_rate=0.2)
    found = suspicion(spread(white=0.9), "red", policy)
    wanted = 0.5 * ratio(spread(white=0.9), "red", POLICY) - 1 + math.log(0.2 / 0.8)
    assert math.log(found / (1 - found)) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("rate", [0.05, 0.5])
def test_the_share_of_errors_is_found_in_the_catalogue(rate: float) -> None:
    """Labels whose ratios are exactly right: the estimate comes near the share that was put in."""
    random = np.random.default_rng(4)
    wrong = random.random(4000) < rate
    ratios = random.normal(np.where(wrong, 4.0, -4.0), math.sqrt(8.0))
    assert estimate_error_rate(ratios, POLICY) == pytest.approx(rate, abs=0.02)


def test_a_catalogue_without_labels_has_the_assumed_share_of_errors() -> None:
    assert estimate_error_rate(np.zeros(0), POLICY) == POLICY.error_rate


def test_many_labels_are_weighed_as_one_by_one() -> None:
    random = np.random.default_rng(5)
    shares = random.dirichlet(np.ones(4) * 0.3, 50).astype(np.float32)
    labels = random.integers(0, 4, 50)
    together = weigh(shares, np.eye(4, dtype=bool)[labels], VALUES, POLICY)
    for row, label in enumerate(labels):
        alone = assess(dict(zip(VALUES, shares[row].tolist(), strict=True)), VALUES[label], POLICY)
        assert alone.state == together.states[row]
        assert alone.p_wrong == pytest.approx(together.p_wrong[row], abs=1e-6)
        assert alone.suggested == VALUES[together.best[row]]


def test_less_certain_corrections_pull_towards_the_prior() -> None:
    far, near = (probability_wrong(np.array([6.0]), replace(POLICY, slope=slope))[0] for slope in (1.0, 0.3))
    assert far > near > POLICY.error_rate


def test_a_policy_survives_a_model_card() -> None:
    policy = replace(POLICY, slope=0.7, intercept=-0.4, flag_threshold=0.61, neighbour_threshold=2.0)
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    ("field", "value"),
    [("error_rate", 0.0), ("error_rate", 1.0), ("slope", 0.0), ("flag_threshold", 1.5), ("rival_threshold", -0.1)],
)
def test_it_rejects_a_policy_out_of_range(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        replace(POLICY, **{field: value})


def test_it_rejects_a_card_with_an_unknown_field() -> None:
    with pytest.raises(TypeError):
        Policy.from_json({**POLICY.to_json(), "colour": "red"})


def test_neighbours_are_pairs_of_different_values() -> None:
    assert all(len(pair) == 2 for pair in COLOUR_NEIGHBOURS)
    assert POLICY.are_neighbours("black", "navy")
    assert POLICY.are_neighbours("navy", "black")
    assert not POLICY.are_neighbours("black", "red")
