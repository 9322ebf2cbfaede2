"""docker-compose.yml and Dockerfile say the same as the Procfile and the requirements."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from honcho.environ import parse_procfile

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ("web", "worker", "trainer", "sweeper")


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]


@pytest.fixture(scope="module")
def processes() -> dict[str, str]:
    return dict(parse_procfile((ROOT / "Procfile").read_text(encoding="utf-8")).processes)


def test_the_procfile_names_every_process(processes):
    assert sorted(processes) == sorted(PROGRAM)


@pytest.mark.parametrize("name", PROGRAM)
def test_a_service_runs_the_command_of_the_procfile(services, processes, name):
    shell, option, command = services[name]["command"]
    assert (shell, option) == ("sh", "-c")
    assert command.replace("$$", "$") == processes[name]
    # A lone $ would be filled in by compose itself, before the container has an environment.
    assert "$" not in command.replace("$$", "")


@pytest.mark.parametrize("name", ["web", "worker", "trainer", "postgres", "redis"])
def test_a_service_has_a_health_check(services, name):
    check = services[name]["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries"} <= check.keys()


@pytest.mark.parametrize("name", PROGRAM)
def test_the_program_waits_for_its_servers_and_the_migrations(services, name):
    waits = {other: how["condition"] for other, how in services[name]["depends_on"].items()}
    assert waits == {
        "postgres": "service_healthy",
        "redis": "service_healthy",
        "migrate": "service_completed_successfully",
    }


def test_every_process_has_the_same_data_database_and_broker(services):
    settings = [
        {key: services[name]["environment"][key] for key in ("DATABASE_URL", "REDIS_URL")}
        for name in (*PROGRAM, "migrate")
    ]
    assert all(other == settings[0] for other in settings)
    assert all(services[name]["volumes"] == ["data:/data"] for name in (*PROGRAM, "migrate"))


def test_ports_are_published_on_the_loopback_address_alone(services):
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8000:8000"]


def test_no_password_is_written_down(services):
    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert "catalog_audit:${POSTGRES_PASSWORD" in services["web"]["environment"]["DATABASE_URL"]


def test_the_image_copies_what_exists_and_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1] for line in lines if line.startswith("COPY")]
    assert {"requirements.txt", "manage.py", "catalog_audit", "inference"} <= set(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users
    assert users[-1] not in ("root", "0")


def test_docker_sends_what_the_image_copies_and_nothing_else():
    copied = re.findall(r"^COPY (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in ignored
    assert sorted(line[1:] for line in ignored if line.startswith("!")) == sorted(copied)


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_is_pinned(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = [line for line in lines if line and not line.startswith(("#", "-r "))]
    assert wanted
    assert [line for line in wanted if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []
