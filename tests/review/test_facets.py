"""Numbers beside the filters: what would be found."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag
from catalog_audit.review import actions
from catalog_audit.review.facets import facets
from catalog_audit.review.queue import MINE, Queue, Selection
from tests import factories


def make_flag(shop, **fields):
    return factories.make_flag(factories.make_label(factories.make_product(shop)), **fields)


@pytest.fixture
def shops(db):
    one, two = factories.make_shop("one"), factories.make_shop("two")
    for shop, suggested in ((one, "black"), (one, "red"), (two, "red")):
        make_flag(shop, suggested=suggested)
    return one, two


def test_each_filter_counts_with_the_others_as_they_are(shops, manager):
    one, two = shops
    found = facets(manager, Selection(shop="one", suggested="red"))

    assert found.values["shop"] == {one.pk: 1, two.pk: 1}
    assert found.values["suggested"] == {factories.value("black").pk: 1, factories.value("red").pk: 1}
    assert found.states["open"] == 1


def test_what_somebody_else_was_not_sure_about_counts_as_open_for_others(shops, manager, colleague):
    one, _two = shops
    disputed = make_flag(one, suggested="green")
    actions.dispute(disputed, manager, uuid4())
    green = factories.value("green").pk

    for person, number in ((colleague, 1), (manager, 0)):
        found = facets(person, Selection())
        assert found.values["suggested"].get(green, 0) == number
        assert found.states["open"] == Queue(person, Selection()).count() == 3 + number
        assert found.states.get("second", 0) == number


@pytest.mark.parametrize(("who", "number"), [("manager", 0), ("admin", 1)])
def test_what_waits_for_an_admin_is_counted_for_admins(shops, who, number, request):
    person = request.getfixturevalue(who)
    make_flag(shops[0], state=Flag.State.SETTLING)

    assert facets(person, Selection()).states.get("settling", 0) == number


@pytest.mark.parametrize("asked", [{"p_from": 0.5}, {"p_to": 0.5}, {"run": 1}, {"reviewer": "mia"}])
def test_what_the_counts_do_not_hold_is_not_guessed(shops, manager, asked):
    assert not facets(manager, Selection(**asked)).known


def test_ones_own_decisions_are_not_counted_by_value(shops, manager):
    assert facets(manager, Selection(state=MINE)).values == {}


def test_a_shop_that_is_not_there_has_none(shops, manager):
    found = facets(manager, Selection(shop="nowhere"))

    assert found.values["suggested"] == {}
    assert sum(found.values["shop"].values()) == 3
    assert found.states["open"] == 0
