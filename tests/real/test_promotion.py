"""A model that is promoted or taken back is in use by running workers within seconds; nothing is restarted or fails."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.real.conftest import PRODUCTS
from tests.real.world import ROOT, World

SHIPPED = ROOT / "inference" / "weights" / "attributes.safetensors"

#: Seconds from a promotion to the first answer of the new model, on a busy machine: a chunk of the old model and the
#: loading of the new one lie between.
SOON = 60


@pytest.fixture
def candidate(embedded) -> str:
    """The shipped classifier with slightly other weights, registered; its version."""
    from safetensors.torch import load_file

    from inference.artifact import save_artifact

    card = json.loads(SHIPPED.with_suffix(".json").read_text(encoding="utf-8"))
    tensors = load_file(SHIPPED)
    name = next(name for name, tensor in tensors.items() if name.endswith("head.weight") and tensor.is_floating_point())
    tensors[name] = tensors[name] * 1.01
    file = embedded.folder / "models" / "candidate.safetensors"
    own = {key: value for key, value in card.items() if key not in ("format", "kind", "sha256", "created")}
    version = save_artifact(file, "classifier", tensors, own)
    script = "from pathlib import Path; from catalog_audit.registry.service import register; "
    embedded.manage("shell", "-c", f"{script}register(Path({str(file)!r}))")
    return version


def versions(world: World, shop: str) -> dict[int, str]:
    """Product -> version of the classifier that its latest prediction of the colour names."""
    return dict(
        world.ask(
            "SELECT product_id, version FROM audits_prediction "
            "JOIN registry_modelversion ON registry_modelversion.id = classifier_id "
            "JOIN catalog_product ON catalog_product.id = product_id "
            "JOIN catalog_attribute ON catalog_attribute.id = attribute_id "
            f"JOIN catalog_shop ON catalog_shop.id = shop_id WHERE slug = '{shop}' AND code = 'colour' "
            "ORDER BY audits_prediction.id"
        )
    )


@contextmanager
def asked_all_the_while(world: World) -> Iterator[list[str]]:
    """Web processes that are asked for a page again and again; what fails is listed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    failed: list[str] = []
    over = threading.Event()
    address = f"http://127.0.0.1:{port}/healthz"

    def ask() -> None:
        while not over.wait(0.1):
            try:
                urlopen(address, timeout=60).read()
            except OSError as error:
                failed.append(str(error))

    web = ("-m", "gunicorn", "catalog_audit.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "4")
    with world.running(*web):
        world.wait(lambda: _answers(address), "the pages are served")
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        try:
            yield failed
        finally:
            over.set()
            thread.join()


def _answers(address: str) -> bool:
    with suppress(OSError):
        return urlopen(address, timeout=5).status == 200
    return False


def test_a_running_worker_uses_a_promoted_model_and_the_one_before_again(embedded: World, candidate: str):
    shipped = Path(SHIPPED.with_suffix(".json")).read_text(encoding="utf-8")
    old = json.loads(shipped)["sha256"][:12]
    with asked_all_the_while(embedded) as failed, embedded.worker("only") as worker:
        embedded.manage("audit", "--shop", "spring", "--detach")
        embedded.stop_in_mid_chunk(worker, "spring", after=1)
        before = versions(embedded, "spring")
        embedded.manage("promote", candidate, "--reason", "The colours are a little surer.")
        began = time.monotonic()
        os.killpg(worker.pid, signal.SIGCONT)
        embedded.wait(lambda: candidate in versions(embedded, "spring").values(), "the new model answers")
        seconds = time.monotonic() - began
        assert seconds < SOON
        embedded.wait(lambda: embedded.audit_state("spring")[0] == "done", "the audit is over")

        after = versions(embedded, "spring")
        assert embedded.audit_state("spring") == ("done", PRODUCTS, PRODUCTS)
        assert set(before.values()) == {old}
        assert before.items() <= after.items()
        assert set(after.values()) == {old, candidate}

        embedded.manage("roll_back")
        embedded.manage("audit", "--shop", "autumn", "--detach")
        embedded.wait(lambda: embedded.audit_state("autumn")[0] == "done", "the second audit is over")
        assert set(versions(embedded, "autumn").values()) == {old}
        assert worker.poll() is None
    assert failed == []
    acts = [act for (act,) in embedded.ask("SELECT act FROM registry_promotion ORDER BY id")]
    assert acts[-2:] == ["promoted", "rolled_back"]
