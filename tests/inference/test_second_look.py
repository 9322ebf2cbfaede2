"""Probabilities that labels are wrong, learnt from verdicts, and the threshold that a wanted precision asks for."""

from __future__ import annotations

import numpy as np
import pytest

from inference.fit.second_look import learn_second_look
from inference.second_look import (
    SecondLook,
    adapted,
    identity,
    learn,
    lowest_threshold,
    outlook,
    prior_of,
    save_shipped,
    shipped,
)
from inference.witnesses import NAMES


def drawn(slope: float, intercept: float, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Evidence of one column, and verdicts by the logistic regression with that slope and intercept."""
    random = np.random.default_rng(seed)
    evidence = random.normal(-1, 2, (count, 1))
    return evidence, random.random(count) < 1 / (1 + np.exp(-(slope * evidence[:, 0] + intercept)))


def test_without_verdicts_the_first_look_stands():
    evidence = np.array([[-3.0], [0.0], [2.0]])
    look = learn(identity(0.05), np.empty((0, 1)), np.empty(0, bool))
    assert look.p_wrong(evidence) == pytest.approx(1 / (1 + np.exp([3.0, 0.0, -2.0])))


def test_many_verdicts_outweigh_the_prior_and_few_do_not():
    prior = identity(0.05)
    assert learn(prior, *drawn(0.6, -1.5, 4000)).coefficients == pytest.approx([0.6, -1.5], abs=0.12)
    assert learn(prior, np.array([[1.0]]), np.array([False])).coefficients[0] == pytest.approx(1.0, abs=0.25)


def test_the_interval_narrows_with_verdicts():
    evidence, contradicted = drawn(1, 0, 500, seed=3)[0], np.ones(500, bool)
    before = outlook(identity(0.05), evidence, contradicted, [0.6])[0]
    after = outlook(learn(identity(0.05), *drawn(1, 0, 800)), evidence, contradicted, [0.6])[0]
    assert after.high - after.low < (before.high - before.low) / 2
    assert before.low < before.expected < before.high


def test_a_rarely_shown_error_counts_more_but_not_without_bound():
    evidence, wrong = np.array([[-4.0]] * 20), np.array([True] + [False] * 19)
    alone = learn(identity(0.05), evidence, wrong).p_wrong(evidence)[0]
    weighed = learn(identity(0.05), evidence, wrong, np.array([5.0] + [1.0] * 19)).p_wrong(evidence)[0]
    immense = learn(identity(0.05), evidence, wrong, np.array([1e6] + [1.0] * 19)).p_wrong(evidence)[0]
    assert alone < weighed < immense < 0.6


def test_verdicts_are_learnt_from_to_the_optimum():
    evidence, wrong = drawn(0.8, -0.5, 300, seed=5)
    prior = identity(0.05)
    found = learn(prior, evidence, wrong)
    rows = np.column_stack([evidence, np.ones(len(evidence))])
    slope = rows.T @ (found.p_wrong(evidence) - wrong) + prior.precision @ (found.coefficients - prior.coefficients)
    assert slope == pytest.approx([0, 0], abs=1e-5)


def test_a_shop_with_more_errors_is_more_suspicious():
    random = np.random.default_rng(2)
    wrong = random.random(4000) < 0.4
    evidence = random.normal(np.where(wrong, 1, -1), 1)[:, None]
    look = SecondLook(np.array([2.0, np.log(0.1 / 0.9)]), np.eye(2), 0.1)  # learnt where a tenth is wrong
    shifted = adapted(look, evidence)
    assert look.p_wrong(evidence).mean() < 0.32
    assert shifted.p_wrong(evidence).mean() == pytest.approx(0.4, abs=0.02)
    assert adapted(look, np.empty((0, 1))).shift == 0


def test_the_threshold_is_the_lowest_whose_mean_reaches_the_wanted_precision():
    p = np.array([0.9, 0.8, 0.7, 0.4, 0.1])
    assert lowest_threshold(p, 0.5) == 0.7  # what is probably right is never flagged
    assert lowest_threshold(p, 0.8) == 0.7
    assert lowest_threshold(p, 0.85) == 0.8
    assert lowest_threshold(p, 0.95) == 0.95  # whatever may come
    assert lowest_threshold(np.empty(0), 0.75) == 0.75


def test_a_higher_precision_never_gives_more_flags():
    evidence = drawn(1, 0, 400)[0]
    found = outlook(identity(0.05), evidence, evidence[:, 0] > -1, [0.5, 0.7, 0.9, 0.999])
    assert [one.flags for one in found] == sorted((one.flags for one in found), reverse=True)
    assert all(one.expected >= one.wanted for one in found if one.expected is not None)
    assert found[-1].expected is None


def test_what_was_learnt_elsewhere_counts_for_less():
    look = learn(identity(0.05), *drawn(1, 0, 500))
    assert prior_of(look, 0.25).precision == pytest.approx(look.precision / 4)


def test_it_survives_json(tmp_path):
    look = learn(identity(0.05), *drawn(1, 0, 50))
    again = SecondLook.from_json(look.to_json())
    assert again.coefficients == pytest.approx(look.coefficients, abs=1e-6)
    assert (again.rate, again.shift) == (look.rate, look.shift)
    path = save_shipped({"colour": look}, tmp_path / "looks.json")
    assert list(tmp_path.iterdir()) == [path]


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="3 coefficients"):
        SecondLook(np.zeros(3), np.eye(2), 0.05)
    with pytest.raises(ValueError, match="rate"):
        SecondLook(np.zeros(2), np.eye(2), 1.0)


def test_the_shipped_look_knows_all_witnesses_and_their_directions():
    look = shipped()["colour"]
    assert len(look.coefficients) == len(NAMES) + 1
    by_name = dict(zip(NAMES, look.coefficients, strict=False))
    assert all(by_name[name] > 0 for name in ("ratio", "measured", "usage", "distance"))
    assert by_name["spread"] < 0  # several colours: two words may be right


def test_planted_slips_turn_the_direction_but_not_the_level():
    random = np.random.default_rng(7)
    evidence = random.normal(0, 1, (600, 2))
    wrong = random.random(600) < 1 / (1 + np.exp(-(2 * evidence[:, 0] - 2)))
    planted = random.normal([3, 3], 0.5, (600, 2))
    plain = learn_second_look(evidence, wrong, np.ones(600, bool), np.empty((0, 2)))
    both = learn_second_look(evidence, wrong, np.ones(600, bool), planted)
    assert both.coefficients[1] > plain.coefficients[1] + 0.1
    assert both.p_wrong(evidence).mean() == pytest.approx(wrong.mean(), abs=0.005)
    assert both.rate == pytest.approx(wrong.mean(), abs=0.005)
