"""Flat-lay packshots with pseudo-masks: the garment's outline from the teacher, its group from the product type."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import GROUPS
from inference.fit.data_shop import hm_garment_group
from inference.fit.pseudo import USABLE_SHARE
from inference.fit.split import is_held_out_design


@dataclass(frozen=True, slots=True)
class FlatLay:
    """One packshot: the picture, its binary mask (0 or 255) and the number of the garment's group."""

    picture: Path
    mask: Path
    group: int


def flat_lays(folder: Path, pseudo: Path) -> tuple[list[FlatLay], list[FlatLay]]:
    """Return (packshots to train on, packshots of held-out designs), those whose pseudo-mask exists.

    Args:
        folder: holds ``labels.csv`` (file, product_code, product_type) and ``images/``.
        pseudo: folder of the masks written by :mod:`inference.fit.pseudo`.
    """
    have = {path.stem for path in pseudo.glob("*.png")}
    train: list[FlatLay] = []
    held_out: list[FlatLay] = []
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            stem = Path(row["file"]).stem
            group = hm_garment_group(row["product_type"])
            if stem not in have or not group:
                continue
            item = FlatLay(folder / "images" / row["file"], pseudo / f"{stem}.png", GROUPS.index(group))
            (held_out if is_held_out_design(row["product_code"]) else train).append(item)
    return train, held_out


def groups(item: FlatLay) -> NDArray[np.uint8] | None:
    """Group numbers as uint8 (height, width) in the picture's own size, or None when the teacher plainly failed."""
    with Image.open(item.mask) as opened:
        garment = np.asarray(opened) > 127
    if not USABLE_SHARE[0] <= float(garment.mean()) <= USABLE_SHARE[1]:
        return None
    return np.where(garment, np.uint8(item.group), np.uint8(0)).astype(np.uint8)
