"""The nudge that makes a worker go on with an audit."""

from __future__ import annotations

from celery import shared_task

from catalog_audit.audits.models import AuditRun
from catalog_audit.audits.running import do_one_chunk
from catalog_audit.jobs import dispatch


@shared_task
def audit_chunk(job_id: int) -> None:
    """Do one chunk of an audit and, while there was one, pass the nudge on."""
    run = AuditRun.objects.select_related("job", "shop").get(job=job_id)
    if do_one_chunk(run):
        dispatch.enqueue(run.job, tickets=1)
