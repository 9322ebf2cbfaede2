"""Fixtures that every test may use. Each test process writes below its own temporary data folder."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

# Settings read the environment when they are imported, so this has to happen before anything else. That is also why
# pyproject.toml does not name the settings: pytest-django would import them before this file.
os.environ.setdefault("CATALOG_AUDIT_DATA", tempfile.mkdtemp(prefix="catalog-audit-test-"))
if "PYTEST_XDIST_WORKER" in os.environ:
    # Parallel test processes inherit the folder of the process that started them; each gets a part of its own.
    os.environ["CATALOG_AUDIT_DATA"] = str(Path(os.environ["CATALOG_AUDIT_DATA"]) / os.environ["PYTEST_XDIST_WORKER"])
# Several test processes with a thread per core each would mostly wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("CATALOG_AUDIT_HTTPS", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog_audit.settings")

import django
import pytest
from django.conf import settings
from django.db import connection

# The ordinary hasher is slow on purpose, which the tests would pay for at every sign-in.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
django.setup()
if connection.vendor == "sqlite":
    # A file, not memory: the server of the browser tests has threads, each with a connection of its own, as in life.
    connection.settings_dict["TEST"]["NAME"] = str(settings.DATA_DIR / "test.sqlite3")

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"


@pytest.fixture(autouse=True)
def _nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process keeps for some seconds is of another test's database; on a slow machine it lasts for a test."""
    from catalog_audit import keeping

    monkeypatch.setattr(keeping, "clock", lambda: 0.0)
    keeping.forget_all()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real catalogues, or a skipped test."""
    if not (SHARED / "data" / "hm" / "labels.csv").exists():
        pytest.skip("the real catalogues are not here")
    return SHARED / "data"
