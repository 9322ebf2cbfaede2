"""Worn garments of a known type as teachers of the segmentation network: its own map of them, put right by the type.

A network that learnt from a few hundred street photos takes many a dress for a top and a skirt. A shop says which
products are dresses, so the parts that the network found in such a picture can be joined again, and learnt from
(self-training with a weak label; Lee, "Pseudo-Label", ICML workshop 2013).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import GROUPS
from inference.fit.data_shop import is_held_out_myntra
from inference.fit.segmentation_augment import IGNORED

#: Types whose group in a worn picture is beyond doubt; a kurta may be as long as a dress.
WORN_TYPES = {
    **dict.fromkeys(("Dresses", "Rompers", "Jumpsuit"), "full_body"),
    **dict.fromkeys(("Tshirts", "Shirts", "Tops", "Sweaters", "Sweatshirts", "Jackets"), "top"),
    **dict.fromkeys(
        ("Jeans", "Shorts", "Trousers", "Track Pants", "Capris", "Skirts", "Leggings", "Jeggings"), "bottom"
    ),
}

#: Below this share of the picture, 0..1, the network has not found the product, and nothing can be learnt.
SMALLEST_SHARE = 0.06

_GARMENTS = [GROUPS.index(name) for name in ("top", "bottom", "full_body")]


@dataclass(frozen=True, slots=True)
class Worn:
    """One picture of a worn product: the picture, the network's map of it, and the product's group."""

    picture: Path
    map: Path
    group: int


def worn_garments(folder: Path, maps: Path) -> list[Worn]:
    """Pictures to train on: those of Myntra that are not held out (by file or by name) and have a map.

    Args:
        folder: holds ``labels.csv`` (file, product_type, name) and ``images/``.
        maps: group maps written by :mod:`inference.fit.regions`.
    """
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    kept_away = {row["name"] for row in rows if is_held_out_myntra(row["file"])}
    found = []
    for row in rows:
        group, mask = WORN_TYPES.get(row["product_type"]), maps / f"{Path(row['file']).stem}.png"
        if group and row["name"] not in kept_away and mask.exists():
            found.append(Worn(folder / "images" / row["file"], mask, GROUPS.index(group)))
    return found


def corrected(groups: NDArray[np.uint8], group: int) -> NDArray[np.uint8] | None:
    """A map put right by what the product is known to be.

    In a picture of a dress all garments are the dress; in one of a top or trousers it is not known what was taken for
    a dress.

    Args:
        groups: uint8 (height, width), the network's map.
        group: the product's group number.

    Returns:
        uint8 (height, width), 255 where nothing is known; None where the product was hardly found.
    """
    full_body = GROUPS.index("full_body")
    right = groups.copy()
    if group == full_body:
        right[np.isin(groups, _GARMENTS)] = full_body
    else:
        right[groups == full_body] = IGNORED
    return right if float((right == group).mean()) >= SMALLEST_SHARE else None


def groups(item: Worn) -> NDArray[np.uint8] | None:
    """The corrected map of a picture, uint8 (height, width) in its own size; see :func:`corrected`."""
    with Image.open(item.map) as opened:
        return corrected(np.asarray(opened), item.group)
