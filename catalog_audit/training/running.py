"""Running trainings: one at a time, stage by stage, each going on where it was interrupted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.core.management import call_command
from django.db import transaction

from catalog_audit.catalog.models import Attribute
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import Progress
from catalog_audit.registry.service import register
from catalog_audit.training import engine, words
from catalog_audit.training.models import TrainingRun
from catalog_audit.training.options import TrainingOptions
from catalog_audit.training.retraining import SUBJECT

#: Drawn garments to learn from, and the seed, which is not that of the demo catalogue.
DRAWN_COUNT, DRAWN_SEED = 1500, 20260117


def start_training(options: TrainingOptions, user: Any = None, detach: bool = True) -> TrainingRun:
    """Ask for a training.

    Args:
        options: what to do.
        user: who asked.
        detach: hand it to the worker of the training queue; otherwise the caller goes on with :func:`train`.

    Raises:
        AlreadyRunning: another training is under way.
    """
    with transaction.atomic():
        job = service.start(Job.Kind.TRAINING, SUBJECT, user=user)
        run = TrainingRun.objects.create(job=job, options=options.to_json())
        if detach:
            dispatch.enqueue(job)
    return run


def train(
    run: TrainingRun, tell: Callable[[str, Mapping[str, Any]], None] = lambda stage, news: None
) -> dict[str, Any]:
    """Do a training in this process, stage by stage, and register the finished models as candidates.

    Args:
        run: what was asked for.
        tell: called with the stage and its news.

    Returns:
        Stage -> figures, of the stages that measure something.

    Raises:
        Cancelled: somebody asked for it to stop; started again it goes on from its checkpoints.
    """
    options = TrainingOptions.from_json(run.options)
    figures: dict[str, Any] = {}
    with service.working(run.job) as progress:
        for stage in options.stages:
            progress.stage(stage)
            outcome = _STAGES[stage](options, _reporter(progress, stage, tell))
            if outcome is not None:
                figures[stage] = outcome
        models = [register(path) for path in sorted(options.out.glob("*.safetensors"))]
        progress.result({"models": [model.pk for model in models]})
    return figures


def _reporter(
    progress: Progress, stage: str, tell: Callable[[str, Mapping[str, Any]], None]
) -> Callable[[Mapping[str, Any]], None]:
    def report(news: Mapping[str, Any]) -> None:
        tell(stage, news)
        # Also notices that somebody asked for the training to be cancelled.
        progress.advance(int(news.get("done", news.get("epoch", 0))), int(news.get("total", news.get("epochs", 0))))

    return report


def _draw(options: TrainingOptions, report: engine.Report) -> None:
    if not (options.drawn / "answers.csv").exists():
        call_command("draw_catalogue", out=options.drawn, count=DRAWN_COUNT, seed=DRAWN_SEED, masks=True)
    report({"done": DRAWN_COUNT, "total": DRAWN_COUNT})


def meanings(options: TrainingOptions) -> engine.Meanings:
    """What the words in the shops' tables mean to the networks: shop -> attribute -> word -> value."""
    known = engine.known_values()
    columns = engine.table_columns()
    return {
        shop: {
            attribute: words.meanings(folder / "labels.csv", column, set(known[attribute]), attribute)
            for attribute, column in columns[shop].items()
        }
        for shop, folder in options.shops.items()
    }


def covers(options: TrainingOptions, meaning: engine.Meanings) -> dict[str, dict[str, set[str]]]:
    """Shop -> colour -> finer colours that the shop's word for it includes."""
    column = Attribute.COLOUR
    return {
        shop: words.covers(folder / "labels.csv", engine.table_columns()[shop][column], meaning[shop][column])
        for shop, folder in options.shops.items()
    }


def _attributes(options: TrainingOptions, report: engine.Report) -> dict[str, Any]:
    return engine.train_attributes(options, meanings(options), report)


_STAGES: dict[str, Callable[[TrainingOptions, engine.Report], dict[str, Any] | None]] = {
    "outlines": engine.outline,
    "drawn": _draw,
    "segmentation": engine.train_segmentation,
    "regions": engine.find_regions,
    "attributes": _attributes,
}
