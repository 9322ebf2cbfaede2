"""The first shop's garments with what is measured of each picture, for ``loop.py``.

Nothing here has learnt a colour word: pictures are cut out by the shipped segmentation network, which knows groups of
garments only; the trunk comes from ImageNet; the rest are measurements. So whatever knows a planted error from a right
label has learnt it in the benchmark.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from benchmarks.loop_simulation import HeldOut
from benchmarks.loop_words import colour_words
from catalog_audit.catalog.dictionary.lookup import COLOUR
from inference.artifact import load_artifact
from inference.fit.classification import new_network
from inference.fit.classification_augment import plain
from inference.fit.data_shop import Crops, Item, hm_items, load_crops
from inference.fit.measured_colours import palettes_of
from inference.fit.regions import write_group_maps
from inference.fit.split import hash_number
from inference.fit.values import VALUES
from inference.fit.verified_labels import ARGUABLE, Verified
from inference.measured import lab_of
from inference.network import AttributeNetwork
from inference.palette import lab_from_rgb
from inference.segment import KIND as SEGMENTER
from inference.stacking import kinds_of

#: Sides of the squares that are cut out and that the trunk sees, and pictures that are decoded before the next ones.
STORED_SIDE, SIDE, CHUNK = 128, 112, 256

#: Stages of the trunk that are looked at. The later ones know things, not colours, and are worse alone.
STAGES = (2, 3, 4)

#: Colours of a palette that count as features, and quantiles of L, a and b.
COLOURS = 3
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

Floats = NDArray[np.float32]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Garments with one colour label each.

    Attributes:
        files: names of the pictures.
        designs: key of each one's design.
        values: codes of the colours that occur.
        labels: int64 (n,), the shop's own, column of the value.
        held_out: bool (n,), never learnt.
        features: name -> float32 (n, ...), see :func:`measure_crops`.
    """

    files: tuple[str, ...]
    designs: tuple[str, ...]
    values: tuple[str, ...]
    labels: NDArray[np.int64]
    held_out: NDArray[np.bool_]
    features: dict[str, Floats]

    def verified(self, seen: dict[str, Verified]) -> HeldOut:
        """The held-out garments with what was seen in their pictures; ``seen``: file name -> verdict."""
        rows = np.flatnonzero(self.held_out)
        defensible = np.zeros((len(rows), len(self.values)), bool)
        for place, row in enumerate(rows):
            one = seen.get(self.files[row])
            if one is not None and one.verdict != ARGUABLE:
                defensible[place] = [value in one.values for value in self.values]
        return HeldOut(self.labels[rows], defensible)


def read_catalogue(data: Path, work: Path, segmenter: Path, sample: int | None, tell: Tell) -> Catalogue:
    """Read, cut out and measure the garments; what was done before is read from the work folder.

    Args:
        data: folder with ``labels.csv`` and ``images/``.
        work: folder for group maps and features.
        segmenter: the ``.safetensors`` of the network that cuts out.
        sample: so many garments, those with the lowest SHA-256 of ``loop:`` and the file name; all where None.
        tell: told of the progress.

    Raises:
        SystemExit: no garment is usable.
    """
    version = load_artifact(segmenter, kind=SEGMENTER).version
    maps = work / f"regions-{version}"
    names = sorted(path.name for path in (data / "images").glob("*.jpg"))
    wanted = set(sorted(names, key=lambda name: hash_number(f"loop:{name}"))[:sample])
    pictures = [data / "images" / name for name in names if name in wanted]
    for done, total in write_group_maps(pictures, segmenter, maps):
        if done % (CHUNK * 2) == 0 or done == total:
            tell(f"cut out {done} of {total} pictures")
    every = hm_items(data, maps, {COLOUR: colour_words(data / "labels.csv")})
    items = [item for item in every if item.path.name in wanted]
    if not items:
        raise SystemExit(f"no garment with a colour label among the pictures of {data}")
    kept, features = _features(items, work, version, tell)
    codes = [item.values[COLOUR] for item in kept]
    values = tuple(value for value in VALUES[COLOUR] if value in codes)
    return Catalogue(
        files=tuple(item.path.name for item in kept),
        designs=tuple(item.design for item in kept),
        values=values,
        labels=np.array([values.index(code) for code in codes], np.int64),
        held_out=np.array([item.held_out for item in kept]),
        features=features,
    )


