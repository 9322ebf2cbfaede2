"""A shop whose pictures nobody has to look at: networks that say what the test wants, and count what they are asked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog_audit.audits import engine, running
from catalog_audit.audits.models import AuditRun, ReviewPolicy
from catalog_audit.catalog.models import Product
from inference.contract import ExplainRequest, PaletteEntry, PictureRequest, Reading
from tests import factories, models_on_disk

#: Nearly sure of one value.
SURE = 0.998


#: What the networks see of the other attributes.
ELSE = {
    "garment_type": {"dress": 0.97, "skirt": 0.01, "blouse": 0.01, "trousers": 0.01},
    "pattern": {"solid": 0.97, "stripe": 0.01, "all_over_print": 0.01, "placement_print": 0.01},
    "length": {"mini": 0.01, "midi": 0.98, "maxi": 0.01},
}


class Networks:
    """Stands for the pipeline: it sees plain navy midi dresses everywhere, or what it is told to see.

    Attributes:
        sees: product -> probabilities of its colours, or a problem.
        sees_in: (product, place of the picture) -> the same of one picture.
        sees_else: product -> attribute -> probabilities.
        looked: the products that it was shown, once for every picture.
        asked: the requests themselves.
        explained: (product, value) of the attention that was asked for.
    """

    def __init__(self) -> None:
        self.sees: dict[int, dict[str, float] | str] = {}
        self.sees_in: dict[tuple[int, int], dict[str, float] | str] = {}
        self.sees_else: dict[int, dict[str, dict[str, float]]] = {}
        self.looked: list[int] = []
        self.asked: list[PictureRequest] = []
        self.explained: list[tuple[int, str]] = []

    def read(self, requests: Sequence[PictureRequest]) -> list[Reading]:
        self.asked += requests
        return [self._reading(request.key) for request in requests]

    def _reading(self, key: str) -> Reading:
        product, place = (int(part) for part in key.split("."))
        self.looked.append(product)
        seen = self.sees_in.get((product, place), self.sees.get(product, sure_of("navy")))
        if isinstance(seen, str):
            return Reading(key, seen)
        region = np.zeros((12, 8), np.bool_)
        region[2:10, 2 : 3 + product % 4] = True
        return Reading(
            key,
            region=region,
            region_share=float(region.mean()),
            palette=(PaletteEntry("#101840", 1.0),),
            probabilities={"colour": seen} | ELSE | self.sees_else.get(product, {}),
        )

    def explain(self, requests: Sequence[ExplainRequest]) -> list[NDArray[np.float32]]:
        self.explained += [(int(request.key.partition(".")[0]), request.value) for request in requests]
        return [self._attention(request) for request in requests]

    @staticmethod
    def _attention(request: ExplainRequest) -> NDArray[np.float32]:
        """From top to bottom; the other way round for the label of these tests."""
        rising = np.linspace(0, 1, request.region.size, dtype=np.float32).reshape(request.region.shape)
        return rising[::-1, ::-1] if request.value == "navy" else rising


@pytest.fixture
def networks(db, settings, tmp_path, monkeypatch) -> Networks:
    networks = Networks()
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.OVERLAYS_DIR = tmp_path / "overlays"
    settings.MODELS_DIR = tmp_path / "models"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    monkeypatch.setattr(engine, "pipeline_of", lambda models: networks)
    ReviewPolicy(sample_share=0.0).save()  # samples would be among the flags that these tests look at
    return networks


@pytest.fixture
def boutique(networks):
    return factories.make_shop("boutique")


def sure_of(code: str) -> dict[str, float]:
    """Probabilities of networks that have no doubt about a colour."""
    rest = [other for other in models_on_disk.VALUES["colour"] if other != code]
    return {code: SURE} | dict.fromkeys(rest, (1 - SURE) / len(rest))


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
