"""Items to train on: tables, masks, parts."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference.fit.classification_augment import augment, disturb_masks, plain
from inference.fit.data_shop import (
    CALIBRATION,
    EXTRA,
    RENDERED,
    TEST,
    TRAIN,
    Item,
    hm_garment_group,
    hm_items,
    load_crops,
    myntra_items,
    read_words,
    rendered_items,
)


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Four pictures: one with a colour nobody mapped, one without a mask, one set of several garments."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    rows = []
    for number, (kind, colour) in enumerate(
        [("Trousers", "Red"), ("Dress", "Silver"), ("Dress", "Red"), ("Garment Set", "Red"), ("T-shirt", "Dark Blue")]
    ):
        name = f"{number}.png"
        Image.new("RGB", (40, 60), (200, 0, 0)).save(tmp_path / "images" / name)
        rows.append({"file": name, "product_code": str(number), "product_type": kind, "colour": colour})
        if number != 2:
            mask = np.zeros((60, 40), np.uint8)
            mask[10:50, 10:30] = 255
            Image.fromarray(mask).save(tmp_path / "masks" / name)
    write_table(tmp_path / "labels.csv", rows)
    write_table(
        tmp_path / "words.csv",
        [{"raw": "Red", "value": "red"}, {"raw": "Dark Blue", "value": "navy"}, {"raw": "Silver", "value": ""}],
    )
    return tmp_path


def items_of(shop: Path) -> list[Item]:
    return hm_items(shop / "labels.csv", shop / "images", shop / "masks", read_words(shop / "words.csv"))


def test_only_mapped_outlined_single_garments_are_learnt_from(shop: Path) -> None:
    assert [(item.path.stem, item.garment_group, item.value) for item in items_of(shop)] == [
        ("0", "bottom", "red"),
        ("4", "top", "navy"),
    ]


@pytest.mark.parametrize(
    ("kind", "group"),
    [("Skirt", "bottom"), ("Dungarees", "full_body"), ("Bodysuit", "top"), ("Blazer", "top"), ("Garment Set", "")],
)
def test_the_product_type_names_the_garment_group(kind: str, group: str) -> None:
    assert hm_garment_group(kind) == group


def test_a_mask_of_groups_gives_the_region_of_the_products_group(tmp_path: Path) -> None:
    groups = np.zeros((20, 20), np.uint8)
    groups[:10], groups[10:] = 2, 3
    Image.fromarray(groups).save(tmp_path / "mask.png")
    item = Item(tmp_path / "x.png", tmp_path / "mask.png", True, "bottom", "red", "1")
    assert item.region()[10:].all()
    assert not item.region()[:10].any()


def test_parts_are_disjoint_by_design_and_have_their_shares() -> None:
    item = Item(Path("x"), Path("x"), False, "top", "red", "")
    parts = Counter(replace(item, design=str(number)).part for number in range(3000))
    assert parts[TEST] / 3000 == pytest.approx(0.2, abs=0.03)
    assert parts[CALIBRATION] / 3000 == pytest.approx(0.08, abs=0.02)
    assert parts[TRAIN] == 3000 - parts[TEST] - parts[CALIBRATION]


def test_drawn_products_of_one_design_share_a_part(tmp_path: Path) -> None:
    (tmp_path / "masks").mkdir()
    rows = []
    for number in (1, 2):
        Image.new("L", (10, 10), 2).save(tmp_path / "masks" / f"D1-{number}.png")
        rows.append(
            {
                "external_id": f"D1-{number}",
                "file": f"D1-{number}.jpg",
                "garment_group": "top",
                "true_colour": "red",
                "label_colour": "blue",
            }
        )
    write_table(tmp_path / "answers.csv", rows)
    first, second = rendered_items(tmp_path)
    assert first.design == second.design
    assert first.value == "red"
    assert first.origin == RENDERED
    assert first.grouped


def test_crops_skip_unknown_values_and_tiny_regions(shop: Path) -> None:
    tiny = np.zeros((60, 40), np.uint8)
    tiny[5, 5] = 255
    Image.fromarray(tiny).save(shop / "masks" / "4.png")
    crops = load_crops(items_of(shop), ["navy", "red"], 32)
    assert [item.path.stem for item in crops.items] == ["0"]
    assert crops.targets.tolist() == [[False, True]]
    assert crops.pixels.shape == (1, 3, 32, 32)
    assert crops.masks.shape == (1, 1, 32, 32)


def test_a_loose_word_may_mean_several_values(shop: Path) -> None:
    item = replace(items_of(shop)[0], value="red|navy")
    crops = load_crops([item, replace(item, value="red|paisley")], ["green", "navy", "red"], 32)
    assert crops.targets.tolist() == [[False, True, True]]


def test_the_second_shop_is_learnt_from_but_not_calibrated_on(tmp_path: Path) -> None:
    rows = []
    for number, kind in enumerate(("Shirts", "Jeans", "Sarees")):
        Image.new("L", (10, 10), 2).save(tmp_path / f"{number}.png")
        rows.append({"file": f"{number}.jpg", "product_type": kind, "colour": "Blue", "name": "Plain"})
    write_table(tmp_path / "labels.csv", rows)
    items = myntra_items(tmp_path / "labels.csv", tmp_path, tmp_path, {"Blue": "blue|light_blue"})
    assert [(item.garment_group, item.value, item.origin) for item in items] == [
        ("top", "blue|light_blue", EXTRA),
        ("bottom", "blue|light_blue", EXTRA),
    ]
    assert items[0].design == items[1].design


def test_no_usable_item_is_an_error(shop: Path) -> None:
    with pytest.raises(ValueError, match="no usable items"):
        load_crops(items_of(shop), ["green"], 32)


def square_batch() -> tuple[torch.Tensor, torch.Tensor]:
    pixels = torch.full((8, 3, 64, 64), 120, dtype=torch.uint8)
    pixels[:, 0] = 200
    masks = torch.zeros(8, 1, 64, 64, dtype=torch.uint8)
    masks[:, :, 12:52, 12:52] = 255
    return pixels, masks


def test_augmentation_keeps_ranges_sizes_and_hue() -> None:
    torch.manual_seed(1)
    pixels, masks = augment(*square_batch(), 48)
    assert pixels.shape == (8, 3, 48, 48)
    assert masks.shape == (8, 1, 48, 48)
    assert 0 <= float(masks.min()) <= float(masks.max()) <= 1
    red, green, blue = pixels[:, :, 24, 24].unbind(1)
    assert (red > 1.5 * green).all()
    assert (abs(green - blue) < 0.08 * green).all()


def test_augmentation_differs_from_picture_to_picture() -> None:
    torch.manual_seed(1)
    pixels, masks = augment(*square_batch(), 48)
    assert len({float(value) for value in pixels[:, 0, 24, 24]}) > 4
    assert len({round(float(value), 2) for value in masks.sum((1, 2, 3))}) > 4


def test_disturbed_masks_keep_two_thirds_of_the_product() -> None:
    torch.manual_seed(2)
    _, masks = plain(*square_batch(), 64)
    for _ in range(10):
        assert (disturb_masks(masks).sum((1, 2, 3)) >= 0.65 * masks.sum((1, 2, 3))).all()


@pytest.mark.shared_data
def test_the_real_table_gives_items_of_every_group(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "hm"
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(lines)):
            if number < 300:
                (tmp_path / f"{Path(row['file']).stem}.png").touch()
    items = hm_items(folder / "labels.csv", folder / "images", tmp_path, {"Black": "black", "White": "white"})
    assert {item.garment_group for item in items} == {"top", "bottom", "full_body"}
    assert {item.value for item in items} == {"black", "white"}
    assert all(item.path.exists() for item in items)
