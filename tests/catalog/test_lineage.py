"""Who stands above whom in the dictionary."""

from __future__ import annotations

import pytest

from catalog_audit.catalog.lineage import Lineage, lineages
from catalog_audit.catalog.models import Attribute, Value

TREE = Lineage({"sky_blue": "light_blue", "light_blue": "blue", "navy": "blue"})


def test_upwards_begins_with_the_value_itself():
    assert list(TREE.upwards("sky_blue")) == ["sky_blue", "light_blue", "blue"]


def test_the_nearest_known_ancestor_may_be_the_value_itself():
    assert TREE.nearest("sky_blue", {"blue", "light_blue"}) == "light_blue"
    assert TREE.nearest("blue", {"blue"}) == "blue"
    assert TREE.nearest("blue", {"navy"}) is None


def test_below_is_at_any_depth_and_leaves_the_value_itself_out():
    assert TREE.below("blue", ["red", "blue", "navy", "sky_blue"]) == ["navy", "sky_blue"]


def test_values_that_are_each_others_parents_do_not_hang_the_program():
    assert list(Lineage({"one": "other", "other": "one"}).upwards("one")) == ["one", "other"]


@pytest.mark.django_db
def test_it_is_read_from_the_dictionary_attribute_by_attribute():
    found = lineages(Value.objects.all())
    kinds, patterns = (found[Attribute.objects.get(code=code).pk] for code in ("garment_type", "pattern"))
    assert kinds.nearest("skort", ("dress", "skirt")) == "skirt"
    assert patterns.below("printed", ["floral", "stripe"]) == ["floral"]
