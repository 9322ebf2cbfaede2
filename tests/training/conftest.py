"""A shop whose products have real pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_audit.catalog.files import store_picture
from catalog_audit.catalog.models import Attribute, Label, Product, Value
from catalog_audit.training import set_building
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.sets import Example, examples_of
from tests import factories


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


@pytest.fixture
def dress(shop, tmp_path: Path):
    """A function that makes a dress with a picture of its own and a colour; returns the label of the colour."""

    def make(
        external_id: str,
        code: str | None = "navy",
        *,
        size: tuple[int, int] | None = None,
        kind: str | None = "dress",
        **fields,
    ) -> Label:
        product = factories.make_product(fields.pop("shop", shop), external_id, **fields)
        add_picture(product, tmp_path, size)
        if kind:
            value = factories.value(kind, Attribute.GARMENT_TYPE)
            Value.objects.filter(pk=value.pk).update(garment_group="full_body")
            factories.make_label(product, kind, kind, Attribute.GARMENT_TYPE)
        return factories.make_label(product, code or "Zyx", code)

    return make


def add_picture(product: Product, folder: Path, size: tuple[int, int] | None = None, position: int = 0):
    """A picture of another content for every ``size``, which is drawn by the product's key when it is not given."""
    width, height = size or (60 + product.pk % 90, 90 + product.pk // 90 % 90)
    file = factories.picture_file(folder / f"{product.pk}-{position}.png", size=(width, height))
    stored = store_picture(file)
    return factories.make_picture(
        product, position, sha256=stored.sha256, suffix=stored.suffix, width=stored.width, height=stored.height
    )


def make_set(*shops) -> TrainingSet:
    return set_building.build(set_building.start_build(shops, detach=False))


def colours(training_set: TrainingSet) -> dict[str, Example]:
    """Product -> the example of its colour."""
    return {one.external_id: one for one in examples_of(training_set) if one.attribute == Attribute.COLOUR}
