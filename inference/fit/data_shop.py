"""Labelled pictures of shops, and of the renderer, as items that the classifiers train on.

Training knows no shop: an :class:`Item` says where picture and mask lie, which garment group the product belongs to
and which value of the dictionary its label means. The readers below make items from tables whose words are mapped by
the caller.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import GARMENT_GROUPS
from inference.crops import crop_region
from inference.fit.split import fold_of_design, is_held_out_design
from inference.regions import region_of

#: Parts of a data set: weights are fitted on TRAIN, temperature and thresholds on CALIBRATION, figures come from TEST.
TRAIN, CALIBRATION, TEST = "train", "calibration", "test"

#: Where an item comes from. Only labels of SHOP calibrate and are measured against; those of an EXTRA shop, whose
#: words are looser, and of RENDERED pictures, which prove nothing about real ones, are learnt from and reported apart.
SHOP, EXTRA, RENDERED = "shop", "extra", "rendered"

#: Joins the values that a shop's loose word may mean: its "blue" can be light blue.
EITHER = "|"

#: One design in ten of those that are not held out calibrates.
CALIBRATION_FOLDS = 10

#: A region below this share of its picture is not worth learning from.
SMALLEST_SHARE = 0.01

#: Garment group of H&M's product types; every other type is a top. Sets show several garments and are left out.
_HM_GROUPS = {
    "bottom": {"Trousers", "Skirt", "Shorts", "Leggings/Tights", "Outdoor trousers"},
    "full_body": {"Dress", "Jumpsuit/Playsuit", "Dungarees", "Outdoor overall", "Costumes"},
    "": {"Garment Set"},
}

#: The same for Myntra.
_MYNTRA_GROUPS = {
    "bottom": {
        *("Jeans", "Shorts", "Trousers", "Track Pants", "Capris", "Skirts", "Leggings", "Jeggings", "Tights"),
        "Rain Trousers",
    },
    "full_body": {"Dresses", "Jumpsuit", "Rompers"},
    "": {"Kurta Sets", "Tracksuits", "Sarees", "Lehenga Choli"},
}


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled picture.

    Attributes:
        path: the picture.
        mask: 8-bit PNG of the picture's size. Binary (0 and 255), or group numbers 0..6 where ``grouped``, in which the
            product is found as in an audit.
        grouped: how to read the mask.
        garment_group: one of the contract's garment groups.
        value: code of the value that the label means, or several joined by :data:`EITHER`, any of which it may mean.
        design: key of the design; pictures of one design are never split between parts.
        origin: SHOP, EXTRA or RENDERED.
    """

    path: Path
    mask: Path
    grouped: bool
    garment_group: str
    value: str
    design: str
    origin: str = SHOP

    @property
    def part(self) -> str:
        """TRAIN, CALIBRATION or TEST, by the hash of the design alone."""
        if is_held_out_design(self.design):
            return TEST
        return CALIBRATION if fold_of_design(self.design, CALIBRATION_FOLDS) == 0 else TRAIN

    def region(self) -> NDArray[np.bool_]:
        """Read the mask as a bool array (height, width); without any True where a group map shows no such product."""
        with Image.open(self.mask) as opened:
            mask = np.asarray(opened.convert("L"))
        if not self.grouped:
            return mask > 127
        region = region_of(mask, self.garment_group)
        return np.zeros(mask.shape, bool) if region is None else region


@dataclass(frozen=True, slots=True)
class Crops:
    """Items decoded once and kept in memory.

    Attributes:
        pixels: uint8 (n, 3, side, side), RGB.
        masks: uint8 (n, 1, side, side), 0..255.
        targets: bool (n, values), True for the value of the label; for several where the label may mean several.
        items: the items, in the same order.
    """

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    targets: NDArray[np.bool_]
    items: tuple[Item, ...]

    def __len__(self) -> int:
        return len(self.items)

    def only(self, rows: Sequence[int] | NDArray[np.int64]) -> Crops:
        """The crops of some rows, in that order."""
        index = np.asarray(rows, np.int64)
        items = tuple(self.items[row] for row in index)
        return Crops(self.pixels[index], self.masks[index], self.targets[index], items)


