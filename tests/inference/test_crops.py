"""Cutting a product out of its picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inference.crops import bounding_box, crop_region


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
