"""What `make run` starts really starts, can be used, and stops without leaving anything behind."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0

pytestmark = pytest.mark.real_servers


def wait_for(what: str, condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.2)


def processes_of(data: Path) -> list[psutil.Process]:
    """Every process that was started for the data folder, however it is related to us."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("CATALOG_AUDIT_DATA") == str(data) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "REDIS_URL", "PORT", "BIND")
        and not name.startswith(("CATALOG_AUDIT_", "PYTEST_"))
    }
    return kept | {
        "CATALOG_AUDIT_DATA": str(tmp_path),
        "CATALOG_AUDIT_HTTPS": "0",
        "PYTHONUNBUFFERED": "1",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture
def served(tmp_path: Path, environment: dict[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    for command in ("migrate", "first_admin"):
        subprocess.run([sys.executable, "manage.py", command], cwd=ROOT, env=environment, check=True)
    log = (tmp_path / "served.log").open("wb")
    program = subprocess.Popen(
        [sys.executable, "-m", "catalog_audit.serving", "--port", str(port)],
        cwd=ROOT,
        env=environment,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield program
    finally:
        log.close()
        for process in processes_of(tmp_path):
            process.kill()
        program.wait()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def sign_in(address: str, username: str, password: str) -> str:
    """Sign in as a browser does; returns the address that one ends up at."""
    cookies = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    with browser.open(f"{address}/sign-in/", timeout=30) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
    request = urllib.request.Request(
        f"{address}/sign-in/", urllib.parse.urlencode(form).encode(), {"Referer": f"{address}/sign-in/"}
    )
    with browser.open(request, timeout=30) as page:
        return page.url


def queues_served(data: Path) -> set[str]:
    with closing(sqlite3.connect(data / "catalog_audit.sqlite3", timeout=30)) as database:
        return {row[0] for row in database.execute("SELECT queue FROM jobs_workerbeat")}


def test_it_serves_signs_in_works_and_stops_on_ctrl_c(tmp_path: Path, served: subprocess.Popen[bytes], port: int):
    address = f"http://127.0.0.1:{port}"
    log = tmp_path / "served.log"
    wait_for("the web server", lambda: served.poll() is not None or answers(f"{address}/healthz"))
    wait_for("both workers", lambda: served.poll() is not None or queues_served(tmp_path) == {"pictures", "training"})
    assert served.poll() is None, log.read_text()

    kept = tmp_path / "first_admin.txt"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert sign_in(address, *kept.read_text().split()) == f"{address}/"

    names = {" ".join(process.cmdline()) for process in processes_of(tmp_path)}
    for part in ("gunicorn", "--queues pictures", "--queues training", "manage.py sweep"):
        assert any(part in name for name in names), f"{part} does not run"

    served.send_signal(signal.SIGINT)
    assert served.wait(40) == 0, log.read_text()
    assert processes_of(tmp_path) == []
    # Nobody had to be killed.
    assert "SIGKILL" not in log.read_text()


def test_it_says_so_and_stops_when_the_port_is_taken(
    tmp_path: Path, environment: dict[str, str], served: subprocess.Popen[bytes], port: int
):
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            pytest.skip("the server was faster")
        other.listen()
        assert served.wait(PATIENCE) != 0
    assert "in use" in (tmp_path / "served.log").read_text()
    assert processes_of(tmp_path) == []
