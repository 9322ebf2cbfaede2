"""What the dashboard reads is counted as decisions come, and is what they say."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.sweeper import sweep
from catalog_audit.review import actions, days, parts, statistics
from catalog_audit.review.intervals import Share
from catalog_audit.review.models import FlagDay, PairDay, PersonDay, Summary
from catalog_audit.review.systematic import systematic
from tests import factories


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


def make_flag(shop, word="Navy", **fields):
    return factories.make_flag(factories.make_label(factories.make_product(shop), word), **fields)


def make_part(shop):
    return [make_flag(shop, "Ink") for _ in range(parts.FEWEST)]


def later(minutes=2):
    """So many minutes later."""
    Summary.objects.update(counted_at=timezone.now() - timedelta(minutes=minutes))


def test_the_sweeper_brings_the_summaries_up_to_date(shop, manager):
    first, *_rest = make_part(shop)
    actions.accept(make_flag(shop), manager, uuid4())
    sweep()
    assert statistics.precision_over_time()[0].right == Share(0, 1)
    assert systematic()[0].flagged == Share(20, 20)

    actions.accept(first, manager, uuid4())
    sweep()
    assert statistics.precision_over_time()[0].right == Share(0, 1), "it was fresh enough"
    later()
    sweep()
    assert statistics.precision_over_time()[0].right == Share(0, 2)
    assert systematic()[0].flagged == Share(19, 20)


def test_an_undo_is_counted_on_the_day_of_what_it_takes_back(shop, manager, colleague):
    black = factories.value("black")
    flag = make_flag(shop)
    actions.fix(flag, black, manager, uuid4())
    check = factories.make_flag(
        flag.label, prediction=factories.make_prediction(flag.label, top="black", current=False), kind=Flag.Kind.CHECK
    )
    actions.fix(check, black, colleague, uuid4())
    with connection.cursor() as cursor:  # history does not change, but in a test it may have happened earlier
        earlier = timezone.now() - timedelta(days=9)
        cursor.execute("UPDATE review_decision SET created_at = %s WHERE flag_id = %s", [earlier, flag.pk])
    days.rebuild()
    assert statistics.agreement().double == Share(1, 1)
    assert [one.right for one in statistics.precision_over_time("day")] == [Share(1, 1)]

    actions.undo(manager, uuid4())
    days.refresh(at_once=True)

    assert statistics.agreement().double == Share(0, 0)
    assert statistics.precision_over_time("day") == []
    assert [row.verdicts for row in statistics.throughput(timezone.now() - timedelta(days=20), manager.pk)] == [1]


def test_counting_as_decisions_come_is_the_same_as_counting_all_at_once(shop, manager, colleague):
    black = factories.value("black")
    acts = [actions.accept, actions.both, actions.dispute, lambda *a: actions.fix(a[0], black, *a[1:]), actions.skip]
    for number, act in enumerate(acts * 2):
        flag = make_flag(shop, suggested=("black", "red")[number % 2])
        act(flag, (manager, colleague)[number % 3 > 0], uuid4())
        if number % 3 == 1:
            actions.undo(colleague, uuid4())
        days.refresh(at_once=True)

    def numbers():
        kept = (FlagDay, PairDay, PersonDay)
        return [set(one.objects.values_list(*(f.name for f in one._meta.fields if f.name != "id"))) for one in kept]

    before = numbers()
    days.rebuild()
    assert numbers() == before
    assert sum(row.verdicts + row.skips for row in PersonDay.objects.all()) == 10


def test_every_filter_has_its_own_sums(shop, manager):
    other = factories.make_shop("autumn")
    for where, number in ((shop, 2), (other, 1)):
        for _ in range(number):
            actions.dispute(make_flag(where), manager, uuid4())
            actions.accept(make_flag(where), manager, uuid4())
    days.refresh(at_once=True)
    colour = factories.attribute()
    found = {one.key: one.right.of for one in statistics.precision_by(statistics.SHOP, attribute=colour)}
    assert found == {shop.pk: 2, other.pk: 1}
    assert [one.right.of for one in statistics.precision_by(statistics.ATTRIBUTE, shop=other)] == [1]
    (pair,) = statistics.most_disputed(shop=shop, attribute=colour)
    assert pair.unsure == Share(2, 4)


def test_a_shop_that_did_not_change_is_not_counted_again(shop, manager, monkeypatch):
    make_part(shop)
    sweep()
    monkeypatch.setattr(parts, "_count", lambda *_: pytest.fail("counted again"))
    later()
    sweep()
    assert parts.counted_at(shop.pk) > timezone.now() - timedelta(minutes=1)


def test_an_import_has_the_labels_of_its_shop_counted_again(shop):
    make_part(shop)
    sweep()
    for _ in range(5):
        factories.make_label(factories.make_product(shop), "Ink")
    factories.make_job(Job.Kind.IMPORT, "spring", finished_at=timezone.now())
    later()
    sweep()
    assert systematic()[0].flagged == Share(20, 25)


def test_a_large_shop_is_left_to_the_sweeper(shop, monkeypatch):
    monkeypatch.setattr(parts, "SMALL", 1)
    make_flag(shop)
    make_flag(shop)
    parts.refresh(small_only=True)
    assert parts.counted_at(shop.pk) is None
    parts.refresh()
    assert parts.counted_at(shop.pk) is not None


def test_what_goes_with_a_shop_is_no_longer_counted(shop, manager):
    actions.accept(make_flag(shop), manager, uuid4())
    actions.accept(make_flag(factories.make_shop("autumn")), manager, uuid4())
    days.refresh(at_once=True)
    assert statistics.precision_over_time()[0].right == Share(0, 2)
    shop.delete()
    days.refresh()
    assert statistics.precision_over_time()[0].right == Share(0, 1)


def test_recount_counts_the_summaries_anew(shop, manager):
    make_part(shop)
    actions.accept(make_flag(shop), manager, uuid4())
    call_command("recount", verbosity=0)
    FlagDay.objects.update(accepted=7)
    Label.objects.filter(raw="Ink").update(raw="Tinte")
    call_command("recount", verbosity=0)
    assert statistics.precision_over_time()[0].right == Share(0, 1)
    assert systematic()[0].key == "Tinte"
