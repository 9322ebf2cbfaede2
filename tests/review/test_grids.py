"""The grid: which kinds there are, and pages that are handed to one person at a time."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions, grids, leases
from catalog_audit.review.queue import Position, Queue, Selection
from tests import factories
from tests.review.test_two_at_once import at_once

NAVY_BLACK = Selection(attribute="colour", label="navy", suggested="black")


@pytest.fixture
def shop(db):
    return factories.make_shop()


def make_flags(shop, number, suggested="black", code="navy", **fields):
    return [
        factories.make_flag(
            factories.make_label(factories.make_product(shop), code.title(), code),
            suggested,
            0.99 - place / 1000,
            **fields,
        )
        for place in range(number)
    ]


def take(user, after=None, size=leases.PAGE, selection=NAVY_BLACK):
    return grids.take_page(user, selection, after, size)


def test_kinds_come_largest_first(shop):
    make_flags(shop, 1, "red")
    make_flags(shop, 3, "black")
    make_flags(shop, 2, "black", code="grey")
    make_flags(shop, 5, "red", state=Flag.State.DISPUTED)

    found = [(one.label.code, one.suggested.code, one.number) for one in grids.kinds(Selection())]

    assert found == [("navy", "black", 3), ("grey", "black", 2), ("navy", "red", 1)]
    disputed = grids.kinds(Selection(state=Flag.State.DISPUTED))
    assert [(one.suggested.code, one.number) for one in disputed] == [("red", 5)]


def test_kinds_are_those_of_the_shop_that_is_asked_for(shop):
    make_flags(shop, 2)
    make_flags(factories.make_shop("other"), 1)

    assert [one.number for one in grids.kinds(Selection(shop="other"))] == [1]
    assert grids.kinds(Selection(shop="nowhere")) == []


def test_a_page_holds_flags_of_one_kind_the_surest_first(shop, manager):
    flags = make_flags(shop, 3)
    make_flags(shop, 2, "red")

    assert take(manager).flags == flags


def test_the_next_page_begins_behind_the_last_tile(shop, manager):
    flags = make_flags(shop, 5)

    first = take(manager, size=2)
    second = take(manager, Position.parse(str(first.after)), 2)
    third = take(manager, second.after, 2)

    assert [first.flags, second.flags, third.flags] == [flags[:2], flags[2:4], flags[4:]]
    assert take(manager, third.after, 2) == grids.GridPage([], None)


def test_two_people_get_different_pages(shop, manager, colleague):
    flags = make_flags(shop, 4)

    assert take(manager, size=2).flags == flags[:2]
    assert take(colleague, size=2).flags == flags[2:]
    assert take(manager, size=2).flags == flags[:2]  # and keep theirs


def test_several_people_at_once_never_get_the_same_tile(transactional_db):
    people = [factories.make_manager(f"person{number}") for number in range(3)]
    make_flags(factories.make_shop(), 9)

    taken = at_once(*[lambda person=person: take(person, size=3).flags for person in people])

    keys = [flag.pk for flags in taken for flag in flags]
    assert len(keys) == len(set(keys)), taken
    assert Flag.objects.exclude(leased_to=None).count() == len(keys)


def test_what_wants_a_look_of_its_own_is_not_on_it(shop, manager, colleague):
    skipped, unsure, changed, good = make_flags(shop, 4)
    actions.skip(skipped, manager, uuid4())
    actions.dispute(unsure, colleague, uuid4())
    Label.objects.filter(pk=changed.label_id).update(raw="Red", value=factories.value("red"))

    assert take(manager).flags == [good]


def test_a_person_holds_two_pages_and_three_single_flags(shop, manager):
    flags = make_flags(shop, 10)
    pages = []
    for _page in range(3):
        pages.append(take(manager, pages[-1].after if pages else None, 2))
    for flag in flags[6:]:
        leases.hold(flag, manager)

    held = set(Flag.objects.filter(leased_to=manager).values_list("pk", flat=True))

    assert held == {flag.pk for flag in flags[2:6] + flags[7:]}


def test_a_page_has_a_limit(shop, manager):
    with pytest.raises(ValueError, match="at most 100"):
        leases.hold_page([Flag(pk=key) for key in range(1, 102)], manager)


def test_what_is_decided_is_leased_to_nobody_again(shop, manager):
    decided, waiting = make_flags(shop, 2)
    actions.accept(decided, manager, uuid4())

    assert leases.hold_page([decided, waiting], manager) == [waiting]
    assert Flag.objects.get(pk=decided.pk).leased_to is None


def test_taken_out_tiles_stay_in_the_queue(shop, manager):
    flags = make_flags(shop, 3)
    page = take(manager)
    actions.decide_many([flag.pk for flag in page.flags[1:]], actions.SUGGESTION, manager, uuid4())

    assert Queue(manager, NAVY_BLACK).take() == flags[0]


def test_the_number_of_queries_does_not_grow_with_the_tiles(shop, manager):
    def queries(number):
        make_flags(shop, number)
        with CaptureQueriesContext(connection) as taking:
            take(manager)
        return len(taking)

    queries(1)  # the person's role is looked up once
    assert queries(1) == queries(20)
