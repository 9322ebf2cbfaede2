"""A data folder of its own and real processes on it: workers, a sweeper, commands; looked at from outside, by SQL."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent

#: Products of a chunk.
CHUNK = 4

#: Seconds that anything may take on a busy machine.
PATIENCE = 150


class World:
    """An installation of the program.

    Args:
        folder: its data folder.
        servers: ``DATABASE_URL`` and ``REDIS_URL`` where there are servers; the embedded defaults otherwise.
        lose_messages: makes the broker forget all that it holds.
    """

    def __init__(self, folder: Path, servers: Mapping[str, str], lose_messages: Callable[[], None]) -> None:
        self.folder = folder
        self.lose_messages = lose_messages
        inherited = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        self._database = servers.get("DATABASE_URL", "")
        self._environment = inherited | {
            "CATALOG_AUDIT_DATA": str(folder),
            "CATALOG_AUDIT_CHUNK": str(CHUNK),
            "CATALOG_AUDIT_STALE_AFTER": "8",
            "CATALOG_AUDIT_LOG_LEVEL": "WARNING",
            "CATALOG_AUDIT_DEVICE": "cpu",
            "OMP_NUM_THREADS": "1",
            **servers,
        }
        self._logs = 0

    # --- processes ---

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; it must succeed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self._environment, capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{arguments}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done

    @contextmanager
    def running(self, *command: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process with all its children in a group of its own; killed at the end of the block, dead or alive."""
        self._logs += 1
        with open(self.folder / f"process{self._logs}.log", "wb") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT, env=self._environment, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        try:
            yield process
        finally:
            kill(process)

    @contextmanager
    def worker(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """A worker of the queue of pictures, as the Procfile starts it; ready when the block begins."""
        known = self._beats()
        with self.running(
            "-m", "celery", "-A", "catalog_audit", "worker", "--queues", "pictures", "--hostname", f"{name}@%h",
            "--pool", "prefork", "--concurrency", "1", "--without-gossip", "--without-mingle", "--loglevel", "WARNING",
        ) as process:  # fmt: skip
            self.wait(lambda: self._beats() - known, "a worker gives a sign of life")
            yield process

    def _beats(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT name FROM jobs_workerbeat")}

    # --- looking ---

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the database from outside."""
        connection: Any
        if self._database:
            import psycopg2

            connection = psycopg2.connect(self._database)
        else:
            connection = sqlite3.connect(self.folder / "catalog_audit.sqlite3", timeout=30)
        try:
            cursor = connection.cursor()
            cursor.execute(sql)
            return list(cursor.fetchall())
        finally:
            connection.close()

    def chunks(self, shop: str) -> list[tuple[int, str, int, str]]:
        """(number, state, attempts, owner) of the chunks of the shop's only audit."""
        return self.ask(
            "SELECT number, jobs_chunk.state, attempts, jobs_chunk.owner FROM jobs_chunk "
            "JOIN jobs_job ON jobs_job.id = job_id "
            f"WHERE kind = 'audit' AND subject = '{shop}' ORDER BY number"
        )

    def predictions(self, shop: str) -> dict[int, int]:
        """Prediction -> product, of all predictions of the colour, old ones included."""
        return dict(
            self.ask(
                "SELECT audits_prediction.id, product_id FROM audits_prediction "
                "JOIN catalog_product ON catalog_product.id = product_id "
                "JOIN catalog_attribute ON catalog_attribute.id = attribute_id "
                f"JOIN catalog_shop ON catalog_shop.id = shop_id WHERE slug = '{shop}' AND code = 'colour'"
            )
        )

    def audit_state(self, shop: str) -> tuple[str, int, int]:
        """State, products done and products in all of the shop's only audit."""
        ((state, done, total),) = self.ask(
            f"SELECT state, done, total FROM jobs_job WHERE kind = 'audit' AND subject = '{shop}'"
        )
        return state, done, total

    def wait(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something holds; fails with what the processes said when it takes too long."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"in vain waited until {what}\n{self._said()}"
            time.sleep(0.05)

    def _said(self) -> str:
        logs = sorted(self.folder.glob("process*.log"))
        return "\n".join(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}" for log in logs)

    def stop_in_mid_chunk(self, process: subprocess.Popen[bytes], shop: str, after: int) -> int:
        """Freeze a process group when ``after`` chunks or more are done and it is at another; returns its number."""
        found: list[int] = []

        def frozen() -> bool:
            states = [state for _, state, _, _ in self.chunks(shop)]
            if states.count("done") < after or "running" not in states:
                return False
            os.killpg(process.pid, signal.SIGSTOP)
            found.extend(number for number, state, _, owner in self.chunks(shop)
                         if state == "running" and _group_of(owner) == process.pid)  # fmt: skip
            if not found:
                os.killpg(process.pid, signal.SIGCONT)
            return bool(found)

        self.wait(frozen, f"{after} chunks are done and another is in work")
        (number,) = found
        return number


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to a process and all its children; they get no chance to tidy up."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _group_of(owner: str) -> int:
    return os.getpgid(int(owner.rpartition(":")[2]))
