"""Cutting a product out of its picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inference.crops import bounding_box, crop_region, shape_of


def region_at(top: int, bottom: int, left: int, right: int, size: tuple[int, int] = (100, 80)) -> np.ndarray:
    region = np.zeros(size, bool)
    region[top:bottom, left:right] = True
    return region


def test_the_box_surrounds_the_region_with_a_margin() -> None:
    assert bounding_box(region_at(20, 60, 10, 60), margin=0.1) == (5, 16, 65, 64)


def test_the_box_stays_inside_the_picture() -> None:
    assert bounding_box(region_at(0, 100, 0, 80), margin=0.5) == (0, 0, 80, 100)


def test_it_rejects_an_empty_region() -> None:
    with pytest.raises(ValueError, match="empty"):
        bounding_box(np.zeros((10, 10), bool))


def test_it_rejects_a_region_of_another_size() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        crop_region(Image.new("RGB", (80, 100)), np.ones((80, 100), bool), 32)


def test_picture_and_mask_are_cut_alike() -> None:
    pixels = np.full((100, 80, 3), 255, np.uint8)
    pixels[30:70, 20:50] = (200, 0, 0)
    crop = crop_region(Image.fromarray(pixels), region_at(30, 70, 20, 50), 64)
    assert crop.pixels.shape == (64, 64, 3)
    assert crop.mask.shape == (64, 64)
    red = crop.pixels[:, :, 1] < 64
    assert (red == (crop.mask > 191)).mean() > 0.98


def test_other_modes_are_read_as_rgb() -> None:
    crop = crop_region(Image.new("L", (40, 40), 90), np.ones((40, 40), bool), 16)
    assert (crop.pixels == 90).all()


@pytest.mark.parametrize(
    ("region", "slimness", "filled"),
    [
        (region_at(10, 90, 20, 40), np.log(4), 1.0),
        (region_at(40, 60, 0, 80), -np.log(4), 1.0),
        (region_at(30, 60, 20, 50), 0.0, 1.0),
        (region_at(0, 20, 0, 40) | region_at(20, 40, 0, 20), 0.0, 0.75),
    ],
    ids=["slim", "broad", "square", "corner missing"],
)
def test_the_shape_tells_slimness_and_how_full_the_box_is(region: np.ndarray, slimness: float, filled: float) -> None:
    shape = shape_of(region)
    assert shape.dtype == np.float32
    assert shape == pytest.approx([slimness, filled], abs=1e-6)


def test_the_shape_depends_neither_on_place_nor_on_size() -> None:
    expected = pytest.approx(shape_of(region_at(10, 30, 10, 20)))
    assert shape_of(region_at(60, 80, 65, 75)) == expected
    assert shape_of(region_at(20, 80, 20, 50)) == expected


def test_an_empty_region_has_no_shape() -> None:
    with pytest.raises(ValueError, match="empty"):
        shape_of(np.zeros((10, 10), bool))
