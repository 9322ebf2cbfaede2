"""Going on with what dead workers and lost messages left behind.

Safe to run in several processes at once: every step is a compare-and-set.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from catalog_audit.jobs import chunks, dispatch, service
from catalog_audit.jobs.heartbeat import stale_before
from catalog_audit.jobs.models import Chunk, Job, WorkerBeat
from catalog_audit.jobs.processes import certainly_gone

_chores: list[Callable[[], object]] = []


def register_chore(chore: Callable[[], object]) -> None:
    """Have something small done at every look (called when the applications are loaded)."""
    _chores.append(chore)


def sweep() -> int:
    """Look at every active job once, and do the chores; returns how many jobs were nudged."""
    for chore in _chores:
        chore()
    WorkerBeat.objects.filter(seen_at__lt=timezone.now() - timedelta(days=1)).delete()
    return sum(_look_after(job) for job in Job.objects.filter(state__in=Job.ACTIVE))


def _look_after(job: Job) -> bool:
    if job.chunks.exists():
        chunks.release_abandoned(job)
        if chunks.finish_if_drained(job):
            return False
        if job.chunks.filter(state=Chunk.State.RUNNING).exists():
            return False
        return job.chunks.filter(state=Chunk.State.PENDING).exists() and _nudge(job)
    if job.state == Job.State.QUEUED:
        return _nudge(job)
    if certainly_gone(job.owner) or (job.heartbeat_at and job.heartbeat_at < stale_before()):
        # Work without chunks can be repeated safely, so it simply starts again.
        restarted = Job.objects.filter(pk=job.pk, state=Job.State.RUNNING, owner=job.owner).update(
            state=Job.State.QUEUED, owner=""
        )
        return restarted == 1 and _nudge(job)
    return False


def _nudge(job: Job) -> bool:
    """Send the job's messages again, unless it advanced (or was nudged) a moment ago, or nobody would listen."""
    if not service.workers_alive(dispatch.route_of(job.kind).queue):
        return False
    last_sign = job.heartbeat_at or job.created_at
    if last_sign > timezone.now() - timedelta(seconds=min(10, settings.STALE_AFTER_SECONDS)):
        return False
    won = Job.objects.filter(pk=job.pk, state__in=Job.ACTIVE, heartbeat_at=job.heartbeat_at).update(
        heartbeat_at=timezone.now()
    )
    if won == 1:
        dispatch.enqueue(job)
    return won == 1
