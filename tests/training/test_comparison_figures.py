"""The arithmetic of a comparison."""

from __future__ import annotations

import pytest

from catalog_audit.training import comparison_figures as figures


def answer(top: str, truth: str = "navy", share: float = 0.9, other: str = "navy", **fields):
    """The candidate says ``top`` and the model in use ``other``."""

    def said(value: str) -> dict:
        return {"top": value, "share": share, "right": value == truth, "state": "ok", "p_wrong": 0.1}

    known = {"attribute": "colour", "group": "top", "label": truth, "truth": [truth], "sources": ["set"]}
    return known | {"verified": False, "candidate": said(top), "active": said(other)} | fields


def test_a_pair_counts_who_was_right_on_the_same_questions():
    found = figures.pair([answer("navy")] * 6 + [answer("navy", other="black")] * 3 + [answer("black")])
    assert (found["of"], found["candidate"], found["active"], found["difference"]) == (10, 9, 7, 0.2)
    assert found["low"] < 0.2 < found["high"]


def test_precision_goes_by_what_was_said_and_recall_by_what_is_true():
    found = figures.values([answer("navy"), answer("navy", truth="black"), answer("black", truth="navy")])["colour"]
    assert found["navy"]["candidate"] == {"precision": [1, 2], "recall": [1, 2]}
    assert found["black"]["candidate"] == {"precision": [0, 1], "recall": [0, 1]}


def test_answers_with_several_right_values_tell_nothing_of_one_value():
    assert figures.values([answer("navy", truth="navy") | {"truth": ["navy", "black"]}]) == {}


def test_reliability_compares_certainty_with_truth_bin_by_bin():
    found = figures.reliability([answer("navy", share=0.85)] * 3 + [answer("red", share=0.25)], "candidate")
    assert found["bins"] == [[0.25, 0, 1], [0.85, 3, 3]]
    assert found["error"] == pytest.approx((3 * 0.15 + 0.25) / 4)


def test_certainty_of_one_is_in_the_last_bin():
    assert figures.reliability([answer("navy", share=1.0)], "candidate")["bins"] == [[1.0, 1, 1]]


def test_speed_is_the_median_of_turns_and_the_first_one_only_warms_up():
    found = figures.speed([(32, 99.0, 99.0), (32, 3.2, 1.6), (16, 1.6, 0.8), (32, 6.4, 3.2)])
    assert found == {"pictures": 112, "candidate": 100.0, "active": 50.0}
    assert figures.speed([(10, 1.0, 2.0)]) == {"pictures": 10, "candidate": 100.0, "active": 200.0}
    assert figures.speed([]) == {"pictures": 0}


def test_flags_that_people_know_come_first():
    def flagged(p_wrong: float, verified: bool):
        one = answer("black", verified=verified)
        one["candidate"] |= {"state": "flagged", "p_wrong": p_wrong}
        return one

    told = figures.flags([flagged(0.99, False), flagged(0.8, True), flagged(0.9, True)])["gained"]
    assert [one["candidate"]["p_wrong"] for one in told["examples"]] == [0.9, 0.8, 0.99]
    assert (told["number"], told["known"], told["wrong"]) == (3, 2, 0)


def test_figures_of_nothing_are_empty():
    found = figures.figures_of([])
    assert (found["answers"], found["evidence"], found["values"]) == (0, {}, {})
