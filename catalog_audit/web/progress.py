"""How far a job is, in figures that a page can show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog_audit.jobs.dispatch import route_of
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import is_abandoned, workers_alive

#: Seconds that a job has to have run before its rate says anything.
SETTLED = 2.0


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A job as a page shows it.

    Attributes:
        job: the row.
        rate: units a second since the start, or None while nothing can be said.
        seconds_left: at that rate, or None.
        seconds: how long the job ran or has run so far, or None before its start.
        lonely: it waits, and no worker is there to take it.
    """

    job: Job
    rate: float | None
    seconds_left: float | None
    seconds: float | None
    lonely: bool


def describe(job: Job, now: datetime) -> JobProgress:
    """Work out rate and time left of a job."""
    seconds = None
    if job.started_at:
        seconds = max(((job.finished_at or now) - job.started_at).total_seconds(), 0.0)
    rate = job.done / seconds if seconds and seconds >= SETTLED and job.done else None
    left = (job.total - job.done) / rate if rate and job.is_active and job.total > job.done else None
    lonely = job.is_active and not workers_alive(route_of(job.kind).queue)
    if lonely and job.kind == Job.Kind.TRAINING:
        # A training may run in a process of its own, that of the command.
        lonely = job.state == Job.State.QUEUED or is_abandoned(job)
    return JobProgress(job=job, rate=rate, seconds_left=left, seconds=seconds, lonely=lonely)
