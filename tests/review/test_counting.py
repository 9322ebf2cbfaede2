"""The numbers of flags follow every change, whoever makes it, and can be counted anew."""

from __future__ import annotations

from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command

from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag, FlagCount
from catalog_audit.catalog.models import Shop
from catalog_audit.review import actions
from catalog_audit.review.queue import Queue, Selection, Tally
from catalog_audit.review.selecting import Selected
from tests import factories
from tests.review.test_two_at_once import at_once


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


def make_flags(shop, number, **fields):
    return [factories.make_flag(factories.make_label(factories.make_product(shop)), **fields) for _ in range(number)]


def counted() -> dict[str, int]:
    return {state: number for (state,), number in counting.numbers_by("state").items()}


def test_flags_are_counted_as_they_come_change_and_go(shop, manager):
    first, second, third = make_flags(shop, 3)
    actions.accept(first, manager, uuid4())
    actions.dispute(second, manager, uuid4())
    assert counted() == {"accepted": 1, "second": 1, "open": 1}

    actions.undo(manager, uuid4())
    third.delete()
    assert counted() == {"accepted": 1, "open": 1}


def test_batches_and_closings_are_counted(shop, manager):
    flags, batch = make_flags(shop, 4), uuid4()
    actions.decide_many(flags[:3], "suggestion", manager, batch)
    Flag.objects.filter(pk=flags[3].pk).update(state=Flag.State.CLOSED)
    assert counted() == {"fixed": 3, "closed": 1}

    actions.undo_batch(manager, uuid4(), batch)
    assert counted() == {"open": 3, "closed": 1}


def test_a_deleted_shop_leaves_nothing(shop):
    make_flags(shop, 2)
    Shop.objects.all().delete()
    assert counted() == {}


def test_check_items_and_samples_are_not_counted(shop):
    make_flags(shop, 1, kind=Flag.Kind.SAMPLE)
    make_flags(shop, 1, kind=Flag.Kind.CHECK)
    assert counted() == {}


def test_folding_changes_no_number(shop, manager, monkeypatch):
    monkeypatch.setattr(counting, "FOLD_FROM", 2)
    for flag in make_flags(shop, 4)[:2]:
        actions.accept(flag, manager, uuid4())
    before = counted()

    assert counting.fold() > 0
    assert counted() == before
    assert FlagCount.objects.count() == 2
    make_flags(shop, 3)
    counting.fold()
    assert counted() == {"accepted": 2, "open": 5}
    assert FlagCount.objects.count() == 2


def test_folding_beside_decisions_loses_none(transactional_db, monkeypatch):
    monkeypatch.setattr(counting, "FOLD_FROM", 0)
    person = factories.make_manager("mia")
    flags = make_flags(factories.make_shop(), 4)

    results = at_once(
        *[lambda flag=flag: actions.accept(flag, person, uuid4()) for flag in flags], counting.fold, counting.fold
    )

    assert not [one for one in results if isinstance(one, Exception)], results
    assert counted() == {"accepted": 4}


def test_counting_anew_mends_what_is_wrong_and_says_so(shop):
    make_flags(shop, 2)
    FlagCount.objects.filter(pk=FlagCount.objects.first().pk).delete()
    out = StringIO()

    call_command("recount", stdout=out)

    assert "+1 spring colour - navy -> black open\n1 numbers were wrong" in out.getvalue()
    assert counted() == {"open": 2}
    assert counting.recount() == {}


def test_the_queue_takes_its_number_from_the_counts_where_it_can(shop, manager, colleague):
    first, *_rest = make_flags(shop, 3)
    make_flags(factories.make_shop("autumn"), 1, suggested="red")
    actions.dispute(first, colleague, uuid4())

    def count(user=manager, **fields):
        return Queue(user, Selection(**fields)).count()

    assert (count(), count(colleague)) == (4, 3)
    assert (count(shop="spring"), count(suggested="red"), count(label="navy"), count(shop="nowhere")) == (3, 1, 4, 0)
    assert (count(p_from=0.5), count(p_to=0.5)) == (4, 0)


def test_counting_one_by_one_ends_at_a_limit(shop, manager, monkeypatch):
    make_flags(shop, 4)
    monkeypatch.setattr("catalog_audit.review.selecting.COUNT_LIMIT", 3)
    assert Queue(manager, Selection(p_from=0.5)).tally() == Tally(3, True)
    assert Queue(manager, Selection()).tally() == Tally(4, False)


def test_the_counts_are_those_of_the_flags(shop, manager):
    """What is counted and what is listed fit together."""
    make_flags(shop, 3)
    make_flags(shop, 2, state=Flag.State.DISPUTED)
    for state in ("open", "disputed", "accepted"):
        selection = Selection(state=state)
        listed = sum(Selected(selection, manager).flags(one).count() for one in selection.states)
        assert Queue(manager, selection).count() == listed
