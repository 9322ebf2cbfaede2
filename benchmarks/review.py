"""How long do the pages of the review take with a million products, and do they read whole tables?

``python benchmarks/review.py --products N [--compare [M]] [--database-url URL]``

A PostgreSQL of its own is filled with N products, N/5 open flags and N/20 decisions; with ``--compare`` another of M
products beside it. Then the real views are asked in this process, as a reviewer who is signed in. Every measure is
taken in several rounds, small and large database in turn, and the medians of the rounds' percentiles are printed:
``name p50_ms p95_ms``, then the same of what program and database computed meanwhile, and with ``--compare`` how many
times more the large one computes at the 95th percentile. On a machine that does other things as well, a request mostly
waits for a processor (see the load average), many times for every query: there the computing and the ratio count.

Ends with 1 when a query would read a table of more than 10,000 rows as a whole.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

#: Milliseconds that 95% may take, of a measure that is not named here.
WANTED, WANTED_OF = 50.0, {"dashboard": 200.0}
ROUNDS = 5
#: Calls whose queries are looked at.
EXPLAINED = 12

#: Per measure the rounds' percentiles in milliseconds: (p50, p95) of the time, (p50, p95) of the computing.
Times = dict[str, list[tuple[float, ...]]]


def main(arguments: list[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--products", type=int, default=1_000_000, metavar="N", help="default 1000000")
    parser.add_argument("--compare", type=int, nargs="?", const=10_000, metavar="M", help="with M products as well")
    parser.add_argument("--requests", type=int, default=500, metavar="R", help="of each measure (default 500)")
    parser.add_argument("--database-url", metavar="URL", help="a PostgreSQL, as a role that may make databases")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="catalog-audit-benchmark-"))
        from benchmarks.servers import database, postgresql

        url = options.database_url or stack.enter_context(postgresql())
        sizes = [size for size in (options.compare, options.products) if size]
        urls = [stack.enter_context(database(url, f"review_benchmark_{size}")) for size in sizes]
        start_django(Path(folder), urls[0])
        try:
            found = measure(list(zip(sizes, urls, strict=True)), options.requests)
        finally:
            from django.db import connection

            connection.close()
    sys.exit(found)


def start_django(folder: Path, url: str) -> None:
    """Start Django on an empty data folder and a database."""
    os.environ |= {
        "CATALOG_AUDIT_DATA": str(folder),
        "CATALOG_AUDIT_LOG_LEVEL": "ERROR",
        "CATALOG_AUDIT_HTTPS": "0",
        "CATALOG_AUDIT_HOSTS": "testserver,127.0.0.1",
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "catalog_audit.settings",
    }
    import django

    django.setup()


def measure(databases: list[tuple[int, str]], requests: int) -> int:
    """Fill the databases, measure, print; returns the exit status."""
    for size, url in databases:
        _use(url)
        began = time.monotonic()
        fill(size)
        _say(f"filled with {size} products in {time.monotonic() - began:.0f} s, load average {_load()}")
    times: dict[int, Times] = {size: defaultdict(list) for size, _url in databases}
    rounds = min(ROUNDS, requests)
    offenders: dict[str, dict[str, str]] = {}
    for number in range(rounds):
        for size, url in databases:
            _use(url)
            offenders |= _round(times[size], number, -(-requests // rounds))
    _say(f"load average {_load()}")
    _say("name p50_ms p95_ms computing_p50_ms computing_p95_ms" + " ratio_of_computing_p95" * (len(databases) > 1))
    *smaller, largest = ({name: _medians(taken) for name, taken in times[size].items()} for size, _url in databases)
    for name, medians in largest.items():
        ratio = f" {medians[3] / smaller[0][name][3]:.2f}" if smaller else ""
        slow = " SLOW" if medians[3] > WANTED_OF.get(name, WANTED) else ""
        _say(f"{name} {' '.join(f'{one:.1f}' for one in medians)}{ratio}{slow}")
    for name, queries in offenders.items():
        for query, tables in queries.items():
            _say(f"{name} reads the whole of {tables}: {query}")
    return 1 if offenders else 0


def _use(url: str) -> None:
    """Let Django ask another database from now on."""
    import dj_database_url
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = dj_database_url.parse(url)["NAME"]
    # One process of the database for a query, as on a busy server; and its computing is all there is.
    connection.settings_dict["OPTIONS"]["options"] = "-c max_parallel_workers_per_gather=0"


def fill(products: int) -> None:
    """Make the tables of an empty database, and fill them."""
    from django.core.management import call_command

    from benchmarks import many_flags

    call_command("migrate", verbosity=0)
    many_flags.fill(products)


def _round(times: Times, number: int, requests: int) -> dict[str, dict[str, str]]:
    """One round of every measure; the first one looks at the queries as well and returns what reads whole tables."""
    from benchmarks.measures import measures
    from benchmarks.plans import Queries

    offenders: dict[str, dict[str, str]] = {}
    for name, call in measures(number).items():
        queries = Queries()
        with queries.captured():
            for _ in range(min(EXPLAINED, requests) if number == 0 else 1):
                call()
        if number == 0 and (found := queries.whole_table_reads()):
            offenders[name] = found
        clock = Clock()
        taken = zip(*(clock.of(call) for _ in range(requests)), strict=True)
        times[name].append(tuple(at for one in map(sorted, taken) for at in (statistics.median(one), _p95(one))))
    return offenders


def _p95(ascending: Sequence[float]) -> float:
    return ascending[int(len(ascending) * 0.95)]


def _medians(rounds: list[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(statistics.median(column) for column in zip(*rounds, strict=True))


class Clock:
    """Measures calls, and how much of it this process and its partner in the database compute."""

    def __init__(self) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            (partner,) = cursor.fetchone()
        # Linux knows a process's time on the processors to the nanosecond. A server elsewhere counts as nothing.
        self._partner = Path(f"/proc/{partner}/schedstat")

    def of(self, call: Callable[[], object]) -> tuple[float, float]:
        """Milliseconds in all, and milliseconds of computing."""
        began, computed = time.perf_counter(), self._computed()
        call()
        return (time.perf_counter() - began) * 1000, (self._computed() - computed) * 1000

    def _computed(self) -> float:
        try:
            database = int(self._partner.read_text().split()[0]) / 1e9
        except OSError:
            database = 0.0
        return time.process_time() + database


def _load() -> str:
    return " ".join(f"{one:.1f}" for one in os.getloadavg())


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
