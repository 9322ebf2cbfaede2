"""Comparing a candidate with the models in use: planning, chunk by chunk by workers, figures at the end.

It goes by the rules of audits: the rows are the truth, a chunk whose worker dies is another's, and nothing is counted
twice. The first chunk finds out what there is to ask, which takes a while in a large catalogue, and adds the others.
The workers of the pictures do it, so that hours of training do not keep a comparison waiting.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from catalog_audit.audits.scope import LABELS_IN_USE, Scope, values_in_use
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs import chunks, dispatch, service
from catalog_audit.jobs.models import Chunk, Job
from catalog_audit.registry.models import ComparisonPart, ModelComparison, ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models
from catalog_audit.training import cases as asking
from catalog_audit.training.answering import answer
from catalog_audit.training.cases import Case
from catalog_audit.training.comparison_figures import figures_of
from catalog_audit.training.models import TrainingSet

logger = logging.getLogger(__name__)

#: Seconds between two looks at the chunks that other processes hold.
_PATIENCE = 0.5

#: Attribute -> codes of the values that a shop uses.
Usage = Mapping[str, list[str]]


class NothingToCompare(Exception):
    """There is nothing to ask, or nobody to compare with; the text says which."""


def start_comparison(
    candidate: ModelVersion, training_set: TrainingSet | None = None, user: Any = None, detach: bool = True
) -> ModelComparison:
    """Ask for a comparison of a candidate with the models in use.

    Args:
        candidate: the model; all others stay as they are.
        training_set: whose held-out part is asked about; the latest of this catalogue where None.
        user: who asked for it.
        detach: hand it to the workers; otherwise the caller goes on with :func:`work_off`.

    Raises:
        AlreadyRunning: this candidate is being compared (``.job`` is that comparison's).
        NothingToCompare: it is in use itself, or there is no answer to compare by.
        ModelsMissing: there is no model in use.
    """
    active = active_models()
    if any(one.pk == candidate.pk for one in active):
        raise NothingToCompare(_("This model is in use; there is nothing to compare it with."))
    training_set = training_set or latest_set()
    if training_set is None and not asking.people_have_answered():
        raise NothingToCompare(
            _("There is nothing to compare by: no verdict, no check item and no training set with a held-out part.")
        )
    with transaction.atomic():
        job = service.start(Job.Kind.COMPARISON, candidate.version, user=user, payloads=[[]])
        comparison = ModelComparison.objects.create(
            candidate=candidate,
            active=_judge_now(active, candidate),
            in_use={model.role: model.version for model in active},
            training_set=training_set.content_hash if training_set else "",
            job=job,
        )
        if detach:
            dispatch.enqueue(job)
    return comparison


def latest_set() -> TrainingSet | None:
    """The latest training set of this catalogue; sets that were brought in from outside have a name."""
    return TrainingSet.objects.filter(name="").order_by("-created_at", "-pk").first()


def with_candidate(active: list[ModelVersion], candidate: ModelVersion) -> list[ModelVersion]:
    """The models in use, the candidate in the place of the one of its role."""
    return [*(model for model in active if model.role != candidate.role), candidate]


def _judge_now(active: list[ModelVersion], candidate: ModelVersion) -> ModelVersion | None:
    """The model that does now what the candidate would do."""
    roles = {model.role: model for model in active}
    general = "classifier/" if candidate.kind == ModelVersion.Kind.CLASSIFICATION else "segmenter"
    return roles.get(candidate.role) or roles.get(general)


def _is_affected(garment_group: str, candidate: Scope, active: Scope) -> bool:
    """Whether another model would judge products of a garment group; True where the group is not known yet."""
    if not garment_group or candidate.segmenter.pk != active.segmenter.pk:
        return True
    return candidate.classifier_for(garment_group) != active.classifier_for(garment_group)


def _usage(found: list[Case], scope: Scope) -> dict[str, Usage]:
    """Shop -> attribute -> the values that it uses; of a set from outside, those of its right answers."""
    slugs = {case.shop for case in found}
    known: dict[str, Usage] = {
        shop.slug: values_in_use(shop, scope) for shop in Shop.objects.filter(slug__in=list(slugs))
    }
    for slug in slugs.difference(known):
        counts = asking.usage([case for case in found if case.shop == slug])
        known[slug] = {
            code: sorted(value for value, count in values.items() if count >= LABELS_IN_USE)
            for code, values in counts.items()
        }
    return known


# --- the work ---------------------------------------------------------------------------------------------------------


def models_of(comparison: ModelComparison) -> tuple[list[ModelVersion], list[ModelVersion]]:
    """The models that the comparison was planned with: with the candidate, and as they were in use.

    Raises:
        ModelsMissing: one of them is not registered any more.
    """
    known = ModelVersion.objects.filter(version__in=comparison.in_use.values())
    active = [model for model in known if comparison.in_use.get(model.role) == model.version]
    if len(active) != len(comparison.in_use):
        raise ModelsMissing("a model of this comparison is no longer there; start it again")
    return with_candidate(active, comparison.candidate), active


def do_one_chunk(comparison: ModelComparison) -> bool:
    """Do the next free chunk of a comparison, if there is one; work out the figures after the last.

    Returns:
        Whether there was a chunk to do.

    Raises:
        catalog_audit.jobs.chunks.Lost: this process was so slow that the chunk was given to another.
    """
    chunk = chunks.claim(comparison.job)
    if chunk is not None:
        with chunks.held(chunk):
            models = models_of(comparison)
            if chunk.number == 0:
                _plan(comparison, chunk, *models)
            else:
                _answer(comparison, chunk, *models)
    if chunks.finish_if_drained(comparison.job):
        settle(comparison)
    return chunk is not None


def _plan(comparison: ModelComparison, chunk: Chunk, candidate: list[ModelVersion], active: list[ModelVersion]) -> None:
    """Find out what there is to ask, and make a chunk of every few products."""
    training_set = TrainingSet.objects.filter(content_hash=comparison.training_set).first()
    scopes = Scope.read(candidate), Scope.read(active)
    found = [case for case in asking.gather(training_set) if _is_affected(case.garment_group, *scopes)]
    plan = {"numbers": asking.numbers(found), "in_use": _usage(found, scopes[1])}
    size = settings.CHUNK_SIZE
    parts = [found[start : start + size] for start in range(0, len(found), size)]
    rows = (
        Chunk(job_id=chunk.job_id, number=number, payload=[case.to_json() for case in part], size=len(part))
        for number, part in enumerate(parts, start=1)
    )
    with transaction.atomic():
        chunks.complete(chunk)
        Chunk.objects.bulk_create(rows, batch_size=500)
        Job.objects.filter(pk=chunk.job_id).update(total=len(found))
        ModelComparison.objects.filter(pk=comparison.pk).update(plan=plan)
    comparison.plan = plan


def _answer(
    comparison: ModelComparison, chunk: Chunk, candidate: list[ModelVersion], active: list[ModelVersion]
) -> None:
    """Ask both about the products of a chunk."""
    found = [Case.from_json(one) for one in chunk.payload]
    if not comparison.plan:  # another worker has planned since this one read the row
        comparison.refresh_from_db(fields=["plan"])
    answers, seconds = answer(found, candidate, active, comparison.plan["in_use"], first=chunk.number % 2)
    with transaction.atomic():
        chunks.complete(chunk)
        ComparisonPart.objects.create(comparison=comparison, number=chunk.number, answers=answers, seconds=seconds)


def settle(comparison: ModelComparison) -> ModelComparison:
    """Work out the figures of a comparison whose work is done; once, whoever asks first."""
    if comparison.finished_at is None and comparison.job.state == Job.State.DONE:
        figures = figures_of(comparison.parts.values_list("answers", "seconds").iterator())
        ModelComparison.objects.filter(pk=comparison.pk, finished_at=None).update(
            figures=figures, finished_at=timezone.now()
        )
        comparison.refresh_from_db(fields=["figures", "finished_at"])
    return comparison


def work_off(comparison: ModelComparison, report: Callable[[Job], None] = lambda job: None) -> Job:
    """Go on with a comparison in this process until it is over, beside workers that may be at it too.

    Args:
        comparison: one that was planned.
        report: called after every chunk with the job as it is then.

    Returns:
        The finished job.
    """
    job = comparison.job
    while True:
        try:
            busy = do_one_chunk(comparison)
        except chunks.Lost:
            busy = True
        except Exception:
            logger.exception("a part of the comparison of %s failed", comparison.candidate)
            busy = True
        job.refresh_from_db()
        report(job)
        if not job.is_active:
            return job
        if not busy:
            time.sleep(_PATIENCE)
            chunks.release_abandoned(job)
