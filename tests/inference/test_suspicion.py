"""Labels weighed against predictions."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest

from inference.suspicion import COLOUR_NEIGHBOURS, Policy, assess, probability_wrong

VALUES = ("black", "navy", "white", "red")
POLICY = Policy(frequencies={"black": 0.5, "navy": 0.2, "white": 0.2, "red": 0.1})


def spread(**shares: float) -> dict[str, float]:
    """Probabilities with the rest spread evenly over the values not named."""
    others = [value for value in VALUES if value not in shares]
    rest = (1 - sum(shares.values())) / max(1, len(others))
    return {value: shares.get(value, rest) for value in VALUES}


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


def test_without_a_clear_lead_nothing_is_disputed() -> None:
    assert assess(spread(white=0.5, red=0.4), "red", POLICY).state == "ok"


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
    assert probability_wrong({"black": 0.8, "white": 0.2}, "white", policy) == pytest.approx(wrong / (wrong + right))


def test_p_wrong_falls_as_the_label_becomes_more_probable() -> None:
    suspicions = [probability_wrong(spread(red=share), "red", POLICY) for share in (0.0, 0.01, 0.1, 0.5, 0.99, 1.0)]
    assert suspicions == sorted(suspicions, reverse=True)
    assert all(0 <= suspicion <= 1 for suspicion in suspicions)


def test_more_mistakes_in_the_catalogue_make_every_label_more_suspicious() -> None:
    few, many = (probability_wrong(spread(white=0.9), "red", replace(POLICY, error_rate=rate)) for rate in (0.02, 0.3))
    assert few < many


def test_mistakes_fall_on_frequent_values() -> None:
    """With the same prediction, the word that shops use most is the likelier slip."""
    shares = {"black": 0.02, "navy": 0.94, "white": 0.02, "red": 0.02}
    assert probability_wrong(shares, "black", POLICY) > probability_wrong(shares, "red", POLICY)


def test_a_value_that_no_shop_has_given_can_still_be_weighed() -> None:
    policy = Policy(frequencies={"black": 1.0})
    suspicion = probability_wrong(spread(black=0.97), "red", policy)
    assert math.isfinite(suspicion)
    assert 0 < suspicion < 1


def test_the_correction_of_the_log_odds_is_applied() -> None:
    plain = probability_wrong(spread(white=0.9), "red", POLICY)
    odds = math.log(plain / (1 - plain))
    corrected = probability_wrong(spread(white=0.9), "red", replace(POLICY, slope=0.5, intercept=-1.0))
    assert math.log(corrected / (1 - corrected)) == pytest.approx(0.5 * odds - 1)


def test_a_policy_survives_a_model_card() -> None:
    policy = replace(POLICY, slope=0.7, intercept=-0.4, flag_threshold=0.61, neighbour_threshold=2.0)
    assert Policy.from_json(json.loads(json.dumps(policy.to_json()))) == policy


@pytest.mark.parametrize(
    ("field", "value"),
    [("error_rate", 0.0), ("error_rate", 1.0), ("slope", 0.0), ("flag_threshold", 1.5), ("margin", -0.1)],
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
