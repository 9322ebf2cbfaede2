"""Names are read once and kept some seconds; what is new is found all the same."""

from __future__ import annotations

import pytest

from catalog_audit import keeping
from catalog_audit.catalog.models import Shop
from catalog_audit.catalog.naming import SECONDS, names, names_where, names_with
from tests import factories

pytestmark = pytest.mark.django_db


def test_names_are_read_once(django_assert_num_queries):
    navy = factories.value("navy")
    names()
    with django_assert_num_queries(0):
        assert names().values[navy.pk].attribute.code == "colour"
        assert names().coded("navy", "colour") == [navy]


def test_what_is_saved_here_is_known_at_once():
    names()
    shop = factories.make_shop("spring")
    assert names().shop("spring") == shop
    shop.delete()
    assert names().shop("spring") is None


def test_what_another_process_has_added_is_looked_for():
    names()
    Shop.objects.bulk_create([Shop(slug="autumn", name="Autumn"), Shop(slug="winter", name="Winter")])
    assert names().shop("autumn") is None
    assert names_where(lambda found: found.shop("autumn")).shop("autumn").name == "Autumn"
    added = Shop.objects.bulk_create([Shop(slug="summer", name="Summer")])[0]
    assert names_with(shops=[added.pk]).shops[added.pk].name == "Summer"


def test_what_another_process_has_changed_is_seen_after_some_seconds(monkeypatch):
    factories.make_shop("spring")
    names()
    Shop.objects.update(name="Summer")
    assert names().shop("spring").name == "Spring"
    monkeypatch.setattr(keeping, "clock", lambda: SECONDS + 1)
    assert names().shop("spring").name == "Summer"
