"""Samples for the segmentation network, kept decoded in memory: street photos, flat-lays and rendered garments."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Generator, Tensor

from inference.fit import data_flatlay, data_worn
from inference.fit import segmentation_augment as augment
from inference.fit.data_ccp import Parsing, Photo
from inference.fit.data_flatlay import FlatLay
from inference.fit.data_worn import Worn
from inference.fit.segmentation_augment import Dice, Sample

#: Size (height, width) at which samples are kept; training looks at views of it.
KEPT_SIZE = (384, 256)

#: Smaller for flat-lays, whose source is 240 x 360.
KEPT_FLAT_SIZE = (360, 240)

_Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def _keep(picture: Image.Image, groups: NDArray[np.uint8], size: tuple[int, int]) -> _Arrays:
    height, width = size
    small = np.array(picture.convert("RGB").resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0))
    part = np.array(Image.fromarray(groups).resize((width, height), Image.Resampling.NEAREST))
    return small, part


def _keep_photo(job: tuple[Parsing, Photo]) -> _Arrays:
    parsing, photo = job
    with Image.open(photo.picture) as picture:
        return _keep(picture, parsing.groups(photo), KEPT_SIZE)


def _keep_flat_lay(item: FlatLay) -> _Arrays | None:
    groups = data_flatlay.groups(item)
    if groups is None:
        return None
    with Image.open(item.picture) as picture:
        return _keep(picture, groups, KEPT_FLAT_SIZE)


def _keep_worn(item: Worn) -> tuple[int, _Arrays] | None:
    groups = data_worn.groups(item)
    if groups is None:
        return None
    with Image.open(item.picture) as picture:
        return item.group, _keep(picture, groups, KEPT_FLAT_SIZE)


def _keep_rendered(job: tuple[Path, Path]) -> _Arrays:
    with Image.open(job[0]) as picture, Image.open(job[1]) as mask:
        return _keep(picture, np.asarray(mask), KEPT_FLAT_SIZE)


def load_photos(parsing: Parsing, photos: Sequence[Photo]) -> list[_Arrays]:
    """Decode photos and group maps into uint8 arrays of :data:`KEPT_SIZE`."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_keep_photo, [(parsing, photo) for photo in photos]))


def load_flat_lays(items: Sequence[FlatLay]) -> list[_Arrays]:
    """Decode packshots and pseudo-masks into uint8 arrays of :data:`KEPT_FLAT_SIZE`, leaving out failed masks."""
    with ThreadPoolExecutor(2) as pool:
        return [arrays for arrays in pool.map(_keep_flat_lay, items) if arrays is not None]


def load_worn(items: Sequence[Worn]) -> list[list[_Arrays]]:
    """Decode worn garments and their corrected maps into uint8 arrays of :data:`KEPT_FLAT_SIZE`, a list per group."""
    found: dict[int, list[_Arrays]] = {}
    with ThreadPoolExecutor(2) as pool:
        for kept in pool.map(_keep_worn, items):
            if kept is not None:
                found.setdefault(kept[0], []).append(kept[1])
    return [found[group] for group in sorted(found)]


def load_rendered(folder: Path) -> list[_Arrays]:
    """Decode drawn garments: ``answers.csv`` (column ``file``), ``images/`` and ``masks/*.png`` (group numbers)."""
    with (folder / "answers.csv").open(encoding="utf-8", newline="") as lines:
        names = [row["file"] for row in csv.DictReader(lines)]
    jobs = [(folder / "images" / Path(name).name, folder / "masks" / f"{Path(name).stem}.png") for name in names]
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_keep_rendered, jobs))


def _sample(arrays: _Arrays) -> Sample:
    picture, groups = arrays
    return Sample(
        torch.from_numpy(picture.transpose(2, 0, 1).astype(np.float32) / 255.0), torch.from_numpy(groups.copy())
    )


@dataclass(frozen=True, slots=True)
class Variations:
    """How strongly samples are varied.

    Attributes:
        zooms: smallest and largest zoom of a view.
        ground_chance: how often, 0..1, the figure of a photo is put on another ground.
        light_chance: how often, 0..1, light and sharpness are varied.
    """

    zooms: tuple[float, float]
    ground_chance: float
    light_chance: float


