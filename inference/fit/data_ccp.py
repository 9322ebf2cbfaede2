"""Clothing Co-Parsing: street photos with pixel masks, reduced to the seven groups.

Yang, Luo, Lin, "Clothing Co-Parsing by Joint Image Segmentation and Labeling", CVPR 2014. Published for research.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.fit.split import is_held_out_photo


@dataclass(frozen=True, slots=True)
class Photo:
    """One street photo and its mask of original label numbers."""

    picture: Path
    mask: Path


class Parsing:
    """The folder of the data set: photos, masks of 59 label numbers, and ``labels.csv`` (number to group)."""

    def __init__(self, folder: Path) -> None:
        """Read the list of files and the table of labels.

        Raises:
            FileNotFoundError: ``labels.csv`` or the folder is absent.
        """
        self.folder = folder
        self._group_of_label = np.zeros(256, np.uint8)
        with (folder / "labels.csv").open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                self._group_of_label[int(row["value"])] = int(row["group"])
        self.photos = tuple(self._find())

    def _find(self) -> Iterator[Photo]:
        for mask in sorted((self.folder / "masks").glob("*.png")):
            picture = self.folder / "photos" / f"{mask.stem}.jpg"
            if picture.exists():
                yield Photo(picture, mask)

    def split(self) -> tuple[list[Photo], list[Photo]]:
        """Return (photos to train on, held-out photos) by :func:`inference.fit.split.is_held_out_photo`."""
        train: list[Photo] = []
        held_out: list[Photo] = []
        for photo in self.photos:
            (held_out if is_held_out_photo(photo.mask.stem) else train).append(photo)
        return train, held_out

    def groups(self, photo: Photo) -> NDArray[np.uint8]:
        """Group numbers 0..6 as uint8 (height, width), in the photo's own size."""
        with Image.open(photo.mask) as mask:
            return self._group_of_label[np.asarray(mask)]
