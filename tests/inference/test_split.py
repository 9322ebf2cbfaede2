"""Held-out items stay held out, whoever asks and in whatever order."""

from __future__ import annotations

import pytest

from inference.fit.split import fold_of_design, hash_number, is_held_out_design, is_held_out_photo

DESIGNS = [str(number) for number in range(100_000, 105_000)]


def test_the_rule_is_the_stated_hash() -> None:
    assert hash_number("") == 0xE3B0C442


def test_about_one_design_in_five_is_held_out() -> None:
    assert 0.17 < sum(map(is_held_out_design, DESIGNS)) / len(DESIGNS) < 0.23


def test_about_three_photos_in_twenty_are_held_out() -> None:
    assert 0.12 < sum(map(is_held_out_photo, DESIGNS)) / len(DESIGNS) < 0.18


def test_folds_are_even_and_do_not_depend_on_what_is_held_out() -> None:
    held_out = [design for design in DESIGNS if is_held_out_design(design)]
    counts = [sum(fold_of_design(design, 4) == fold for design in held_out) for fold in range(4)]
    assert min(counts) > 0.7 * max(counts)


def test_a_single_fold_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        fold_of_design("1", 1)
