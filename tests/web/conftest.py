"""A browser for each role, and one flag with its picture and overlays."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.files import store_picture
from tests import factories


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def stranger(db) -> Client:
    return Client()


@pytest.fixture
def nobody(db) -> Client:
    """Signed in, without a role."""
    return signed_in(factories.make_user("nora"))


@pytest.fixture
def manager(db) -> Client:
    return signed_in(factories.make_manager("mia"))


@pytest.fixture
def admin(db) -> Client:
    return signed_in(factories.make_admin("ada"))


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


@pytest.fixture
def flag(shop, tmp_path: Path) -> Flag:
    """The shop says navy, the picture says black."""
    product = factories.make_product(shop, "P-1", title="Summer dress")
    stored = store_picture(factories.picture_file(tmp_path / "dress.png"))
    picture = factories.make_picture(
        product, sha256=stored.sha256, suffix=stored.suffix, width=stored.width, height=stored.height
    )
    label = factories.make_label(product, "Navy", "navy")
    settings.OVERLAYS_DIR.mkdir(parents=True, exist_ok=True)
    for kind, mode in (("mask", "LA"), ("attention", "RGBA"), ("attention_label", "RGBA")):
        Image.new(mode, (60, 90)).save(settings.OVERLAYS_DIR / f"{kind}.png")
    prediction = factories.make_prediction(
        label,
        top="black",
        p_wrong=0.97,
        state="flagged",
        picture=picture,
        mask="mask.png",
        attention="attention.png",
        attention_label="attention_label.png",
        probabilities={"black": 0.9, "navy": 0.05, "grey": 0.03, "brown": 0.02},
        palette=[["#101010", 0.75], ["#303040", 0.25]],
        region_share=0.4,
    )
    return factories.make_flag(label, "black", prediction=prediction)
