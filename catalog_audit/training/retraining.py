"""Trainings from a training set: asked for, done, taken up again; the result is a candidate."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import translation

from catalog_audit.catalog.lineage import lineages
from catalog_audit.catalog.models import Attribute, Value
from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import Progress
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import active_models, file_of, register
from catalog_audit.training import engine, problems
from catalog_audit.training.models import TrainingPoint, TrainingRun, TrainingSet
from catalog_audit.training.problems import TrainingProblem
from catalog_audit.training.sets import SetError, hash_of
from inference.contract import GARMENT_GROUPS, LEAST_EXAMPLES

#: Trainings share the machine's processor or GPU, so there is one at a time, whatever it trains.
SUBJECT: Final = "models"

#: A training whose process ended so often without a single epoch done is not begun again.
MOST_ATTEMPTS: Final = 3

#: So fine is the progress of the networks counted.
PARTS: Final = 1000

Tell = Callable[[Mapping[str, Any]], None]


def start_retraining(
    training_set: TrainingSet,
    *,
    mode: str = TrainingRun.Mode.FINETUNE,
    attributes: Sequence[str] = (),
    groups: Sequence[str] = (),
    user: Any = None,
    detach: bool = True,
) -> TrainingRun:
    """Ask for a training.

    Args:
        training_set: what to learn from.
        mode: one of :class:`TrainingRun.Mode`.
        attributes: codes of the attributes to learn; none means all that the set has plenty of examples of.
        groups: garment groups to learn from; none means all.
        user: who asked.
        detach: hand it to the worker of the training queue; otherwise the caller goes on with :func:`retrain`.

    Raises:
        AlreadyRunning: another training is under way.
        TrainingProblem: there is no model to go on from, or nothing to learn.
        ModelsMissing: there are no models in use at all.
    """
    models = active_models()
    base = next((one for one in models if one.kind == ModelVersion.Kind.CLASSIFICATION and not one.garment_group), None)
    segmenter = next(one for one in models if one.kind == ModelVersion.Kind.SEGMENTATION)
    if base is None and mode != TrainingRun.Mode.FULL:
        raise problems.no_base()
    known = {name: one["values"] for name, one in base.card["attributes"].items()} if base else engine.known_values()
    learnt = _to_learn(training_set, known, attributes)
    chosen = [group for group in GARMENT_GROUPS if not groups or group in groups]
    if not learnt or not chosen:
        raise problems.nothing_chosen()
    options = {
        "examples": str(training_set.path),
        "set_hash": training_set.content_hash,
        "segmenter": str(file_of(segmenter)),
        "segmenter_version": segmenter.version,
        "base": str(file_of(base)) if base else None,
        "base_version": base.version if base else "",
        "mode": str(mode),
        "attributes": learnt,
        "groups": chosen,
        "meanings": meanings(known),
    }
    return _create(
        TrainingRun(
            options=options,
            training_set=training_set,
            mode=mode,
            attributes=learnt,
            garment_groups=chosen,
            base=base,
        ),
        user,
        detach,
    )


def _to_learn(training_set: TrainingSet, known: Collection[str], wanted: Sequence[str]) -> list[str]:
    """The wanted attributes; of those that nobody chose only what there is enough of. Parts are counted by the worker.

    Raises:
        TrainingProblem: there is too little of a chosen one.
    """
    found = {
        name: sum(sum(origins.values()) for origins in values.values()) for name, values in training_set.counts.items()
    }
    for name in wanted:
        if found.get(name, 0) < LEAST_EXAMPLES:
            raise problems.too_few(name, "", found.get(name, 0), LEAST_EXAMPLES)
    return [name for name in known if name in wanted or (not wanted and found.get(name, 0) >= 2 * LEAST_EXAMPLES)]


def go_on(run: TrainingRun, *, user: Any = None, detach: bool = True) -> TrainingRun:
    """Ask for a training that failed or was stopped once more; it goes on from its last whole epoch.

    Raises:
        AlreadyRunning: another training is under way.
    """
    again = TrainingRun(
        options=run.options,
        training_set=run.training_set,
        mode=run.mode,
        attributes=run.attributes,
        garment_groups=run.garment_groups,
        base=run.base,
    )
    return _create(again, user, detach)


def _create(run: TrainingRun, user: Any, detach: bool) -> TrainingRun:
    with transaction.atomic():
        run.job = service.start(Job.Kind.TRAINING, SUBJECT, user=user)
        run.language = translation.get_language() or "en"
        run.save()
        if detach:
            dispatch.enqueue(run.job)
    return run


def meanings(known: Mapping[str, Sequence[str]]) -> dict[str, dict[str, str]]:
    """Attribute -> value of the dictionary -> the value that the networks have for it; others are absent."""
    found: dict[str, dict[str, str]] = {}
    values = list(Value.objects.filter(attribute__code__in=list(known)).select_related("attribute"))
    families = lineages(values)
    for value in values:
        nearest = families[value.attribute_id].nearest(value.code, known[value.attribute.code])
        if nearest:
            found.setdefault(value.attribute.code, {})[value.code] = nearest
    return {name: dict(sorted(found[name].items())) for name in sorted(found)}


def retrain(run: TrainingRun, tell: Tell = lambda news: None) -> dict[str, Any]:
    """Do a training in this process and register the result as a candidate.

    Args:
        run: the training.
        tell: called with what the networks have to tell.

    Returns:
        What the training came to, see :attr:`TrainingRun.outcome`.

    Raises:
        AlreadyRunning: another process does this training.
        Cancelled: somebody asked for it to stop.
        TrainingProblem: it cannot be done; the job carries the message.
        SetError: the set's file is gone or damaged.
    """
    with service.working(run.job) as progress, translation.override(run.language):
        begun = TrainingRun.objects.filter(pk=run.pk)
        begun.update(attempts=F("attempts") + 1, device=engine.device_name())
        run.refresh_from_db()
        if run.attempts > MOST_ATTEMPTS:
            raise problems.died_too_often(MOST_ATTEMPTS)
        _check(run)
        outcome = engine.retrain(_order(run), Path(settings.MODELS_DIR), Watch(run, progress, tell))
        model = register(Path(outcome.pop("path")))
        begun.update(model=model, outcome=outcome, current={})
        progress.result({"models": [model.pk]})
    return outcome


def _check(run: TrainingRun) -> None:
    training_set = run.training_set
    if training_set is None:
        raise TrainingProblem(f"training {run} has no training set")
    if hash_of(training_set.path) != training_set.content_hash:
        raise SetError(f"{training_set.path} is damaged: it is no longer the file of training set {training_set}")


def _order(run: TrainingRun) -> dict[str, Any]:
    folder = Path(settings.DATA_DIR) / "training"
    places = {"root": settings.DATA_DIR, "maps": folder / "maps", "work": folder / "sets"}
    return {**run.options, **{name: str(place) for name, place in places.items()}}


class Watch:
    """Keeps what a training tells of itself: progress, time left, and a point for each epoch.

    Args:
        run: the training.
        progress: of its job.
        tell: told everything as well.
    """

    def __init__(self, run: TrainingRun, progress: Progress, tell: Tell) -> None:
        self._run, self._progress, self._tell = run, progress, tell
        self._stage = ""
        self._began = (time.monotonic(), 0.0)

    def __call__(self, news: Mapping[str, Any]) -> None:
        """Keep what is told.

        Raises:
            Cancelled: somebody asked for the training to stop.
        """
        self._tell(news)
        share = float(news.get("fraction", news["done"] / news["total"] if news.get("total") else 0.0))
        if news["stage"] != self._stage:
            self._stage = news["stage"]
            self._began = (time.monotonic(), share)
            self._progress.stage(self._stage)
        if news.get("finished"):
            self._keep(news)
        shown = {name: news[name] for name in ("member", "members", "epoch", "epochs", "loss") if name in news}
        current = {"stage": self._stage, **shown, "seconds_left": self._left(share)}
        TrainingRun.objects.filter(pk=self._run.pk).update(current=current)
        if news.get("total"):
            self._progress.advance(int(news["done"]), int(news["total"]))
        else:
            self._progress.advance(round(share * PARTS), PARTS)

    def _left(self, share: float) -> float | None:
        """Seconds that the stage will yet take, at the speed that it has had; None while nothing can be said."""
        began, at_first = self._began
        passed, done = time.monotonic() - began, share - at_first
        return round(passed / done * (1 - share), 1) if passed > 2 and done > 0 else None

    def _keep(self, news: Mapping[str, Any]) -> None:
        """An epoch; one that an earlier process has told of is known already."""
        _point, new = TrainingPoint.objects.get_or_create(
            run=self._run,
            member=news["member"],
            epoch=news["epoch"],
            defaults={
                "loss": news["loss"],
                "accuracy": news.get("accuracy", {}),
                "seconds": news.get("seconds", 0.0),
            },
        )
        if new:
            TrainingRun.objects.filter(pk=self._run.pk).update(attempts=0)


def learnable() -> list[Attribute]:
    """The attributes that the networks tell values of apart, in the order of pages."""
    return list(Attribute.objects.filter(code__in=list(engine.known_values())))
