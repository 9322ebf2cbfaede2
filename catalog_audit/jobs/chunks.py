"""Chunks of a job: claimed by one worker, done in one transaction, given to another when the worker dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db.models import F, Q
from django.utils import timezone

from catalog_audit.jobs.heartbeat import beating, stale_before
from catalog_audit.jobs.models import Chunk, Job
from catalog_audit.jobs.processes import certainly_gone, own_name

#: A chunk that took its worker down this often is set aside, so that one poisonous picture cannot stop an audit.
MAX_ATTEMPTS = 3

#: Several workers try for the first few free chunks; one that loses a race tries the next.
_CANDIDATES = 8


class Lost(Exception):
    """The chunk was given to another worker in the meantime; nothing of this attempt may be stored."""


def claim(job: Job) -> Chunk | None:
    """Take a free chunk of an active job, or None when there is none (or the job is to stop)."""
    now = timezone.now()
    while True:
        job.refresh_from_db(fields=["state", "cancel_requested"])
        if job.cancel_requested or not job.is_active:
            return None
        free = list(job.chunks.filter(state=Chunk.State.PENDING).values_list("pk", flat=True)[:_CANDIDATES])
        if not free:
            return None
        for pk in free:
            taken = Chunk.objects.filter(pk=pk, state=Chunk.State.PENDING).update(
                state=Chunk.State.RUNNING, owner=own_name(), heartbeat_at=now, attempts=F("attempts") + 1
            )
            if taken == 1:
                Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(state=Job.State.RUNNING, started_at=now)
                return Chunk.objects.get(pk=pk)


@contextmanager
def held(chunk: Chunk) -> Iterator[None]:
    """Keep a claimed chunk alive while the block works on it; give it back when the block fails."""
    mine = Chunk.objects.filter(pk=chunk.pk, state=Chunk.State.RUNNING, owner=chunk.owner, attempts=chunk.attempts)
    with beating(lambda: mine.update(heartbeat_at=timezone.now())):
        try:
            yield
        except Lost:
            raise
        except (KeyboardInterrupt, SystemExit):
            # Not the chunk's fault: the attempt does not count.
            mine.update(state=Chunk.State.PENDING, owner="", attempts=F("attempts") - 1)
            raise
        except BaseException as error:
            mine.update(**_given_back(chunk.attempts, f"{type(error).__name__}: {error}"))
            raise


def _given_back(attempts: int, error: str) -> dict[str, str]:
    state = Chunk.State.FAILED if attempts >= MAX_ATTEMPTS else Chunk.State.PENDING
    return {"state": state, "owner": "", "error": error}


def complete(chunk: Chunk) -> None:
    """Mark a chunk as done; call it in the transaction that stores the chunk's results, before storing them.

    Raises:
        Lost: the chunk is another worker's by now; the transaction must be rolled back.
    """
    now = timezone.now()
    kept = Chunk.objects.filter(
        pk=chunk.pk, state=Chunk.State.RUNNING, owner=chunk.owner, attempts=chunk.attempts
    ).update(state=Chunk.State.DONE, error="", heartbeat_at=now)
    if kept != 1:
        raise Lost(f"chunk {chunk} was given to another worker")
    Job.objects.filter(pk=chunk.job_id).update(done=F("done") + chunk.size, heartbeat_at=now)


def release_abandoned(job: Job) -> int:
    """Free the chunks whose worker is gone; returns how many."""
    released = 0
    for chunk in job.chunks.filter(state=Chunk.State.RUNNING):
        silent = chunk.heartbeat_at is None or chunk.heartbeat_at < stale_before()
        if silent or certainly_gone(chunk.owner):
            released += Chunk.objects.filter(
                pk=chunk.pk, state=Chunk.State.RUNNING, owner=chunk.owner, heartbeat_at=chunk.heartbeat_at
            ).update(**_given_back(chunk.attempts, f"its worker {chunk.owner} ended"))
    return released


def finish_if_drained(job: Job) -> bool:
    """Finish a job that has nothing left to do; True for exactly one of all the callers."""
    job.refresh_from_db()
    if not job.is_active:
        return False
    # One question, not two: between them another worker could take the last waiting chunk, and it would be in neither
    # answer.
    unfinished = [Chunk.State.RUNNING] if job.cancel_requested else [Chunk.State.RUNNING, Chunk.State.PENDING]
    if job.chunks.filter(state__in=unfinished).exists():
        return False
    if job.cancel_requested:
        return _end(job, Job.State.CANCELLED)
    failed = list(job.chunks.filter(state=Chunk.State.FAILED))
    if failed:
        return _end(job, Job.State.FAILED, f"{len(failed)} parts failed three times; the first: {failed[0].error}")
    return _end(job, Job.State.DONE)


def _end(job: Job, state: str, error: str = "") -> bool:
    changed = Job.objects.filter(Q(state__in=Job.ACTIVE), pk=job.pk).update(
        state=state, error=error, finished_at=timezone.now()
    )
    job.refresh_from_db()
    return changed == 1
