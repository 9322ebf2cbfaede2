"""Labelled pictures of shops, and of the renderer, as items that the attribute networks train on.

Training knows no shop: an :class:`Item` says where picture and mask lie, which garment group the product belongs to
and which values of the dictionary its labels mean. The readers below make items from tables whose words are mapped by
the caller.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import GARMENT_GROUPS
from inference.crops import crop_region, shape_of
from inference.fit.split import (
    CALIBRATION,
    FOLDS,
    TEST,
    TRAIN,
    fold_of_design,
    hash_number,
    is_held_out_design,
    part_of_design,
)
from inference.pictures import read_picture
from inference.regions import region_of

#: Said here too, for those who read items.
__all__ = ["CALIBRATION", "FOLDS", "TEST", "TRAIN"]

#: Where an item comes from.
HM, MYNTRA, RENDERED = "hm", "myntra", "rendered"

#: Joins the values that a shop's loose word may mean: its "blue" can be light blue.
EITHER = "|"

#: A region below this share of its picture is not worth learning from.
SMALLEST_SHARE = 0.01

#: Items between two calls that tell of the progress.
_TELL_EACH = 32

#: Files of Myntra whose hash with ``verified:`` before the name lies below this (8.2%) are held out.
MYNTRA_HELD_OUT = 351_173_825

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

#: Attribute -> a shop's word -> code of a value, or several joined by EITHER.
Words = Mapping[str, Mapping[str, str]]

#: Column of H&M's table that holds an attribute.
HM_COLUMNS = {"colour": "colour", "garment_type": "product_type", "pattern": "pattern", "length": "length"}

#: The same for Myntra, whose pattern is a key of the JSON in the column ``attributes``.
MYNTRA_COLUMNS = {"colour": "colour", "garment_type": "product_type"}

#: What Myntra's pattern words mean. "Printed" does not say where the print is.
MYNTRA_PATTERNS = {
    "Printed": "all_over_print|placement_print",
    "Solid": "solid|melange",
    "Checked": "check",
    "Striped": "stripe",
    "Colourblocked": "colour_block",
}

#: What Myntra's colour words may also mean to a shop with finer words, widely taken: a first training on worn garments
#: is not to learn by heart where two shops draw their lines.
MYNTRA_LOOSELY = {
    "blue": ("light_blue", "navy", "turquoise"),
    "green": ("khaki", "turquoise"),
    "brown": ("beige", "burgundy"),
    "red": ("burgundy",),
    "pink": ("orange",),
    "grey": ("black",),
}

#: The same, strictly: it has no word for light blue. It has words for navy, olive and maroon.
MYNTRA_STRICTLY = {"blue": ("light_blue",)}


@dataclass(frozen=True, slots=True)
class Item:
    """One labelled picture.

    Attributes:
        path: the picture.
        mask: 8-bit PNG of the picture's size with group numbers 0..6, in which the product is found as in an audit.
        garment_group: one of the contract's garment groups.
        values: attribute -> code of the value that the label means, or several joined by :data:`EITHER`, any of which
            it may mean. An attribute without a label is absent.
        design: key of the design; pictures of one design are never split between parts or folds.
        origin: HM, MYNTRA or RENDERED.
        held_out: True keeps the item away from all training.
    """

    path: Path
    mask: Path
    garment_group: str
    values: Mapping[str, str]
    design: str
    origin: str = HM
    held_out: bool = False

    @property
    def part(self) -> str:
        """TRAIN, CALIBRATION or TEST, by the design alone."""
        return part_of_design(self.design, self.held_out)

    @property
    def fold(self) -> int:
        """Number 0..FOLDS-1 of the network that does not learn this item."""
        return fold_of_design(self.design, FOLDS)

    @property
    def sha256(self) -> str:
        """Digest of the picture's bytes, in hexadecimal digits; the catalogue names pictures by it."""
        return digest_of(self.path)

    def region(self) -> NDArray[np.bool_]:
        """Find the product in the mask: bool (height, width), without any True where the mask shows no such product."""
        with Image.open(self.mask) as opened:
            mask = np.asarray(opened.convert("L"))
        region = region_of(mask, self.garment_group)
        return np.zeros(mask.shape, bool) if region is None else region


