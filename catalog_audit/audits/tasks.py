"""The nudges that make a worker go on with an audit, or weigh its labels."""

from __future__ import annotations

from contextlib import suppress

from celery import shared_task

from catalog_audit.audits.models import AuditRun
from catalog_audit.audits.running import do_one_chunk
from catalog_audit.audits.weighing import work
from catalog_audit.jobs import dispatch
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning


@shared_task
def audit_chunk(job_id: int) -> None:
    """Do one chunk of an audit and, while there was one, pass the nudge on."""
    run = AuditRun.objects.select_related("job", "shop").get(job=job_id)
    if do_one_chunk(run):
        dispatch.enqueue(run.job, tickets=1)


@shared_task
def weigh(job_id: int) -> None:
    """Weigh the labels of a shop once more; a process that audits it may have begun with that already."""
    with suppress(AlreadyRunning):
        work(Job.objects.get(pk=job_id))
