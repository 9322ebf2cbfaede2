"""Signs of life of Celery workers, so that a page can say that none is running."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from celery.signals import worker_ready, worker_shutdown
from django.utils import timezone

from catalog_audit.jobs.heartbeat import beating
from catalog_audit.jobs.models import WorkerBeat
from catalog_audit.jobs.processes import own_name

_alive = ExitStack()


def _beat(queues: list[str]) -> None:
    for queue in queues:
        WorkerBeat.objects.update_or_create(
            name=f"{own_name()}/{queue}", defaults={"queue": queue, "seen_at": timezone.now()}
        )


@worker_ready.connect
def begin(sender: Any, **_kwargs: Any) -> None:
    """Start beating when a worker has connected to its broker."""
    queues = list(sender.task_consumer.queues and [queue.name for queue in sender.task_consumer.queues])
    _beat(queues)
    _alive.enter_context(beating(lambda: _beat(queues)))


@worker_shutdown.connect
def end(**_kwargs: Any) -> None:
    """Stop beating and take the signs of life back, so that pages know at once."""
    _alive.close()
    WorkerBeat.objects.filter(name__startswith=f"{own_name()}/").delete()
