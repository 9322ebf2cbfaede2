"""Measures the models in use on data that no training saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog_audit.catalog.models import Attribute
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, file_of
from catalog_audit.training import engine, running
from catalog_audit.training.options import TrainingOptions


class Command(BaseCommand):
    help = "Measure the active models on held-out photos (segmentation) and held-out designs (colour)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with ccp/ and hm/")
        parser.add_argument("--work", type=Path, metavar="DIR", help="outlines and maps (training/ in the data folder)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here as well")

    def handle(self, *args: Any, data: Path, work: Path | None, **given: Any) -> None:
        try:
            options = TrainingOptions(
                data=data.resolve(),
                teacher=data,
                work=(work or settings.DATA_DIR / "training").resolve(),
                out=settings.MODELS_DIR,
                stages=(),
            )
            models = active_models()
        except (ValueError, ModelsMissing) as error:
            raise CommandError(str(error)) from error
        segmenter = next(model for model in models if model.kind == ModelVersion.Kind.SEGMENTATION)
        specialists = {model.garment_group: file_of(model) for model in models if model.attribute == Attribute.COLOUR}
        with tqdm(unit=" pictures", leave=False) as bar:

            def report(news: Mapping[str, Any]) -> None:
                bar.total = news["total"]
                bar.update(news["done"] - bar.n)

            figures = engine.evaluate(options, running.colour_words(options), file_of(segmenter), specialists, report)
        for model in models:
            self.stdout.write(f"model {model}")
        self.stdout.write(summary(figures))
        if given["json"]:
            given["json"].write_text(json.dumps(figures, indent=2), encoding="utf-8")


def summary(figures: Mapping[str, Any]) -> str:
    """The figures that matter most, a line each."""
    photos, colour = figures["segmentation"]["photos"], figures["colour"]
    lines = [
        f"segmentation, {photos['count']} held-out street photos: "
        f"pixel accuracy {photos['pixel_accuracy']:.3f}, mean IoU {photos['mean_iou']:.3f}",
        *(f"  {group}: IoU {iou:.3f}" for group, iou in photos["iou"].items()),
    ]
    if "flat_lays" in figures["segmentation"]:
        flat = figures["segmentation"]["flat_lays"]
        lines.append(
            f"packshots, {flat['count']} of held-out designs: product found {flat['found']:.3f}, "
            f"mean IoU with the teacher's outline {flat['mean_iou']:.3f}"
        )
    lines += [
        f"colour, {colour['items']} products of held-out designs (product found in {colour['regions_found']:.3f}): "
        f"accuracy {colour['accuracy']:.3f} over {len(colour['per_value'])} values, on the shop's own labels",
        *(f"  {group}: accuracy {share:.3f}" for group, share in colour["accuracy_per_group"].items()),
        f"  expected calibration error {colour['calibration_error']:.3f}",
    ]
    for rate, flags in colour.get("flags", {}).items():
        lines.append(
            f"flags, {float(rate):.0%} of the labels made wrong by frequency: precision {flags['precision']:.3f}, "
            f"recall {flags['recall']:.3f} (a genuine error of the shop counts as a mistaken flag)"
        )
    return "\n".join(lines)
