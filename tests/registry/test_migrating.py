"""An installation with networks of a single attribute becomes one whose models judge all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import promote


@pytest.fixture
def before(transactional_db) -> Iterator[type[ModelVersion]]:
    """The table as it was; afterwards everything is as it is now."""
    executor = MigrationExecutor(connection)
    old = executor.migrate([("registry", "0001_initial")]).apps.get_model("registry", "ModelVersion")
    yield old
    _migrate()


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def test_networks_of_one_attribute_are_retired_and_the_rest_stays_in_use(before):
    before.objects.create(kind="segmentation", version="aaa", path="shipped:segmentation.safetensors", state="active")
    for group, version in (("top", "bbb"), ("bottom", "ccc")):
        role = {"kind": "classification", "attribute": "colour", "garment_group": group}
        before.objects.create(**role, version=version, path=f"shipped:colour_{group}.safetensors", state="active")
    _migrate()
    states = dict(ModelVersion.objects.values_list("version", "state"))
    assert states == {"aaa": "active", "bbb": "retired", "ccc": "retired"}


def test_a_model_for_all_can_then_be_put_into_use(before):
    before.objects.create(
        kind="classification", attribute="colour", garment_group="", version="aaa", path="x", state="active"
    )
    _migrate()
    new = ModelVersion.objects.create(kind="classification", version="bbb", path="y")
    promote(new)
    assert new.state == "active"
    assert new.role == "classifier/"
