"""Goes on with work that dead workers left behind."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, close_old_connections

from catalog_audit.jobs.sweeper import sweep


class Command(BaseCommand):
    help = "Every few seconds, go on with work that dead workers or lost messages left behind."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=5.0, help="seconds between two looks (default 5)")
        parser.add_argument("--once", action="store_true", help="look once and end")

    def handle(self, *args: Any, every: float, once: bool, **options: Any) -> None:
        stop = threading.Event()
        if not once:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                sweep()
            except DatabaseError as error:
                if once:
                    raise
                # The database may be restarting; the next look finds the same rows.
                self.stderr.write(f"sweep: {error}")
            close_old_connections()
            if once or stop.wait(every):
                return