#: For a first training, which has to learn that neither light nor ground matter.
STRONG = Variations(zooms=(0.75, 1.6), ground_chance=0.3, light_chance=1.0)

#: For a second one, nearer to the pictures that will be met.
GENTLE = Variations(zooms=(0.85, 1.35), ground_chance=0.1, light_chance=0.5)


class Mixture:
    """Varied samples: every photo once per epoch, and as many others, freshly drawn, as asked for."""

    def __init__(
        self,
        photos: list[_Arrays],
        flat_lays: list[_Arrays],
        rendered: list[_Arrays],
        flat_lays_per_epoch: int,
        rendered_per_epoch: int,
        variations: Variations = STRONG,
        worn: Sequence[list[_Arrays]] = (),
        worn_per_epoch: int = 0,
    ) -> None:
        """Keep the decoded samples.

        Args:
            photos: street photos; each is drawn once per epoch.
            flat_lays: packshots.
            rendered: drawn garments.
            flat_lays_per_epoch: packshots drawn per epoch.
            rendered_per_epoch: drawn garments per epoch.
            variations: how strongly samples are varied.
            worn: worn garments, a list per group; each group is drawn as often as the others.
            worn_per_epoch: worn garments drawn per epoch.
        """
        self.variations = variations
        self.photos = photos
        self.flat_lays = flat_lays
        self.rendered = rendered
        self.flat_lays_per_epoch = flat_lays_per_epoch if flat_lays else 0
        self.rendered_per_epoch = rendered_per_epoch if rendered else 0
        self.worn = worn
        self.worn_per_epoch = worn_per_epoch if worn else 0

    def __len__(self) -> int:
        """Samples in one epoch."""
        return len(self.photos) + self.flat_lays_per_epoch + self.rendered_per_epoch + self.worn_per_epoch

    def batches(self, size: int, view: tuple[int, int], generator: Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch of whole batches.

        Args:
            size: samples per batch; what is left over at the end is dropped.
            view: (height, width) of the samples.
            generator: source of all chance.

        Yields:
            float32 (size, 3, height, width) in 0..255 and int64 (size, height, width), 255 where nothing is known.
        """
        dice = Dice(generator)
        order = torch.randperm(len(self), generator=generator).tolist()
        for start in range(0, len(order) - size + 1, size):
            samples = [self._draw(number, view, dice) for number in order[start : start + size]]
            yield (
                torch.stack([sample.picture for sample in samples]) * 255.0,
                torch.stack([sample.groups for sample in samples]).long(),
            )

    def _draw(self, number: int, view: tuple[int, int], dice: Dice) -> Sample:
        if number < len(self.photos):
            sample = self._photo(_sample(self.photos[number]), dice)
        elif number < len(self.photos) + self.flat_lays_per_epoch:
            sample = self._flat_lay(dice)
        elif number >= len(self) - self.worn_per_epoch:
            group = self.worn[dice.below(len(self.worn))]
            sample = self._photo(_sample(group[dice.below(len(group))]), dice)
        else:
            sample = _sample(self.rendered[dice.below(len(self.rendered))])
        sample = augment.warp(sample, *view, dice, self.variations.zooms)
        if dice.chance(self.variations.light_chance):
            return Sample(augment.light_and_lens(sample.picture, dice), sample.groups)
        return sample

    def _photo(self, sample: Sample, dice: Dice) -> Sample:
        if dice.chance(self.variations.ground_chance):
            return augment.replace_ground(sample, dice, light=dice.chance(0.8))
        return sample

    def _flat_lay(self, dice: Dice) -> Sample:
        sample = _sample(self.flat_lays[dice.below(len(self.flat_lays))])
        if dice.chance(0.3):
            sample = augment.lighten(sample, dice)
        if dice.chance(0.25):
            other = _sample(self.flat_lays[dice.below(len(self.flat_lays))])
            pair = sorted((sample, other), key=lambda one: int(one.groups.max()))
            return augment.lay_together(pair[0], pair[1], dice, light=dice.chance(0.8))
        if dice.chance(0.35):
            return augment.replace_ground(sample, dice, light=dice.chance(0.8))
        return sample
