"""Jobs of three chunks, messages that are counted instead of sent, and workers that seem alive."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.models import Chunk, Job, WorkerBeat


class Post:
    """Stands for the Celery application and keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, list[Any], str]] = []

    def send_task(self, name: str, args: list[Any], queue: str) -> None:
        self.sent.append((name, args, queue))


@pytest.fixture
def post(monkeypatch) -> Post:
    post = Post()
    monkeypatch.setattr(dispatch, "current_app", post)
    return post


@pytest.fixture
def job(db) -> Job:
    return start()


@pytest.fixture
def worker(db) -> None:
    """A worker of the queue of pictures that gave a sign of life just now."""
    WorkerBeat.objects.create(name="elsewhere:1/pictures", queue="pictures", seen_at=timezone.now())


@pytest.fixture
def dead_process() -> str:
    """The name of a process of this host that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return f"{socket.gethostname()}:{process.pid}"


@pytest.fixture
def living_process() -> str:
    """The name of another process of this host that runs."""
    return f"{socket.gethostname()}:{os.getppid()}"


def start(subject: str = "boutique", payloads: Sequence[list[int]] = ([1, 2], [3, 4], [5])) -> Job:
    return service.start(Job.Kind.AUDIT, subject, total=sum(map(len, payloads)), payloads=payloads)


def states(job: Job) -> list[str]:
    return list(job.chunks.order_by("number").values_list("state", flat=True))


def pretend(chunk: Chunk, owner: str, seconds_silent: float = 0) -> None:
    """Say that another process holds the chunk and was last heard of some time ago."""
    beat = timezone.now() - timedelta(seconds=seconds_silent)
    Chunk.objects.filter(pk=chunk.pk).update(owner=owner, heartbeat_at=beat)
    chunk.refresh_from_db()


def age(job: Job, seconds: float = 3600) -> None:
    """Let the job be untouched for so long."""
    long_ago = timezone.now() - timedelta(seconds=seconds)
    Job.objects.filter(pk=job.pk).update(created_at=long_ago, heartbeat_at=long_ago)
    job.refresh_from_db()
