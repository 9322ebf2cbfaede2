"""Processes that are killed in mid-audit lose nothing and repeat nothing, whatever the broker remembers."""

from __future__ import annotations

import pytest

from tests.real.conftest import PRODUCTS
from tests.real.world import CHUNK, World, kill


def assert_looked_at_once(world: World, shop: str) -> None:
    """Every product has one prediction of its colour, now and in all history."""
    products = list(world.predictions(shop).values())
    assert len(products) == len(set(products)) == PRODUCTS


@pytest.mark.parametrize("installation", ["embedded", "served"])
def test_another_worker_goes_on_where_a_killed_one_stopped(installation, request):
    """Every message is lost too: the rows alone are enough."""
    world: World = request.getfixturevalue(installation)
    with world.worker("first") as worker:
        world.manage("audit", "--shop", "spring", "--detach")
        broken = world.stop_in_mid_chunk(worker, "spring", after=2)
        kill(worker)
    before = world.predictions("spring")
    done = {number for number, state, _, _ in world.chunks("spring") if state == "done"}
    assert len(before) == CHUNK * len(done)
    assert 2 <= len(done) < PRODUCTS / CHUNK
    world.lose_messages()

    with world.worker("second"):
        world.wait(lambda: world.audit_state("spring")[0] not in ("queued", "running"), "the audit is over")

    assert world.audit_state("spring") == ("done", PRODUCTS, PRODUCTS)
    assert_looked_at_once(world, "spring")
    assert before.items() <= world.predictions("spring").items()
    assert {number: attempts for number, _, attempts, _ in world.chunks("spring")} == {
        number: 2 if number == broken else 1 for number in range(PRODUCTS // CHUNK)
    }


def test_two_workers_share_an_audit_without_doing_anything_twice(served):
    with served.worker("one"), served.worker("two"):
        served.manage("audit", "--shop", "autumn", "--detach")
        served.wait(lambda: served.audit_state("autumn")[0] not in ("queued", "running"), "the audit is over")
    assert served.audit_state("autumn") == ("done", PRODUCTS, PRODUCTS)
    assert_looked_at_once(served, "autumn")
    chunks = served.chunks("autumn")
    assert {attempts for _, _, attempts, _ in chunks} == {1}
    assert len({owner for _, _, _, owner in chunks}) == 2


def test_a_killed_command_goes_on_where_it_stopped(embedded):
    with embedded.running("manage.py", "audit", "--shop", "autumn") as command:
        broken = embedded.stop_in_mid_chunk(command, "autumn", after=2)
        kill(command)
    before = embedded.predictions("autumn")

    again = embedded.manage("audit", "--shop", "autumn")

    assert "going on with the audit" in again.stderr
    assert again.stdout.splitlines()[-1].startswith(f"audited {PRODUCTS} products, ")
    assert_looked_at_once(embedded, "autumn")
    assert before.items() <= embedded.predictions("autumn").items()
    assert [number for number, _, attempts, _ in embedded.chunks("autumn") if attempts != 1] == [broken]
