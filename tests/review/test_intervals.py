"""Intervals of shares and of paired differences."""

from __future__ import annotations

import pytest

from catalog_audit.review.intervals import Difference


def test_the_interval_of_a_paired_difference_is_that_of_bonett_and_price():
    found = Difference(14, 5, 100)
    assert found.value == pytest.approx(0.09)
    # (15 - 6) / 102 = 0.08824, and 1.96 * sqrt((15/102 + 6/102 - (9/102)^2) / 102) = 0.08637 to either side
    assert found.interval == pytest.approx((0.00186, 0.17461), abs=2e-5)


def test_questions_that_both_answer_alike_make_the_difference_surer():
    narrow, wide = Difference(4, 2, 1000).interval, Difference(4, 2, 50).interval
    assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 5


def test_nothing_says_nothing():
    assert Difference(0, 0, 0).value == 0
    assert Difference(0, 0, 0).interval == (-1.0, 1.0)
