"""Trains the models."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_audit.jobs.service import AlreadyRunning, Cancelled
from catalog_audit.registry.service import ModelsMissing
from catalog_audit.training import engine, retraining, running
from catalog_audit.training.models import TrainingRun
from catalog_audit.training.options import STAGES, TrainingOptions
from catalog_audit.training.problems import TrainingProblem
from catalog_audit.training.sets import SetError, find
from inference.contract import GARMENT_GROUPS


class Command(BaseCommand):
    help = (
        "Train a classifier from a training set (--set), or all models from folders of labelled data (--data). "
        "Interrupted and started again with the same options, it goes on from its checkpoints. The finished models are "
        "registered as candidates. Several processes share a training from a set: torchrun --nproc-per-node N "
        "manage.py train --set HASH"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        source = parser.add_mutually_exclusive_group(required=True)
        source.add_argument("--set", metavar="HASH", help="the training set whose hash begins so")
        source.add_argument("--data", type=Path, metavar="DIR", help="folder with ccp/ and hm/")
        parser.add_argument("--detach", action="store_true", help="leave the work to the training worker")
        of_set = parser.add_argument_group("with --set")
        of_set.add_argument("--mode", choices=TrainingRun.Mode.values, default=TrainingRun.Mode.FINETUNE)
        of_set.add_argument("--attributes", nargs="+", default=[], metavar="CODE", help="only these attributes")
        of_set.add_argument(
            "--groups", nargs="+", default=[], choices=GARMENT_GROUPS, metavar="GROUP",
            help=f"only these of {', '.join(GARMENT_GROUPS)}",
        )  # fmt: skip
        of_data = parser.add_argument_group("with --data")
        of_data.add_argument("--teacher", type=Path, metavar="FILE", help="u2netp.onnx (DIR/../weights/u2netp.onnx)")
        of_data.add_argument("--work", type=Path, metavar="DIR", help="checkpoints (training/ in the data folder)")
        of_data.add_argument("--out", type=Path, metavar="DIR", help="finished models (models/ in the data folder)")
        of_data.add_argument(
            "--stages", nargs="+", default=list(STAGES), choices=STAGES, metavar="STAGE",
            help=f"only these of {', '.join(STAGES)}",
        )  # fmt: skip

    def handle(self, *args: Any, **given: Any) -> None:
        if engine.is_helper():
            engine.help_along(Path(settings.MODELS_DIR))
            return
        try:
            run = self._ask_for_set(given) if given["set"] else self._ask_for_data(given)
        except (ValueError, AlreadyRunning, SetError, TrainingProblem, ModelsMissing) as error:
            raise CommandError(str(error)) from error
        if given["detach"]:
            self.stdout.write(f"training {run.pk} is waiting for the training worker")
            return
        try:
            figures = retraining.retrain(run, self._tell_set) if given["set"] else running.train(run, self._tell)
        except (Cancelled, KeyboardInterrupt):
            raise CommandError("stopped; run it again to go on from the last checkpoint", returncode=130) from None
        except (SetError, TrainingProblem) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(figures, indent=2))
        run.refresh_from_db()
        if run.model is not None:
            self.stdout.write(f"candidate {run.model}")

    def _ask_for_set(self, given: Mapping[str, Any]) -> TrainingRun:
        known = engine.known_values()
        unknown = set(given["attributes"]) - set(known)
        if unknown:
            raise ValueError(f"no such attribute: {', '.join(sorted(unknown))} (there are {', '.join(known)})")
        return retraining.start_retraining(
            find(given["set"]),
            mode=given["mode"],
            attributes=given["attributes"],
            groups=given["groups"],
            detach=given["detach"],
        )

    def _ask_for_data(self, given: Mapping[str, Any]) -> TrainingRun:
        data: Path = given["data"]
        options = TrainingOptions(
            data=data.resolve(),
            teacher=(given["teacher"] or data.parent / "weights" / "u2netp.onnx").resolve(),
            work=(given["work"] or settings.DATA_DIR / "training").resolve(),
            out=(given["out"] or settings.MODELS_DIR).resolve(),
            stages=tuple(stage for stage in STAGES if stage in given["stages"]),
        )
        return running.start_training(options, detach=given["detach"])

    def _tell(self, stage: str, news: Mapping[str, Any]) -> None:
        done, total = news.get("done"), news.get("total")
        if done is None or done == total or done % 500 == 0:
            self._say(stage, news)

    def _tell_set(self, news: Mapping[str, Any]) -> None:
        self._say(news["stage"], {name: value for name, value in news.items() if name != "stage"})

    def _say(self, stage: str, news: Mapping[str, Any]) -> None:
        self.stderr.write(f"{stage}: " + ", ".join(f"{key} {value}" for key, value in news.items()))
