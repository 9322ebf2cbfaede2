"""Items to train on: tables, masks, parts, folds."""

from __future__ import annotations

import csv
import hashlib
import json
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
    EITHER,
    FOLDS,
    HM,
    MYNTRA,
    MYNTRA_LOOSELY,
    MYNTRA_PATTERNS,
    RENDERED,
    TEST,
    TRAIN,
    Crops,
    Item,
    digest_of,
    hm_garment_group,
    hm_items,
    is_held_out_myntra,
    load_crops,
    myntra_items,
    rendered_items,
    targets_of,
    widened,
    with_meanings,
)
from inference.fit.split import is_held_out_design
from inference.fit.values import VALUES

#: What the words of the small shop below mean; nobody mapped "Silver".
WORDS = {
    "colour": {"Red": "red", "Dark Blue": "navy"},
    "garment_type": {"Trousers": "trousers", "T-shirt": "t_shirt", "Dress": "dress"},
    "length": {"Long": "maxi"},
}


def write_table(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Six pictures: one with words nobody mapped, one without a mask, one set of several garments."""
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    rows = []
    kinds = ("Trousers", "Bodysuit", "Dress", "Garment Set", "T-shirt", "Trousers")
    colours = ("Red", "Silver", "Red", "Red", "Dark Blue", "Silver")
    for number, (kind, colour) in enumerate(zip(kinds, colours, strict=True)):
        name = f"{number}.png"
        Image.new("RGB", (40, 60), (200, 0, number)).save(tmp_path / "images" / name)
        length = "Long" if number == 0 else ""
        rows.append({"file": name, "product_code": str(number), "product_type": kind, "colour": colour})
        rows[-1] |= {"pattern": "Solid", "length": length}
        if number != 2:
            mask = np.zeros((60, 40), np.uint8)
            mask[10:50, 10:30] = 2 if kind == "T-shirt" else 3
            Image.fromarray(mask).save(tmp_path / "masks" / name)
    write_table(tmp_path / "labels.csv", rows)
    return tmp_path


def items_of(shop: Path) -> list[Item]:
    return hm_items(shop, shop / "masks", WORDS)


def test_only_mapped_outlined_single_garments_are_learnt_from(shop: Path) -> None:
    assert [(item.path.stem, item.garment_group, item.values) for item in items_of(shop)] == [
        ("0", "bottom", {"colour": "red", "garment_type": "trousers", "length": "maxi"}),
        ("4", "top", {"colour": "navy", "garment_type": "t_shirt"}),
        ("5", "bottom", {"garment_type": "trousers"}),
    ]
    assert {item.origin for item in items_of(shop)} == {HM}
    assert all(item.held_out == is_held_out_design(item.design) for item in items_of(shop))


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
    item = Item(tmp_path / "x.png", tmp_path / "mask.png", "bottom", {}, "1")
    assert item.region()[10:].all()
    assert not item.region()[:10].any()


def test_a_mask_without_the_product_gives_no_region(tmp_path: Path) -> None:
    Image.new("L", (20, 30)).save(tmp_path / "mask.png")
    region = Item(tmp_path / "x.png", tmp_path / "mask.png", "top", {}, "1").region()
    assert region.shape == (30, 20)
    assert not region.any()


def of_designs(count: int) -> list[Item]:
    """Items without files of so many H&M designs."""
    return [
        Item(Path("x"), Path("x"), "top", {}, str(number), held_out=is_held_out_design(str(number)))
        for number in range(count)
    ]


def test_parts_have_their_shares() -> None:
    parts = Counter(item.part for item in of_designs(3000))
    assert parts[TEST] / 3000 == pytest.approx(0.2, abs=0.03)
    assert parts[CALIBRATION] / 3000 == pytest.approx(0.8 / 12, abs=0.02)
    assert parts[TRAIN] == 3000 - parts[TEST] - parts[CALIBRATION]


def test_folds_are_even_in_every_part() -> None:
    items = of_designs(6000)
    for part in (TRAIN, CALIBRATION, TEST):
        folds = Counter(item.fold for item in items if item.part == part)
        assert set(folds) == set(range(FOLDS))
        assert min(folds.values()) > 0.75 * max(folds.values())


def test_part_and_fold_follow_the_design_alone() -> None:
    for item in of_designs(50):
        twin = replace(item, path=Path("y"), garment_group="bottom", values={"colour": "red"}, origin=MYNTRA)
        assert (twin.part, twin.fold) == (item.part, item.fold)


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
    assert (first.part, first.fold) == (second.part, second.fold)
    assert first.values == {"colour": "red"}
    assert first.origin == RENDERED
    assert first.held_out == is_held_out_design(first.design)


def test_crops_skip_unknown_values_and_tiny_regions(shop: Path) -> None:
    tiny = np.zeros((60, 40), np.uint8)
    tiny[5, 5] = 2
    Image.fromarray(tiny).save(shop / "masks" / "4.png")
    crops = load_crops(items_of(shop), {"colour": ("navy", "red"), "length": ("mini", "maxi")}, 32)
    assert [item.path.stem for item in crops.items] == ["0"]
    assert crops.targets["colour"].tolist() == [[False, True]]
    assert crops.targets["length"].tolist() == [[False, True]]
    assert crops.pixels.shape == (1, 3, 32, 32)
    assert crops.masks.shape == (1, 1, 32, 32)
    assert crops.shapes.tolist() == [[pytest.approx(np.log(2)), 1.0]]


def test_pictures_without_a_known_label_are_not_even_opened(shop: Path) -> None:
    (shop / "images" / "5.png").unlink()
    (shop / "masks" / "5.png").write_bytes(b"")
    assert len(load_crops(items_of(shop), {"colour": ("navy", "red")}, 32)) == 2


def test_a_missing_label_leaves_its_row_empty(shop: Path) -> None:
    crops = load_crops(items_of(shop), {"colour": ("navy", "red"), "garment_type": ("trousers",)}, 32)
    assert [item.path.stem for item in crops.items] == ["0", "4", "5"]
    assert crops.targets["colour"].tolist() == [[False, True], [True, False], [False, False]]
    assert crops.targets["garment_type"].tolist() == [[True], [False], [True]]


def test_crops_of_some_rows_keep_everything_together(shop: Path) -> None:
    crops = load_crops(items_of(shop), {"colour": ("navy", "red"), "garment_type": ("trousers",)}, 32)
    some = crops.only([2, 0])
    assert [item.path.stem for item in some.items] == ["5", "0"]
    assert some.targets["colour"].tolist() == [[False, False], [False, True]]
    assert some.pixels[:, 2, 16, 16].tolist() == [5, 0]
    assert len(some.masks) == len(some.shapes) == len(some) == 2


def test_a_loose_word_may_mean_several_values(shop: Path) -> None:
    item = items_of(shop)[0]
    items = [replace(item, values={"colour": word}) for word in ("red|navy", "red|paisley", "paisley")]
    targets = targets_of(items, ("green", "navy", "red"), "colour")
    assert targets.tolist() == [[False, True, True], [False, False, True], [False, False, False]]
    assert not targets_of(items, ("solid",), "pattern").any()


@pytest.fixture
def second_shop(tmp_path: Path) -> Path:
    """Pictures of the second shop: file, type, colour, name, attributes."""
    table = [
        ("0.jpg", "Shirts", "Blue", "Plain", {}),
        ("1.jpg", "Jeans", "Blue", "Plain", {"Pattern": "Washed"}),
        ("2.jpg", "Sarees", "Blue", "Fine", {}),
        ("3.jpg", "Shirts", "Blue", "Garden", {"Pattern": "Printed", "Print or Pattern Type": "Floral"}),
        ("4.jpg", "Shirts", "Mustard", "Meadow", {"Pattern": "Checked", "Print or Pattern Type": "Floral"}),
        ("5.jpg", "Shirts", "Mustard", "Nothing", {}),
    ]
    rows = []
    for file, kind, colour, name, attributes in table:
        Image.new("L", (10, 10), 2).save(tmp_path / f"{Path(file).stem}.png")
        row = {"file": file, "product_type": kind, "colour": colour, "name": name}
        rows.append({**row, "attributes": json.dumps(attributes)})
    rows[0]["attributes"] = ""
    write_table(tmp_path / "labels.csv", rows)
    return tmp_path


def test_the_second_shop_tells_patterns_and_flowers_in_its_own_words(second_shop: Path) -> None:
    items = myntra_items(second_shop, second_shop, {"colour": {"Blue": "blue"}})
    assert [(item.path.stem, item.garment_group, item.values) for item in items] == [
        ("0", "top", {"colour": "blue"}),
        ("1", "bottom", {"colour": "blue"}),
        ("3", "top", {"colour": "blue|floral_print", "pattern": "all_over_print|placement_print"}),
        ("4", "top", {"pattern": "check"}),
    ]
    assert {item.origin for item in items} == {MYNTRA}
    assert items[0].design == items[1].design != items[2].design


def test_attributes_that_are_no_json_tell_nothing(second_shop: Path) -> None:
    rows = [{"file": "0.jpg", "product_type": "Shirts", "colour": "Blue", "name": "Plain", "attributes": "{'Pat"}]
    write_table(second_shop / "labels.csv", rows)
    (item,) = myntra_items(second_shop, second_shop, {"colour": {"Blue": "blue"}})
    assert item.values == {"colour": "blue"}


def test_a_held_out_file_of_the_second_shop_takes_its_whole_design_along(tmp_path: Path) -> None:
    rows = []
    for number in range(120):
        Image.new("L", (4, 4), 2).save(tmp_path / f"{number}.png")
        row = {"file": f"{number}.jpg", "product_type": "Shirts", "colour": "Blue", "name": f"name {number // 3}"}
        rows.append({**row, "attributes": ""})
    write_table(tmp_path / "labels.csv", rows)
    items = myntra_items(tmp_path, tmp_path, {"colour": {"Blue": "blue"}})
    for start in range(0, 120, 3):
        design = items[start : start + 3]
        held_out = any(is_held_out_myntra(item.path.name) for item in design)
        assert {item.held_out for item in design} == {held_out}
        assert len({(item.part, item.fold) for item in design}) == 1
    assert 0 < sum(item.part == TEST for item in items) < 60
    (tmp_path / "masks").mkdir()
    kept_away = next(item for item in items if item.held_out and not is_held_out_myntra(item.path.name))
    Image.new("L", (4, 4), 2).save(tmp_path / "masks" / f"{kept_away.path.stem}.png")
    (alone,) = myntra_items(tmp_path, tmp_path / "masks", {"colour": {"Blue": "blue"}})
    assert alone.held_out, "even where the held-out file itself has no mask"


def test_about_one_file_of_the_second_shop_in_twelve_is_held_out() -> None:
    assert sum(is_held_out_myntra(f"{number}.jpg") for number in range(5000)) / 5000 == pytest.approx(0.082, abs=0.01)


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("blue", "blue|light_blue|navy|turquoise"),
        ("white", "white"),
        ("blue|floral_print", "blue|floral_print|light_blue|navy|turquoise"),
        ("red|burgundy", "red|burgundy"),
    ],
)
def test_a_widened_word_means_its_neighbours_too(word: str, meant: str) -> None:
    assert widened(word, MYNTRA_LOOSELY) == meant


def test_all_words_are_values_of_the_networks() -> None:
    assert {code for word in MYNTRA_PATTERNS.values() for code in word.split(EITHER)} <= set(VALUES["pattern"])
    assert {code for word, also in MYNTRA_LOOSELY.items() for code in (word, *also)} <= set(VALUES["colour"])
    assert all(len(set(codes)) == len(codes) for codes in VALUES.values())


def test_a_picture_is_named_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"picture")
    assert digest_of(tmp_path / "a.jpg") == hashlib.sha256(b"picture").hexdigest()


def test_no_usable_item_is_an_error(shop: Path) -> None:
    with pytest.raises(ValueError, match="no usable items"):
        load_crops(items_of(shop), {"colour": ("green",)}, 32)
    with pytest.raises(ValueError, match="no usable items"):
        load_crops([], {"colour": ("green",)}, 32)


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
    words = {"colour": {"Black": "black", "White": "white"}, "pattern": {"Solid": "solid"}}
    items = hm_items(folder, tmp_path, words)
    assert {item.garment_group for item in items} == {"top", "bottom", "full_body"}
    assert {item.values.get("colour") for item in items} == {"black", "white", None}
    assert {item.values.get("pattern") for item in items} == {"solid", None}
    assert all(item.path.exists() for item in items)


def test_only_the_second_shops_colours_are_widened_and_the_items_stay_as_they_are() -> None:
    values = ("blue", "light_blue", "red")
    items = tuple(
        Item(Path("x"), Path("x"), "top", {"colour": "blue", "pattern": "check"}, "d", origin)
        for origin in (MYNTRA, HM)
    )
    blank = np.zeros((2, 1), np.uint8)
    targets = {"colour": targets_of(items, values, "colour"), "pattern": np.array([[True], [True]])}
    crops = Crops(blank, blank, blank.astype(np.float32), targets, items)
    widened_crops = with_meanings(crops, values, {"blue": ("light_blue",)})
    assert widened_crops.targets["colour"].tolist() == [[True, True, False], [True, False, False]]
    assert widened_crops.targets["pattern"].all()
    assert [item.values["colour"] for item in widened_crops.items] == ["blue", "blue"]
    assert crops.targets["colour"].tolist() == [[True, False, False], [True, False, False]]
