"""Starting, doing, cancelling and finishing jobs.

Every change of state is a compare-and-set: ``update(...)`` with the old state in the filter must touch exactly one
row, so that of two processes only one wins, on every database and without locks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from catalog_audit.jobs.heartbeat import beating, stale_before
from catalog_audit.jobs.models import Chunk, Job, WorkerBeat
from catalog_audit.jobs.processes import certainly_gone, own_name


class AlreadyRunning(Exception):
    """A job of this kind is active for this subject already."""

    def __init__(self, job: Job) -> None:
        self.job = job
        since = f"{job.created_at:%H:%M:%S} UTC"
        super().__init__(f"{job.get_kind_display()} of {job.subject} is already under way (started {since})")


class Cancelled(Exception):
    """Somebody asked for the job to be cancelled."""


def start(kind: str, subject: str, *, user: Any = None, total: int = 0, payloads: Sequence[list[Any]] = ()) -> Job:
    """Create a job, with one chunk per payload (the chunk's size is the length of its payload).

    Raises:
        AlreadyRunning: a job of this kind is active for the subject, and its process is not known to be dead.
    """
    for _attempt in range(2):
        try:
            with transaction.atomic():
                job = Job.objects.create(kind=kind, subject=subject, created_by=user, total=total)
                Chunk.objects.bulk_create(
                    [
                        Chunk(job=job, number=number, payload=payload, size=len(payload))
                        for number, payload in enumerate(payloads)
                    ],
                    batch_size=500,
                )
                return job
        except IntegrityError:
            active = Job.objects.filter(kind=kind, subject=subject, state__in=Job.ACTIVE).first()
            if active is None:
                continue
            if not is_abandoned(active):
                raise AlreadyRunning(active) from None
            fail(active, "its process ended without finishing")
    raise AlreadyRunning(Job.objects.filter(kind=kind, subject=subject).latest("created_at"))


def is_abandoned(job: Job) -> bool:
    """Whether a job without chunks was left by its process. Chunked jobs are never abandoned: they are gone on with."""
    if job.state != Job.State.RUNNING or job.chunks.exists():
        return False
    return certainly_gone(job.owner) or (job.heartbeat_at is not None and job.heartbeat_at < stale_before())


def fail(job: Job, error: str) -> bool:
    """Mark an active job as failed; what it has done so far stays."""
    return _finish(job, Job.State.FAILED, error=error)


def _finish(job: Job, state: str, **changes: Any) -> bool:
    changed = Job.objects.filter(pk=job.pk, state__in=Job.ACTIVE).update(
        state=state, finished_at=timezone.now(), **changes
    )
    job.refresh_from_db()
    return changed == 1


def cancel(job: Job) -> None:
    """Ask for an active job to stop. One that nobody works on stops at once."""
    Job.objects.filter(pk=job.pk, state__in=Job.ACTIVE).update(cancel_requested=True)
    job.refresh_from_db()
    if job.state == Job.State.QUEUED or (job.chunks.exists() and not _running_chunks(job).exists()):
        _finish(job, Job.State.CANCELLED)


def _running_chunks(job: Job) -> Any:
    return job.chunks.filter(state=Chunk.State.RUNNING)


# --- jobs without chunks ----------------------------------------------------------------------------------------------


class Progress:
    """What a running job tells of itself."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def advance(self, done: int, total: int | None = None) -> None:
        """Set the units done so far.

        Raises:
            Cancelled: somebody asked for the job to stop.
        """
        changes: dict[str, Any] = {"done": done, "heartbeat_at": timezone.now()}
        if total is not None:
            changes["total"] = total
        Job.objects.filter(pk=self._job.pk).update(**changes)
        if Job.objects.filter(pk=self._job.pk, cancel_requested=True).exists():
            raise Cancelled

    def stage(self, name: str) -> None:
        """Say in a word what is going on."""
        Job.objects.filter(pk=self._job.pk).update(stage=name)

    def result(self, result: dict[str, Any]) -> None:
        """Keep the outcome with the job."""
        Job.objects.filter(pk=self._job.pk).update(result=result)


@contextmanager
def working(job: Job) -> Iterator[Progress]:
    """Run a job without chunks in the block: heartbeat while it runs, the right final state however it ends.

    Raises:
        AlreadyRunning: another process has taken the job, or it is finished.
    """
    now = timezone.now()
    taken = Job.objects.filter(pk=job.pk, state=Job.State.QUEUED).update(
        state=Job.State.RUNNING, owner=own_name(), started_at=now, heartbeat_at=now
    )
    job.refresh_from_db()
    if taken != 1:
        raise AlreadyRunning(job)
    with beating(lambda: Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now())):
        try:
            yield Progress(job)
        except (Cancelled, KeyboardInterrupt):
            _finish(job, Job.State.CANCELLED)
            raise
        except BaseException as error:
            fail(job, str(error) or type(error).__name__)
            raise
    _finish(job, Job.State.DONE)


# --- workers ----------------------------------------------------------------------------------------------------------


def workers_alive(queue: str) -> bool:
    """Whether a worker that serves the queue has given a sign of life lately."""
    names = WorkerBeat.objects.filter(queue=queue, seen_at__gte=stale_before()).values_list("name", flat=True)
    # A worker that was killed leaves its row behind.
    return not all(certainly_gone(name.partition("/")[0]) for name in names)
