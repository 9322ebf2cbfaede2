"""Ten reviewers at once: does anything go wrong, and how long do they wait?

``python benchmarks/reviewers.py [--seconds S] [--products N] [--database-url URL]``

PostgreSQL is filled as by `benchmarks/review.py` and served as by the Procfile; locust sends what ten people do: next
flag, decide, sometimes skip, dispute, undo, a page of the grid. In the end the database has to tell that no flag was
decided twice, that flags, labels and decisions agree, and that the numbers of flags are right. Prints locust's
percentiles; ends with 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Seconds until the server has to answer.
STARTS_WITHIN = 300


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=300, metavar="S", help="default 300")
    parser.add_argument("--products", type=int, default=100_000, metavar="N", help="default 100000")
    parser.add_argument("--database-url", metavar="URL", help="a PostgreSQL, as a role that may make databases")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="catalog-audit-benchmark-"))
        from benchmarks.review import start_django
        from benchmarks.servers import database, postgresql

        url = options.database_url or stack.enter_context(postgresql())
        start_django(Path(folder), stack.enter_context(database(url, "reviewers_benchmark")))
        try:
            wrong = run(options.products, options.seconds)
        finally:
            from django.db import connection

            connection.close()
    for sentence in wrong:
        print(sentence)
    print("WRONG" if wrong else "no flag decided twice, no error, all numbers right")
    sys.exit(1 if wrong else 0)


def run(products: int, seconds: int) -> list[str]:
    """Fill, serve, send; returns what is wrong."""
    from benchmarks.review import fill

    fill(products)
    before = _latest()
    with served() as address:
        status = subprocess.run(
            [
                sys.executable, "-m", "locust", "-f", str(ROOT / "benchmarks" / "reviewer_at_work.py"), "--headless",
                "--users", "10", "--spawn-rate", "10", "--run-time", f"{seconds}s", "--stop-timeout", "60",
                "--host", address, "--only-summary", "--loglevel", "ERROR",
            ],
            env=os.environ | {"REVIEW_SESSIONS": ",".join(_sessions())},
            check=False,
        ).returncode  # fmt: skip
    wrong = [f"locust ended with {status}: see the failures above"] if status else []
    return wrong + verify(before)


def verify(before: int) -> list[str]:
    """What does not hold in the database, as sentences.

    Args:
        before: key of the latest decision that was there before the reviewers came.
    """
    from django.db.models import Count, F, Q

    from catalog_audit.audits import counting
    from catalog_audit.audits.models import Flag
    from catalog_audit.review.models import Decision
    from catalog_audit.review.rules import LABEL_IN

    wrong = []
    standing = Decision.objects.filter(undone_by=None, after__in=list(LABEL_IN)).exclude(verdict="undo")
    twice = standing.order_by().values("flag").annotate(number=Count("pk")).filter(number__gt=1).count()
    if twice:
        wrong.append(f"{twice} flags were decided twice")
    settled = Flag.objects.filter(state__in=list(LABEL_IN))
    lost = settled.exclude(pk__in=standing.values("flag")).count()
    if lost:
        wrong.append(f"{lost} flags are settled without a decision")
    latest = standing.filter(pk__gt=before).exclude(flag__kind=Flag.Kind.CHECK)
    differing = latest.exclude(flag__state=F("after")).count()
    if differing:
        wrong.append(f"{differing} flags are not as their decision left them")
    labels = latest.exclude(flag__label__verdict=F("after")) | latest.filter(
        ~Q(flag__label__correction=F("new_value")), after=Flag.State.FIXED
    )
    if labels.exists():
        wrong.append(f"{labels.count()} labels are not as their decision left them")
    missing = counting.recount()
    if missing:
        wrong.append(f"{len(missing)} numbers of flags were wrong")
    made = Decision.objects.filter(pk__gt=before)
    if not made.exists():
        wrong.append("nothing was decided")
    print(f"{made.count()} decisions by {made.values('user').distinct().count()} people", flush=True)
    return wrong


def _latest() -> int:
    from catalog_audit.review.models import Decision

    return Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0


def _sessions() -> list[str]:
    """A session cookie for every reviewer."""
    from django.test import Client

    from catalog_audit.accounts.models import User

    cookies = []
    for user in User.objects.filter(username__startswith="reviewer"):
        client = Client()
        client.force_login(user)
        cookies.append(client.cookies["sessionid"].value)
    return cookies


@contextmanager
def served() -> Iterator[str]:
    """The address of the web process of the Procfile, on a free port, while the block runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "catalog_audit.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2",
        "--threads", "4", "--no-control-socket", "--log-level", "error",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + STARTS_WITHIN
        while True:
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=10).close()
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                break
        yield address
    finally:
        process.terminate()
        process.wait(60)


if __name__ == "__main__":
    main()
