"""Running audits: which products have to be looked at, chunk by chunk, by workers or by the process that asks."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog_audit.audits import arguable, engine, profiles, sampling, storing, weighing
from catalog_audit.audits.items import items_of
from catalog_audit.audits.models import AuditRun, Flag
from catalog_audit.audits.planning import plan
from catalog_audit.audits.scope import Scope
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs import chunks, dispatch, service
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, models_in_use

logger = logging.getLogger(__name__)

#: Seconds between two looks at the chunks that other processes hold.
_PATIENCE = 0.5


def start_audit(shop: Shop, user: Any = None, detach: bool = True) -> AuditRun:
    """Plan an audit of all that changed since the last one.

    Args:
        shop: whose catalogue.
        user: who asked for it.
        detach: hand it to the workers; otherwise the caller goes on with :func:`work_off`.

    Raises:
        AlreadyRunning: the shop is being audited (``.job`` is that audit's).
        ModelsMissing: there is no model to audit with.
    """
    planned = plan(shop)
    scope, changed = planned.scope, planned.changed
    size = settings.CHUNK_SIZE
    with transaction.atomic():
        job = service.start(
            Job.Kind.AUDIT,
            shop.slug,
            user=user,
            total=len(changed),
            payloads=[changed[start : start + size] for start in range(0, len(changed), size)],
        )
        run = AuditRun.objects.create(
            shop=shop,
            job=job,
            unchanged=planned.unchanged,
            reasons=dict(planned.reasons),
            model_versions={role: model.version for role, model in scope.models.items()},
            values_in_use={code: sorted(used) for code, used in scope.in_use.items()},
        )
        if changed and detach:
            dispatch.enqueue(job)
    if not changed:
        Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(state=Job.State.RUNNING, started_at=timezone.now())
        _finish(run)
    return run


def models_for(run: AuditRun) -> list[ModelVersion]:
    """The models of a run's next chunk: those in use at this moment.

    A model that is promoted or taken back in mid-audit counts from the next chunk on, see decision 27; each prediction
    names the model it came from, and the run the latest ones.

    Raises:
        ModelsMissing: there is no model to audit with.
    """
    models = models_in_use()
    try:
        engine.pipeline_of(models)
    except ModelsMissing:
        # The program was upgraded: its new files want registering.
        models = active_models()
    versions = {model.role: model.version for model in models}
    if versions != run.model_versions:
        AuditRun.objects.filter(pk=run.pk).update(model_versions=versions)
        run.model_versions = versions
    return models


def do_one_chunk(run: AuditRun) -> bool:
    """Do the next free chunk of a run, if there is one; finish the run after the last.

    Returns:
        Whether there was a chunk to do.

    Raises:
        catalog_audit.jobs.chunks.Lost: this process was so slow that the chunk was given to another.
    """
    chunk = chunks.claim(run.job)
    if chunk is not None:
        with chunks.held(chunk):
            models = models_for(run)
            items = items_of(chunk.payload, Scope.read(models, run.values_in_use))
            questions = [question for item in items for question in item.new_questions]
            storing.store(run, chunk, items, engine.look(questions, models))
    _finish(run)
    return chunk is not None


def _finish(run: AuditRun) -> None:
    """End the run's job when nothing is left to do, and keep its outcome with it."""
    if chunks.finish_if_drained(run.job):
        Job.objects.filter(pk=run.job_id).update(result={"flags": flags_raised(run), "unchanged": run.unchanged})
        if run.job.state == Job.State.DONE:
            sampling.draw(run)
            weighing.after_audit(run)
        arguable.follow()
        profiles.close(run)


def work_off(run: AuditRun, report: Callable[[Job], None] = lambda job: None) -> Job:
    """Go on with a run in this process until it is over, beside workers that may be at it too.

    A chunk that fails is tried again, three times in all, then set aside.

    Args:
        run: a run that was planned.
        report: called after every chunk with the job as it is then.

    Returns:
        The finished job.
    """
    job = run.job
    while True:
        try:
            busy = do_one_chunk(run)
        except chunks.Lost:
            busy = True
        except Exception:
            logger.exception("a part of the audit of %s failed", run.shop.slug)
            busy = True
        job.refresh_from_db()
        report(job)
        if not job.is_active:
            _weigh(run.shop)
            return job
        if not busy:
            time.sleep(_PATIENCE)
            chunks.release_abandoned(job)


def _weigh(shop: Shop) -> None:
    """Weigh the shop's labels in this process where that waits for somebody; a worker may be quicker."""
    waiting = Job.objects.filter(kind=Job.Kind.WEIGHING, subject=shop.slug, state=Job.State.QUEUED).first()
    if waiting is not None:
        try:
            weighing.work(waiting)
        except service.AlreadyRunning:
            pass
        except Exception:
            # The audit is over and its flags stand; the job of the weighing says what went wrong.
            logger.exception("the labels of %s could not be weighed", shop.slug)


def interrupt(run: AuditRun) -> None:
    """Stop a run whose process was interrupted; the next audit looks only at what this one did not get to."""
    service.cancel(run.job)
    _finish(run)


def flags_raised(run: AuditRun) -> int:
    """Labels that the run found wrong (disputed ones and arguable pairs are not counted)."""
    return Flag.objects.filter(run=run, kind=Flag.Kind.FLAG, raised_as=Flag.State.OPEN, set_aside=None).count()
