"""Which Celery task goes on with a job of which kind. Messages are only a nudge: the rows are the truth."""

from __future__ import annotations

from dataclasses import dataclass

from celery import current_app
from django.db import transaction

from catalog_audit.jobs.models import Job


@dataclass(frozen=True, slots=True)
class Route:
    """How a kind of job is nudged.

    Attributes:
        task: name of a Celery task that takes the job's primary key.
        queue: the queue to send it to.
        tickets: messages to send for a chunked job. Each does one chunk and then sends the next, so this is also the
            number of workers that one job can occupy.
    """

    task: str
    queue: str
    tickets: int = 1


_routes: dict[str, Route] = {}


def register(kind: str, route: Route) -> None:
    """Say how jobs of a kind are gone on with (called when the applications are loaded)."""
    _routes[kind] = route


def route_of(kind: str) -> Route:
    """The route of a kind of job.

    Raises:
        KeyError: nothing was registered for the kind.
    """
    return _routes[kind]


def enqueue(job: Job, tickets: int | None = None) -> None:
    """Nudge the workers to go on with a job, after the current transaction has been committed."""
    route = route_of(job.kind)
    count = route.tickets if tickets is None else tickets

    def send() -> None:
        for _ in range(count):
            current_app.send_task(route.task, args=[job.pk], queue=route.queue)

    transaction.on_commit(send)