def read_words(path: Path) -> dict[str, str]:
    """Read a table of a shop's words: CSV with the columns ``raw`` and ``value``; an empty value is left out."""
    with path.open(newline="", encoding="utf-8") as lines:
        return {row["raw"]: row["value"] for row in csv.DictReader(lines) if row["value"]}


def hm_garment_group(product_type: str) -> str:
    """Garment group of an H&M product type, or "" where a picture shows several garments."""
    for group, types in _HM_GROUPS.items():
        if product_type in types:
            return group
    return "top"


def hm_items(labels: Path, images: Path, masks: Path, words: Mapping[str, str], grouped: bool = False) -> list[Item]:
    """Items of the H&M table (columns ``file``, ``product_code``, ``product_type``, ``colour``).

    Rows whose colour has no value in ``words``, whose type shows several garments or that have no mask yet are left
    out.
    """
    items = []
    with labels.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            group, value = hm_garment_group(row["product_type"]), words.get(row["colour"], "")
            mask = masks / f"{Path(row['file']).stem}.png"
            if group and value and mask.exists():
                items.append(Item(images / row["file"], mask, grouped, group, value, row["product_code"]))
    return items


def myntra_items(labels: Path, images: Path, masks: Path, words: Mapping[str, str]) -> list[Item]:
    """Items of the Myntra table (columns ``file``, ``product_type``, ``colour``, ``name``) with masks of group numbers.

    Its pictures are mostly worn and its colour words few, so it is an EXTRA shop. Rows without a mask or a known word
    are left out. Products of one name share a part.
    """
    items = []
    with labels.open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            value, mask = words.get(row["colour"], ""), masks / f"{Path(row['file']).stem}.png"
            kinds = (group for group, types in _MYNTRA_GROUPS.items() if row["product_type"] in types)
            group = next(kinds, "top")
            if group and value and mask.exists():
                items.append(Item(images / row["file"], mask, True, group, value, f"myntra-{row['name']}", EXTRA))
    return items


def rendered_items(folder: Path) -> list[Item]:
    """Items of a drawn catalogue (``answers.csv``, ``images``, ``masks``), labelled with the true colour."""
    items = []
    with (folder / "answers.csv").open(newline="", encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            name = Path(row["file"]).name
            mask = folder / "masks" / f"{Path(name).stem}.png"
            if row["garment_group"] in GARMENT_GROUPS and mask.exists():
                items.append(
                    Item(
                        folder / "images" / name,
                        mask,
                        True,
                        row["garment_group"],
                        row["true_colour"],
                        "rendered-" + row["external_id"].rsplit("-", 1)[0],
                        RENDERED,
                    )
                )
    return items


def load_crops(items: Iterable[Item], values: Sequence[str], side: int) -> Crops:
    """Decode, cut out and stretch every item once.

    Items whose value is not among ``values`` or whose region is empty or tiny are left out.

    Args:
        items: what to read.
        values: codes, in the order of the network's outputs.
        side: side of the stored squares in pixels; somewhat above what the network will see, so that zooming costs
            nothing.
    """
    pixels, masks, targets, kept = [], [], [], []
    for item in items:
        meant = set(item.value.split(EITHER))
        if not meant.issubset(values):
            continue
        region = item.region()
        if region.mean() < SMALLEST_SHARE:
            continue
        with Image.open(item.path) as opened:
            crop = crop_region(opened.convert("RGB"), region, side)
        pixels.append(crop.pixels.transpose(2, 0, 1))
        masks.append(crop.mask[None])
        targets.append([value in meant for value in values])
        kept.append(item)
    if not kept:
        raise ValueError("no usable items: check the folders of pictures and masks and the table of words")
    return Crops(np.stack(pixels), np.stack(masks), np.array(targets, bool), tuple(kept))