@dataclass(frozen=True, slots=True)
class Crops:
    """Items decoded once and kept in memory.

    Attributes:
        pixels: uint8 (n, 3, side, side), RGB.
        masks: uint8 (n, 1, side, side), 0..255.
        shapes: float32 (n, 2), see :func:`inference.crops.shape_of`.
        targets: attribute -> bool (n, values), True for the value of the label; for several where the label may mean
            several, for none where there is no label.
        items: the items, in the same order.
        weights: attribute -> float32 (n,), how much each label counts in the loss; all count alike where the attribute
            is not named.
        shares: attribute -> float32 (n, values), rows adding up to 1 where a label is shared between values that are
            all right, and of zeros elsewhere; nothing is shared where the attribute is not named.
        taught: float32 (n, values of all attributes), logits of the network that a training goes on from, which stand
            in for labels that are not there; None where nothing does.
    """

    pixels: NDArray[np.uint8]
    masks: NDArray[np.uint8]
    shapes: NDArray[np.float32]
    targets: Mapping[str, NDArray[np.bool_]]
    items: tuple[Item, ...]
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    shares: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    taught: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.items)

    def only(self, rows: Sequence[int] | NDArray[np.int64]) -> Crops:
        """The crops of some rows, in that order."""
        index = np.asarray(rows, np.int64)
        items = tuple(self.items[row] for row in index)
        targets = {attribute: part[index] for attribute, part in self.targets.items()}
        weights = {attribute: part[index] for attribute, part in self.weights.items()}
        shares = {attribute: part[index] for attribute, part in self.shares.items()}
        taught = None if self.taught is None else self.taught[index]
        return Crops(self.pixels[index], self.masks[index], self.shapes[index], targets, items, weights, shares, taught)


def hm_garment_group(product_type: str) -> str:
    """Garment group of an H&M product type, or "" where a picture shows several garments."""
    for group, types in _HM_GROUPS.items():
        if product_type in types:
            return group
    return "top"


def hm_items(folder: Path, masks: Path, words: Words) -> list[Item]:
    """Items of the H&M table (``labels.csv`` with the columns of :data:`HM_COLUMNS`, ``product_code`` and ``file``).

    Rows whose type shows several garments, that have no mask yet or none of whose words means anything are left out.
    """
    items = []
    for row in _rows(folder / "labels.csv"):
        group, mask = hm_garment_group(row["product_type"]), masks / f"{Path(row['file']).stem}.png"
        values = {
            attribute: words[attribute][row[column]]
            for attribute, column in HM_COLUMNS.items()
            if row.get(column, "") in words.get(attribute, {})
        }
        if group and values and mask.exists():
            design = row["product_code"]
            path = folder / "images" / row["file"]
            items.append(Item(path, mask, group, values, design, HM, is_held_out_design(design)))
    return items


def is_held_out_myntra(file: str) -> bool:
    """True for the files of Myntra on which figures are measured."""
    return hash_number(f"verified:{file}") < MYNTRA_HELD_OUT


def myntra_items(folder: Path, masks: Path, words: Words) -> list[Item]:
    """Items of the Myntra table (columns ``file``, ``product_type``, ``colour``, ``name`` and ``attributes``).

    Its pictures are mostly worn and its colour words few. Products of one name count as one design; a design with a
    held-out file is held out as a whole.
    """
    rows = list(_rows(folder / "labels.csv"))
    kept_away = {row["name"] for row in rows if is_held_out_myntra(row["file"])}
    items = []
    for row in rows:
        mask = masks / f"{Path(row['file']).stem}.png"
        kinds = (group for group, types in _MYNTRA_GROUPS.items() if row["product_type"] in types)
        group = next(kinds, "top")
        values = {
            attribute: words[attribute][row[column]]
            for attribute, column in MYNTRA_COLUMNS.items()
            if row.get(column, "") in words.get(attribute, {})
        }
        values |= _patterns(row, values)
        if group and values and mask.exists():
            path = folder / "images" / row["file"]
            design = f"myntra-{row['name']}"
            items.append(Item(path, mask, group, values, design, MYNTRA, row["name"] in kept_away))
    return items


