"""A shop whose pictures nobody has to look at: networks that say what the test wants, and count what they are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog_audit.audits import engine, running
from catalog_audit.audits.models import AuditRun
from catalog_audit.catalog.models import Product
from inference.contract import ExplainRequest, PaletteEntry, PictureRequest, Reading
from tests import factories, models_on_disk

#: Nearly sure of one value.
SURE = 0.998


class Networks:
    """Stands for the pipeline: it sees navy everywhere, or what :attr:`sees` says of a product."""

    def __init__(self) -> None:
        self.sees: dict[int, dict[str, float] | str] = {}
        self.looked: list[int] = []
        self.explained: list[tuple[int, str]] = []

    def read(self, requests: Sequence[PictureRequest]) -> list[Reading]:
        return [self._reading(request.key) for request in requests]

    def _reading(self, key: str) -> Reading:
        self.looked.append(int(key))
        seen = self.sees.get(int(key), sure_of("navy"))
        if isinstance(seen, str):
            return Reading(key, seen)
        region = np.zeros((12, 8), np.bool_)
        region[2:10, 2 : 3 + int(key) % 4] = True
        return Reading(
            key,
            region=region,
            region_share=float(region.mean()),
            palette=(PaletteEntry("#101840", 1.0),),
            probabilities={"colour": seen},
        )

    def explain(self, requests: Sequence[ExplainRequest]) -> list[NDArray[np.float32]]:
        self.explained += [(int(request.key), request.value) for request in requests]
        return [np.linspace(0, 1, request.region.size, dtype=np.float32).reshape(request.region.shape)
                for request in requests]  # fmt: skip


@pytest.fixture
def networks(db, settings, tmp_path, monkeypatch) -> Networks:
    networks = Networks()
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.OVERLAYS_DIR = tmp_path / "overlays"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    monkeypatch.setattr(engine, "pipeline_of", lambda models: networks)
    return networks


@pytest.fixture
def boutique(networks):
    return factories.make_shop("boutique")


def sure_of(code: str) -> dict[str, float]:
    """Probabilities of networks that have no doubt."""
    rest = [other for other in ("navy", "black", "red") if other != code]
    return {code: SURE} | dict.fromkeys(rest, (1 - SURE) / 2)


def make_dress(shop, external_id: str = "", word: str = "Navy", code: str | None = "navy") -> Product:
    """A product that can be audited: a label, a garment type and a picture."""
    product = factories.make_product(shop, external_id)
    factories.make_label(product, word, code)
    factories.make_label(product, "Dress", "dress", "garment_type")
    digest = hashlib.sha256(f"{shop.slug} {product.external_id}".encode()).hexdigest()
    factories.make_picture(product, sha256=digest, suffix="jpg")
    return product


def audit(shop) -> AuditRun:
    """Audit in this process, to the end."""
    run = running.start_audit(shop, detach=False)
    if run.job.is_active:
        running.work_off(run)
    run.refresh_from_db()
    return run
