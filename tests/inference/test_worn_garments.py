"""Worn garments whose map is put right by the product type."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.contract import GROUPS
from inference.fit.data_shop import is_held_out_myntra
from inference.fit.data_worn import corrected, worn_garments
from inference.fit.segmentation_augment import IGNORED
from inference.fit.segmentation_data import Mixture, load_worn

TOP, BOTTOM, FULL_BODY = (GROUPS.index(name) for name in ("top", "bottom", "full_body"))


@pytest.fixture
def map_of_two() -> np.ndarray:
    """Person above, then a top, a piece of a dress, a bottom, and shoes."""
    groups = np.zeros((40, 20), np.uint8)
    groups[2:6, 8:12] = GROUPS.index("person")
    groups[6:16, 4:16] = TOP
    groups[16:20, 4:16] = FULL_BODY
    groups[20:32, 4:16] = BOTTOM
    groups[34:38, 6:14] = GROUPS.index("footwear")
    return groups


def test_all_garments_in_a_picture_of_a_dress_are_the_dress(map_of_two):
    right = corrected(map_of_two, FULL_BODY)
    assert right is not None
    assert (right[6:32, 4:16] == FULL_BODY).all()
    assert np.array_equal(right[:6], map_of_two[:6])
    assert np.array_equal(right[32:], map_of_two[32:])


@pytest.mark.parametrize("group", [TOP, BOTTOM])
def test_what_was_taken_for_a_dress_in_a_picture_of_something_else_is_not_known(map_of_two, group):
    right = corrected(map_of_two, group)
    assert right is not None
    assert (right[16:20, 4:16] == IGNORED).all()
    assert ((right == map_of_two) | (right == IGNORED)).all()


def test_a_product_that_was_hardly_found_teaches_nothing():
    groups = np.zeros((40, 20), np.uint8)
    groups[:2, :5] = TOP
    assert corrected(groups, TOP) is None


def test_held_out_names_and_doubtful_types_are_left_out_and_groups_drawn_alike(tmp_path: Path, map_of_two):
    names = [f"{number}.jpg" for number in range(60)]
    away = next(name for name in names if is_held_out_myntra(name))
    kept = [name for name in names if not is_held_out_myntra(name)][:8]
    rows = [
        (away, "Tshirts", "a plain tee"),
        (kept[0], "Tshirts", "a plain tee"),
        (kept[1], "Kurtas", "a kurta"),
        (kept[2], "Dresses", "a dress"),
        *((name, "Tshirts", f"tee {name}") for name in kept[3:]),
    ]
    (tmp_path / "images").mkdir()
    (tmp_path / "maps").mkdir()
    with (tmp_path / "labels.csv").open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines)
        writer.writerow(["file", "product_type", "name"])
        writer.writerows(rows)
    for name, *_ in rows[:-1]:
        Image.new("RGB", (20, 40), "white").save(tmp_path / "images" / name)
        Image.fromarray(map_of_two).save(tmp_path / "maps" / f"{Path(name).stem}.png")
    items = worn_garments(tmp_path, tmp_path / "maps")
    assert [(item.picture.name, item.group) for item in items] == [
        (kept[2], FULL_BODY),
        *((name, TOP) for name in kept[3:-1]),
    ]
    mixture = Mixture([], [], [], 0, 0, worn=load_worn(items), worn_per_epoch=40)
    assert len(mixture) == 40
    (_, groups), *_ = mixture.batches(40, (64, 32), torch.Generator().manual_seed(1))
    # One dress among many tops, and yet about every second sample.
    assert 10 <= int((groups == FULL_BODY).flatten(1).any(1).sum()) <= 30
