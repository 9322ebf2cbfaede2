"""Measures the models in use on data that no training saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, file_of
from catalog_audit.training import measuring, running
from catalog_audit.training.options import TrainingOptions


class Command(BaseCommand):
    help = "Measure the active models on held-out photos (segmentation) and held-out designs (attributes, flags)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with ccp/, hm/ and myntra/")
        parser.add_argument("--teacher", type=Path, metavar="FILE", help="u2netp.onnx (DIR/../weights/u2netp.onnx)")
        parser.add_argument("--work", type=Path, metavar="DIR", help="outlines and maps (training/ in the data folder)")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures here as well")
        parser.add_argument(
            "--report", type=Path, metavar="DIR", help="write evaluation.md with plots into this folder"
        )
        parser.add_argument(
            "--suspects", type=int, metavar="N", help="only write the N most suspicious labels of each whole catalogue"
        )

        parser.add_argument(
            "--learn", action="store_true", help="also learn anew, from labels looked at by eye, what makes one wrong"
        )

    def handle(self, *args: Any, data: Path, work: Path | None, **given: Any) -> None:
        try:
            options = TrainingOptions(
                data=data.resolve(),
                teacher=(given["teacher"] or data.parent / "weights" / "u2netp.onnx").resolve(),
                work=(work or settings.DATA_DIR / "training").resolve(),
                out=settings.MODELS_DIR,
                stages=(),
            )
            models = active_models()
        except (ValueError, ModelsMissing) as error:
            raise CommandError(str(error)) from error
        segmenter = next(model for model in models if model.kind == ModelVersion.Kind.SEGMENTATION)
        ensembles = [model for model in models if model.kind == ModelVersion.Kind.CLASSIFICATION]
        classifier = next((model for model in ensembles if not model.garment_group), ensembles[0])
        meanings = running.meanings(options)
        covers = running.covers(options, meanings)
        if given["suspects"]:
            for table in measuring.write_suspects(options, meanings, covers, file_of(classifier), given["suspects"]):
                self.stdout.write(f"wrote {table}, with sheets of pictures beside it")
            return
        with tqdm(unit=" pictures", leave=False) as bar:

            def report(news: Mapping[str, Any]) -> None:
                bar.total = news["total"]
                bar.update(news["done"] - bar.n)

            figures, predictions = measuring.evaluate(
                options, meanings, covers, file_of(segmenter), file_of(classifier), report
            )
        for model in models:
            self.stdout.write(f"model {model}")
        if given["learn"]:
            path = measuring.learn_second_look(predictions, covers, file_of(classifier))
            self.stdout.write(f"wrote {path}; the figures below are still by what was there before")
        self.stdout.write(summary(figures))
        if given["json"]:
            given["json"].write_text(json.dumps(figures, indent=2), encoding="utf-8")
        if given["report"]:
            sheets = options.work / "sheets"
            files = measuring.write_report(given["report"], sheets, figures, predictions, covers, file_of(classifier))
            self.stdout.write(f"wrote {files[0]} with its plots; pictures of hits and misses are in {sheets}")


def summary(figures: Mapping[str, Any]) -> str:
    """The figures that matter most, a line each."""
    photos = figures["segmentation"]["photos"]
    lines = [
        f"segmentation, {photos['count']} held-out street photos: "
        f"pixel accuracy {photos['pixel_accuracy']:.3f}, mean IoU {photos['mean_iou']:.3f}",
        *(f"  {group}: IoU {iou:.3f}" for group, iou in photos["iou"].items()),
    ]
    if "cutouts" in figures:
        lines += [
            f"cut out of packshots ({kind}, {one['count']}), masks checked by eye: mean IoU {one['mean_iou']:.3f}"
            for kind, one in figures["cutouts"].items()
        ]
    for shop in (name for name in ("hm", "myntra") if name in figures):
        lines += _shop(shop, figures[shop])
    return "\n".join(lines)


def _shop(shop: str, figures: Mapping[str, Any]) -> list[str]:
    verified, genuine = figures["verified"], figures["verified"]["genuine"]
    lines = [f"{shop}: product found in {figures['found']:.3f}"]
    lines += [
        f"  {name}: accuracy {one['accuracy']:.3f} on {one['items']} raw labels"
        for name, one in figures["attributes"].items()
        if one["items"]
    ]
    lines.append(
        f"  colour, verified: accuracy {verified['accuracy']:.3f} ({verified['right']} right, {verified['wrong']} "
        f"wrong, {verified['arguable']} arguable and left out)"
    )
    for rate, draws in verified["planted"].items():
        lines += [
            f"  {float(rate):.0%} made wrong by {draw}: recall {one['recall_at_99']:.3f} at 99%, "
            f"{one['recall_at_95']:.3f} at 95%, {one['recall_at_90']:.3f} at 90% precision; flags: precision "
            f"{one['precision']:.3f}, recall {one['recall']:.3f}; calibration error {one['calibration_error']:.3f}"
            for draw, one in draws.items()
        ]
    lines.append(
        f"  the shop's own errors: {genuine['found']:.3f} found among as many most suspicious; flags: "
        f"{genuine['flags_wrong']:.3f} wrong, {genuine['flags_arguable']:.3f} arguable; of the arguable labels "
        f"{genuine['arguable_disputed']:.3f} disputed"
    )
    return lines
