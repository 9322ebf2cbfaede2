"""The part of the picture that is the product, or none instead of a guess."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from inference.contract import GROUPS
from inference.regions import region_of


def picture(**boxes: tuple[int, int, int, int]) -> NDArray[np.uint8]:
    """A group map of 120 x 80 with boxes (top, left, bottom, right)."""
    groups = np.zeros((120, 80), np.uint8)
    for name, (top, left, bottom, right) in boxes.items():
        groups[top:bottom, left:right] = GROUPS.index(name)
    return groups


def test_it_takes_the_wanted_garment_and_not_the_other_in_view() -> None:
    groups = picture(top=(10, 20, 50, 60), bottom=(50, 20, 110, 60))
    region = region_of(groups, "bottom")
    assert region is not None
    assert region.dtype == np.bool_
    assert np.array_equal(region, groups == GROUPS.index("bottom"))


def test_it_drops_specks() -> None:
    groups = picture(top=(10, 20, 60, 60))
    groups[100:103, 5:8] = GROUPS.index("top")
    region = region_of(groups, "top")
    assert region is not None
    assert region.sum() == 50 * 40


def test_it_keeps_both_halves_of_an_open_jacket() -> None:
    groups = picture(top=(10, 10, 60, 30))
    groups[10:60, 50:70] = GROUPS.index("top")
    region = region_of(groups, "top")
    assert region is not None
    assert region.sum() == 2 * 50 * 20


def test_a_long_top_that_looks_like_a_dress_is_found() -> None:
    region = region_of(picture(full_body=(10, 20, 110, 60)), "top")
    assert region is not None
    assert region.sum() == 100 * 40


def test_it_does_not_guess_between_two_other_garments() -> None:
    assert region_of(picture(top=(10, 20, 50, 60), bottom=(50, 20, 110, 60)), "full_body") is None


def test_a_top_is_never_taken_for_trousers() -> None:
    assert region_of(picture(top=(10, 20, 60, 60)), "bottom") is None
    assert region_of(picture(bottom=(10, 20, 60, 60)), "top") is None


def test_a_packshot_of_a_dress_called_partly_a_top_is_one_region() -> None:
    groups = picture(top=(10, 20, 50, 60), full_body=(50, 20, 100, 60), bottom=(100, 20, 110, 60))
    region = region_of(groups, "full_body")
    assert region is not None
    assert np.array_equal(region, groups > 0)


def test_a_jacket_worn_over_a_dress_is_not_the_dress() -> None:
    groups = picture(person=(0, 30, 10, 50), top=(10, 20, 50, 60), full_body=(50, 20, 110, 60))
    region = region_of(groups, "full_body")
    assert region is not None
    assert np.array_equal(region, groups == GROUPS.index("full_body"))


def test_a_garment_lying_apart_is_another_garment() -> None:
    groups = picture(top=(10, 10, 60, 35), full_body=(10, 45, 110, 75))
    region = region_of(groups, "full_body")
    assert region is not None
    assert np.array_equal(region, groups == GROUPS.index("full_body"))


def test_a_small_wrong_patch_does_not_draw_in_another_garment() -> None:
    groups = picture(top=(10, 5, 100, 75), bottom=(104, 5, 120, 75))
    groups[90:100, 20:35] = GROUPS.index("full_body")
    assert region_of(groups, "full_body") is None


def test_a_packshot_of_a_dress_called_a_top_but_for_a_patch_is_one_region() -> None:
    groups = picture(top=(10, 5, 100, 75))
    groups[90:100, 20:35] = GROUPS.index("full_body")
    region = region_of(groups, "full_body")
    assert region is not None
    assert np.array_equal(region, groups > 0)


def test_a_picture_without_a_garment_has_no_region() -> None:
    assert region_of(picture(person=(10, 20, 60, 60), footwear=(100, 20, 110, 60)), "top") is None


def test_a_few_pixels_are_no_product() -> None:
    assert region_of(picture(top=(10, 10, 18, 18)), "top") is None


def test_scattered_specks_are_no_product() -> None:
    groups = np.zeros((200, 200), np.uint8)
    groups[20:38, 20:40] = GROUPS.index("top")
    for row in range(60, 200, 10):
        groups[row : row + 3, ::10] = GROUPS.index("top")
    assert region_of(groups, "top") is None


def test_it_refuses_a_group_that_is_no_garment() -> None:
    with pytest.raises(ValueError, match="footwear"):
        region_of(picture(), "footwear")
