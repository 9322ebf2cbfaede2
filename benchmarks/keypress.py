"""How long from a key press until the next flag stands painted on the screen?

``python benchmarks/keypress.py [--flags N] [--pause MS]``

It draws a shop, serves it as `make run` does, and decides N flags by keyboard in a real Chromium, once for each of two
runs: in the middle of the first the server is stopped and started again, in the middle of the second the network is
gone for a while. A press is measured in the page, from the key event to the second animation frame after the next
flag's picture is decoded. Presses for which the server had to come back first are counted apart. In the end every
decision has to be in the database exactly once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

NAME = "benchmark"
PASSWORD = "correct horse battery staple"
#: Milliseconds that 95% of the presses may take.
WANTED = 100.0
#: Seconds that the network is gone in the second run.
OUTAGE = 3.0
#: Keys that decide, pressed in turn.
KEYS = ("Enter", "a", "1", "Enter", "2")

#: Measures every press: [flag, milliseconds].
MEASURE = """
() => {
  window.measured = [];
  const part = document.querySelector("[data-part]");
  let pressed = 0;
  document.addEventListener("keydown", (event) => { pressed = event.timeStamp; }, { capture: true });
  new MutationObserver(async () => {
    const flag = part.querySelector("[data-flag]");
    const began = pressed;
    if (!flag || !began || flag.dataset.measured) return;
    flag.dataset.measured = "1";
    const picture = flag.querySelector(".stage-base");
    if (picture) await picture.decode();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.measured.push([Number(flag.dataset.flag), performance.now() - began]);
    }));
  }).observe(part, { childList: true });
}
"""


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flags", type=int, default=200, metavar="N", help="flags to decide in each run (default 200)")
    parser.add_argument("--pause", type=int, default=1000, metavar="MS", help="to look at a flag (default 1000)")
    parser.add_argument("--chromium", default=shutil.which("chromium"), metavar="FILE")
    options = parser.parse_args()
    if not options.chromium:
        parser.error("no Chromium found; name one with --chromium")
    with tempfile.TemporaryDirectory(prefix="catalog-audit-benchmark-") as name:
        _set_up(Path(name), options.flags)
        with Server() as server:
            good = [
                run(server, options, "the server restarted", server.restart_after_a_press),
                run(server, options, "the network gone", drop_network),
            ]
    sys.exit(0 if all(good) else 1)


def _set_up(folder: Path, flags: int) -> None:
    """Start Django on an empty data folder, and fill it."""
    os.environ |= {
        "CATALOG_AUDIT_DATA": str(folder),
        "CATALOG_AUDIT_LOG_LEVEL": "ERROR",
        "CATALOG_AUDIT_HTTPS": "0",
        "DJANGO_SETTINGS_MODULE": "catalog_audit.settings",
        # Playwright's synchronous interface runs an event loop, which Django takes for asynchronous code.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }
    os.environ.pop("DATABASE_URL", None)
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)
    from benchmarks.drawn_flags import fill
    from catalog_audit.accounts.models import User
    from catalog_audit.accounts.roles import CONTENT_MANAGERS, give_role

    give_role(User.objects.create_user(NAME, password=PASSWORD), CONTENT_MANAGERS)
    print(f"Drawing a shop with {2 * flags} flags ...", flush=True)
    fill(2 * flags)


class Server:
    """The web process of the Procfile, on a free port."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [
            sys.executable, "-m", "gunicorn", "catalog_audit.wsgi", "--bind", f"127.0.0.1:{self.port}",
            "--workers", "2", "--threads", "4", "--graceful-timeout", "3", "--no-control-socket",
            "--log-level", "error",
        ]  # fmt: skip
        self.process = subprocess.Popen(command, cwd=ROOT)
        end = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def stop(self) -> None:
        """Stop, and wait until it has."""
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    @contextmanager
    def restart_after_a_press(self, _page: Any) -> Iterator[None]:
        """Gone while the block runs."""
        self.stop()
        yield
        self.start()


@contextmanager
def drop_network(page: Any) -> Iterator[None]:
    """No network while the block runs, and a little longer."""
    page.context.set_offline(True)
    yield
    time.sleep(OUTAGE)
    page.context.set_offline(False)


def run(server: Server, options: argparse.Namespace, name: str, outage: Callable[..., Any]) -> bool:
    """Decide the flags; returns whether each is stored exactly once and the presses were fast enough."""
    from playwright.sync_api import sync_playwright

    from benchmarks.drawn_flags import decided_flags
    from catalog_audit.review.models import Decision

    before = Decision.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        _sign_in(page, server.address)
        page.goto(f"{server.address}/flags/next/")
        page.wait_for_load_state("networkidle")
        page.evaluate(MEASURE)
        pressed, waited = _decide(page, options, outage)
        page.wait_for_function(
            "() => JSON.parse(localStorage['catalog-audit.outbox'] || '[]').length === 0", timeout=60_000
        )
        times = [taken for flag, taken in page.evaluate("window.measured") if flag not in waited]
        browser.close()
    stored = decided_flags(before)
    once = sorted(flag for flag, _verdict in stored) == sorted(pressed) and len(set(pressed)) == len(pressed)
    times.sort()
    p95 = times[int(len(times) * 0.95)]
    print(
        f"{name}: {len(pressed)} decisions, {'each stored once' if once else f'but {len(stored)} STORED'};"
        f" {len(times)} presses measured: p50 {statistics.median(times):.0f} ms, p95 {p95:.0f} ms,"
        f" longest {times[-1]:.0f} ms; {len(waited)} waited for the server",
        flush=True,
    )
    return once and p95 < WANTED


def _sign_in(page: Any, address: str) -> None:
    page.goto(f"{address}/sign-in/")
    page.fill("#id_username", NAME)
    page.fill("#id_password", PASSWORD)
    page.press("#id_password", "Enter")
    page.wait_for_load_state("networkidle")


def _decide(page: Any, options: argparse.Namespace, outage: Callable[..., Any]) -> tuple[list[int], set[int]]:
    """Press a key for every flag; returns the flags decided, and those that came only after the outage."""
    pressed: list[int] = []
    waited: set[int] = set()
    for number in range(options.flags):
        if number == options.flags // 2:
            with outage(page):
                # The flag that was fetched before comes at once, the one behind it when there is a server again.
                pressed += [_press(page, KEYS[0]), _press(page, KEYS[1], wait=False)]
            _wait_for_another(page, pressed[-1])
            waited.add(_shown(page))
        elif number != options.flags // 2 + 1:
            pressed.append(_press(page, KEYS[number % len(KEYS)]))
        page.wait_for_timeout(options.pause)
    return pressed, waited


def _shown(page: Any) -> int:
    return int(page.locator("[data-flag]").get_attribute("data-flag"))


def _press(page: Any, key: str, *, wait: bool = True) -> int:
    """Decide the flag that is shown, and say which it was."""
    flag = _shown(page)
    page.keyboard.press(key)
    if wait:
        _wait_for_another(page, flag)
    return flag


def _wait_for_another(page: Any, flag: int) -> None:
    page.wait_for_function(
        "flag => document.querySelector('[data-part] > *').dataset.flag !== flag", arg=str(flag), timeout=60_000
    )


if __name__ == "__main__":
    main()