def _features(items: Sequence[Item], work: Path, version: str, tell: Tell) -> tuple[list[Item], dict[str, Floats]]:
    """Usable items with their features, measured once and then read from a file named after all that they depend on."""
    told = "\n".join([version, str(STORED_SIDE), str(SIDE), str(STAGES), *(item.path.name for item in items)])
    file = work / f"features-{hashlib.sha256(told.encode()).hexdigest()[:12]}.npz"
    if not file.exists():
        torch.manual_seed(0)
        network = new_network({COLOUR: len(VALUES[COLOUR])}).eval().to(memory_format=torch.channels_last)
        parts: list[dict[str, NDArray]] = []
        for start in range(0, len(items), CHUNK):
            crops = load_crops(items[start : start + CHUNK], {COLOUR: VALUES[COLOUR]}, STORED_SIDE)
            parts.append({**measure_crops(network, crops), "files": np.array([one.path.name for one in crops.items])})
            tell(f"measured {min(start + CHUNK, len(items))} of {len(items)} garments")
        unfinished = file.with_name(f".{file.stem}.{os.getpid()}.npz")
        np.savez(unfinished, **{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
        os.replace(unfinished, file)
    with np.load(file) as arrays:
        features = {name: arrays[name] for name in arrays.files}
    by_name = {item.path.name: item for item in items}
    return [by_name[name] for name in features.pop("files").tolist()], features


def measure_crops(network: AttributeNetwork, crops: Crops) -> dict[str, Floats]:
    """What is measured of garments.

    Args:
        network: its trunk is used, in evaluation mode.
        crops: n garments.

    Returns:
        ``trunk``: float32 (n, 232), maps of the trunk averaged over the garment. ``histogram``: float32
        (n, HISTOGRAM_WIDTH), see :func:`inference.network.lab_histogram`. ``measured``: float32 (n, 30): quantiles of
        L, a and b, the palette's largest colours with their shares, and the kind of garment.
    """
    pixels, masks = plain(torch.from_numpy(crops.pixels), torch.from_numpy(crops.masks), SIDE)
    trunk, histogram = [], []
    with torch.inference_mode():
        for start in range(0, len(crops), 16):
            part, mask = pixels[start : start + 16], masks[start : start + 16]
            trunk.append(_pooled(network, network.visible(part, mask), mask).numpy())
            histogram.append(network.measure(part, mask).numpy())
    told = np.concatenate(
        [_quantiles(crops), _palettes(crops), kinds_of([one.garment_group for one in crops.items])], 1
    )
    return {
        "trunk": np.concatenate(trunk),
        "histogram": np.concatenate(histogram),
        "measured": told.astype(np.float32),
    }


def _pooled(network: AttributeNetwork, seen: Tensor, mask: Tensor) -> Tensor:
    """Means over the garment of the trunk's :data:`STAGES`, side by side."""
    trunk = network.trunk
    maps = trunk.bn1(trunk.conv_stem(seen))
    parts = []
    for number, block in enumerate(trunk.blocks[: STAGES[-1] + 1]):
        maps = block(maps)
        if number in STAGES:
            parts.append(_mean_inside(maps, mask))
    return torch.cat(parts, 1)


def _mean_inside(maps: Tensor, mask: Tensor) -> Tensor:
    weight = functional.adaptive_avg_pool2d(mask, (maps.shape[2], maps.shape[3])) + 1e-3
    return (maps * weight).sum((2, 3)) / weight.sum((2, 3))


def _quantiles(crops: Crops) -> NDArray[np.float64]:
    """Quantiles of L, a and b over 50 inside each garment: float64 (n, 15)."""
    found = np.zeros((len(crops), 3 * len(QUANTILES)))
    for row, (pixels, mask) in enumerate(zip(crops.pixels, crops.masks, strict=True)):
        inside = pixels[:, ::2, ::2].transpose(1, 2, 0)[mask[0, ::2, ::2] > 127]
        if len(inside):
            found[row] = np.quantile(lab_from_rgb(inside), QUANTILES, axis=0).ravel() / 50
    return found


def _palettes(crops: Crops) -> NDArray[np.float64]:
    """Lab over 50 and share of each garment's largest colours; a colour that is not there repeats the largest."""
    found = np.zeros((len(crops), COLOURS, 4))
    for row, palette in enumerate(palettes_of(crops)):
        for place in range(COLOURS if palette else 0):
            entry = palette[place] if place < len(palette) else palette[0]
            share = entry.share if place < len(palette) else 0.0
            found[row, place] = [*(lab_of([entry])[0] / 50), share]
    return found.reshape(len(crops), -1)