def _patterns(row: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """Pattern of a row of Myntra, and its colour where flowers may be what the colour is."""
    try:
        told = json.loads(row.get("attributes") or "{}")
    except ValueError:
        return {}
    found = {}
    if told.get("Pattern") in MYNTRA_PATTERNS:
        found["pattern"] = MYNTRA_PATTERNS[told["Pattern"]]
    if told.get("Print or Pattern Type") == "Floral" and "colour" in values:
        found["colour"] = values["colour"] + EITHER + "floral_print"
    return found


def widened(value: str, also: Mapping[str, Sequence[str]]) -> str:
    """A value, or several joined by EITHER, with all that it may mean besides."""
    meant = value.split(EITHER)
    return EITHER.join(dict.fromkeys([*meant, *(other for one in meant for other in also.get(one, ()))]))


def with_meanings(crops: Crops, values: Sequence[str], also: Mapping[str, Sequence[str]]) -> Crops:
    """The same crops with the colour words of Myntra taken as widely as ``also`` says (:data:`MYNTRA_LOOSELY` ...)."""
    if not any(item.origin == MYNTRA for item in crops.items):
        return crops  # of which some labels may have been taken away
    items = [
        replace(item, values={**item.values, "colour": widened(item.values["colour"], also)})
        if item.origin == MYNTRA and "colour" in item.values
        else item
        for item in crops.items
    ]
    return replace(crops, targets={**crops.targets, "colour": targets_of(items, values, "colour")})


def _rows(table: Path) -> Iterable[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as lines:
        yield from csv.DictReader(lines)


def rendered_items(folder: Path) -> list[Item]:
    """Items of a drawn catalogue (``answers.csv``, ``images``, ``masks``), labelled with the true colour."""
    items = []
    for row in _rows(folder / "answers.csv"):
        name, group = Path(row["file"]).name, row["garment_group"]
        mask = folder / "masks" / f"{Path(name).stem}.png"
        if group in GARMENT_GROUPS and mask.exists():
            design = "rendered-" + row["external_id"].rsplit("-", 1)[0]
            values = {"colour": row["true_colour"]}
            path = folder / "images" / name
            items.append(Item(path, mask, group, values, design, RENDERED, is_held_out_design(design)))
    return items


def targets_of(items: Sequence[Item], values: Sequence[str], attribute: str) -> NDArray[np.bool_]:
    """What the labels of an attribute may mean: bool (n, len(values)); a row is empty where nothing is known."""
    place = {code: number for number, code in enumerate(values)}
    targets = np.zeros((len(items), len(values)), bool)
    for row, item in enumerate(items):
        for code in item.values.get(attribute, "").split(EITHER):
            if code in place:
                targets[row, place[code]] = True
    return targets


def load_crops(
    items: Iterable[Item],
    values: Mapping[str, Sequence[str]],
    side: int,
    tell: Callable[[int], None] = lambda done: None,
) -> Crops:
    """Decode, cut out and stretch every item once.

    Items whose region is empty or tiny, or none of whose labels is known to the networks, are left out.

    Args:
        items: what to read.
        values: attribute -> codes, in the order of the networks' outputs.
        side: side of the stored squares in pixels; somewhat above what the network will see, so that zooming costs
            nothing.
        tell: called with the number of items looked at, now and then.

    Raises:
        ValueError: nothing is left.
    """
    pixels, masks, shapes, kept = [], [], [], []
    for number, item in enumerate(items):
        if number % _TELL_EACH == 0:
            tell(number)
        if not any(targets_of([item], codes, attribute).any() for attribute, codes in values.items()):
            continue
        region = item.region()
        if region.mean() < SMALLEST_SHARE:
            continue
        crop = crop_region(read_picture(item.path), region, side)
        pixels.append(crop.pixels.transpose(2, 0, 1))
        masks.append(crop.mask[None])
        shapes.append(shape_of(region))
        kept.append(item)
    if not kept:
        raise ValueError("no usable items: check the folders of pictures and masks and the tables of words")
    targets = {attribute: targets_of(kept, codes, attribute) for attribute, codes in values.items()}
    return Crops(np.stack(pixels), np.stack(masks), np.stack(shapes), targets, tuple(kept))


def digest_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
