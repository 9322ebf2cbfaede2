"""Trains the models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_audit.jobs.service import AlreadyRunning, Cancelled
from catalog_audit.training import running
from catalog_audit.training.options import STAGES, TrainingOptions


class Command(BaseCommand):
    help = (
        "Train the segmentation network and the colour specialists. Interrupted and started again with the same "
        "folders, it goes on from its checkpoints. The finished models are registered as candidates."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="folder with ccp/ and hm/")
        parser.add_argument("--teacher", type=Path, metavar="FILE", help="u2netp.onnx (DIR/../weights/u2netp.onnx)")
        parser.add_argument("--work", type=Path, metavar="DIR", help="checkpoints (training/ in the data folder)")
        parser.add_argument("--out", type=Path, metavar="DIR", help="finished models (models/ in the data folder)")
        parser.add_argument(
            "--stages",
            nargs="+",
            default=list(STAGES),
            choices=STAGES,
            metavar="STAGE",
            help=f"only these of {', '.join(STAGES)}",
        )
        parser.add_argument("--detach", action="store_true", help="leave the work to the training worker")

    def handle(self, *args: Any, **given: Any) -> None:
        data: Path = given["data"]
        try:
            options = TrainingOptions(
                data=data.resolve(),
                teacher=(given["teacher"] or data.parent / "weights" / "u2netp.onnx").resolve(),
                work=(given["work"] or settings.DATA_DIR / "training").resolve(),
                out=(given["out"] or settings.MODELS_DIR).resolve(),
                stages=tuple(stage for stage in STAGES if stage in given["stages"]),
            )
            run = running.start_training(options, detach=given["detach"])
        except (ValueError, AlreadyRunning) as error:
            raise CommandError(str(error)) from error
        if given["detach"]:
            self.stdout.write(f"training {run.pk} is waiting for the training worker")
            return
        try:
            figures = running.train(run, self._tell)
        except (Cancelled, KeyboardInterrupt):
            raise CommandError("stopped; run it again to go on from the last checkpoint", returncode=130) from None
        self.stdout.write(json.dumps(figures, indent=2))

    def _tell(self, stage: str, news: Mapping[str, Any]) -> None:
        done, total = news.get("done"), news.get("total")
        if done is None or done == total or done % 500 == 0:
            self.stderr.write(f"{stage}: " + ", ".join(f"{key} {value}" for key, value in news.items()))
