"""One simulated reviewer, for locust; `benchmarks/reviewers.py` starts ten of them.

``REVIEW_SESSIONS`` holds the session cookies of people who are signed in, separated by commas, one for each reviewer.
"""

from __future__ import annotations

import os
import random
import re
from typing import Any
from uuid import uuid4

from locust import HttpUser, between, task

SESSIONS = os.environ.get("REVIEW_SESSIONS", "").split(",")
#: Any value does, as long as cookie and header are the same.
CSRF = "a" * 32
#: What is answered when somebody else was faster: nothing stored, and no error.
CONFLICT = 409

_SUGGESTION = re.compile(r'data-value="(\d+)"[^>]*data-suggestion')
_TILE = re.compile(r'data-tile="(\d+)"')
_FLAG = re.compile(r'data-flag="(\d+)"')
_KIND = re.compile(r'href="[^"]*/flags/grid/\?([^"]*suggested=[^"]*)"')


class Reviewer(HttpUser):
    """Next flag, decide; sometimes skip, dispute, undo, or decide a page of the grid."""

    wait_time = between(0.05, 0.3)

    def on_start(self) -> None:
        """Take a session that nobody else has, and look whether there is a grid."""
        self.client.cookies.update({"sessionid": SESSIONS.pop(), "csrftoken": CSRF})
        self.client.headers["X-CSRFToken"] = CSRF
        with self.client.get("/flags/grid/", catch_response=True, name="grid: kinds") as response:
            self._kinds = [text.replace("&amp;", "&") for text in _KIND.findall(response.text or "")]
            if response.status_code == 404:
                response.success()

    @task(85)
    def one(self) -> None:
        """The next flag, and a verdict about it."""
        with self.client.get(
            "/flags/next/", headers={"X-Part": "1"}, name="next flag", catch_response=True
        ) as response:
            found = _FLAG.search(response.text or "")
            if not found:
                return
            suggestion = _SUGGESTION.search(response.text or "")
        choice = random.choices(
            ["accept", suggestion.group(1) if suggestion else "accept", "dispute", "skip", "both"], [40, 40, 8, 7, 5]
        )[0]
        self._send(f"/flags/{found.group(1)}/decide/", "decide", {"choice": choice})

    @task(8)
    def undo(self) -> None:
        """Take back the latest decision; there may be none, or one that cannot be taken back."""
        self._send("/decisions/undo/", "undo", {})

    @task(7)
    def batch(self) -> None:
        """A page of the grid at once; now and then that is taken back."""
        if not self._kinds:
            return
        kind = random.choice(self._kinds)
        page = self.client.get(f"/flags/grid/?{kind}", headers={"X-Part": "1"}, name="grid")
        flags = sorted(set(_TILE.findall(page.text or "")))
        if not flags:
            return
        sent = {"choice": random.choice(["suggestion", "accept"]), "flags": ",".join(flags)}
        token = self._send("/flags/grid/decide/", "decide grid", sent)
        if random.random() < 0.2:
            self._send("/decisions/undo-batch/", "undo grid", {"of": token})

    def _send(self, address: str, name: str, fields: dict[str, Any]) -> str:
        token = str(uuid4())
        with self.client.post(
            address,
            fields | {"token": token},
            headers={"Accept": "application/json"},
            name=name,
            catch_response=True,
        ) as response:
            if response.status_code == CONFLICT:
                response.success()
        return token
