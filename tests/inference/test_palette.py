"""Colours measured inside a region."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PIL import Image

from inference.palette import LIMIT, lab_from_rgb, measure


def picture(*bands: tuple[int, int, int], size: tuple[int, int] = (120, 90)) -> Image.Image:
    """Vertical bands of equal width."""
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    for number, columns in enumerate(np.array_split(np.arange(size[0]), len(bands))):
        pixels[:, columns] = bands[number]
    return Image.fromarray(pixels)


def everywhere(image: Image.Image) -> np.ndarray:
    return np.ones((image.height, image.width), bool)


def test_one_colour_is_one_entry() -> None:
    image = picture((200, 30, 40))
    (entry,) = measure(image, everywhere(image))
    assert entry.hex == "#c81e28"
    assert entry.share == 1.0


def test_shares_follow_the_areas_largest_first() -> None:
    image = picture((10, 10, 10), (10, 10, 10), (240, 240, 240))
    entries = measure(image, everywhere(image))
    assert [entry.hex for entry in entries] == ["#0a0a0a", "#f0f0f0"]
    assert entries[0].share == pytest.approx(2 / 3, abs=0.03)


def test_nothing_outside_the_region_counts() -> None:
    image = picture((10, 160, 60), (250, 0, 0))
    region = everywhere(image)
    region[:, 60:] = False
    assert [entry.hex for entry in measure(image, region)] == ["#0aa03c"]


def test_the_outline_is_left_out() -> None:
    pixels = np.full((60, 60, 3), 255, np.uint8)
    pixels[19:41, 19:41] = (128, 128, 160)
    pixels[20:40, 20:40] = (0, 0, 120)
    region = np.zeros((60, 60), bool)
    region[19:41, 19:41] = True
    assert [entry.hex for entry in measure(Image.fromarray(pixels), region)] == ["#000078"]


def test_a_region_one_pixel_thin_is_still_measured() -> None:
    image = picture((30, 60, 90))
    region = np.zeros((image.height, image.width), bool)
    region[10, 5:80] = True
    assert [entry.hex for entry in measure(image, region)] == ["#1e3c5a"]


def test_noise_of_one_colour_is_not_split() -> None:
    random = np.random.default_rng(3)
    pixels = np.clip(random.normal((40, 90, 160), 4, (100, 100, 3)), 0, 255).astype(np.uint8)
    assert len(measure(Image.fromarray(pixels), np.ones((100, 100), bool))) == 1


def test_many_colours_are_cut_to_the_limit_and_still_add_up() -> None:
    random = np.random.default_rng(5)
    image = Image.fromarray(random.integers(0, 256, (80, 80, 3), dtype=np.uint8))
    entries = measure(image, everywhere(image))
    assert 2 <= len(entries) <= LIMIT
    assert sum(entry.share for entry in entries) == pytest.approx(1)
    assert [entry.share for entry in entries] == sorted((entry.share for entry in entries), reverse=True)


def test_the_same_picture_gives_the_same_palette() -> None:
    random = np.random.default_rng(5)
    image = Image.fromarray(random.integers(0, 256, (80, 80, 3), dtype=np.uint8))
    assert measure(image, everywhere(image)) == measure(image, everywhere(image))


def test_an_empty_region_has_no_palette() -> None:
    image = picture((1, 2, 3))
    assert measure(image, ~everywhere(image)) == ()


def test_it_rejects_a_region_of_another_size() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        measure(picture((1, 2, 3)), np.ones((10, 10), bool))


def test_a_large_picture_is_sampled_rather_than_read_whole() -> None:
    image = picture((200, 30, 40), (30, 30, 200), size=(1080, 1340))
    region = everywhere(image)
    measure(image, region)
    started = time.perf_counter()
    assert len(measure(image, region)) == 2
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_agrees_with_published_values(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    assert lab_from_rgb(np.array([rgb], np.uint8))[0] == pytest.approx(lab, abs=0.05)
