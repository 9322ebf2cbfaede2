"""The benchmarks of the review run through on a small catalogue, and notice what they are there to notice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

MEASURES = ["next_flag", "decide_and_next", "evidence", "queue_two_filters", "grid", "counts", "dashboard"]

pytestmark = pytest.mark.real_servers


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    from benchmarks.servers import postgresql

    with postgresql() as url:
        yield url


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, str(ROOT / "benchmarks" / script), *arguments],
        env=environment, capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip


def test_every_measure_has_a_line_with_its_percentiles(server: str) -> None:
    done = run("review.py", "--products", "400", "--compare", "200", "--requests", "2", "--database-url", server)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    for name in MEASURES:
        (figures,) = [[float(one) for one in line[1:6]] for line in lines if line[0] == name]
        assert all(one > 0 for one in figures), name


def test_ten_reviewers_leave_everything_in_order(server: str) -> None:
    done = run("reviewers.py", "--products", "1000", "--seconds", "5", "--database-url", server)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no flag decided twice, no error, all numbers right" in done.stdout
