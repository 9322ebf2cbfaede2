"""A thread that says every few seconds that its process is alive."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

logger = logging.getLogger(__name__)


def interval() -> float:
    """Seconds between two beats: three may be missed before the work counts as abandoned."""
    return settings.STALE_AFTER_SECONDS / 4


def stale_before() -> datetime:
    """Heartbeats older than this moment count as missing."""
    return timezone.now() - timedelta(seconds=settings.STALE_AFTER_SECONDS)


@contextmanager
def beating(beat: Callable[[], object]) -> Iterator[None]:
    """Call ``beat`` every few seconds, in a thread, while the block runs.

    The thread's own database connection is closed after every beat: a connection that is open while a worker forks
    would be shared with the child.
    """
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(interval()):
            try:
                beat()
            except DatabaseError:
                logger.warning("a heartbeat could not be written", exc_info=True)
            finally:
                connection.close()

    thread = threading.Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
