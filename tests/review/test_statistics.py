"""What the decisions say about flags, audits and reviewers."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from catalog_audit.audits.models import Flag
from catalog_audit.review import actions, days, parts, statistics
from catalog_audit.review.figures import day_began
from catalog_audit.review.intervals import Share, p_value
from catalog_audit.review.systematic import ARRIVAL, BRAND, TYPE, WORD, systematic
from tests import factories


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


def make_flag(shop, word="Navy", label="navy", **fields):
    return factories.make_flag(factories.make_label(factories.make_product(shop), word, label), **fields)


def counted(asked, *arguments, **narrowed):
    """What a function says once the decisions and the labels have been counted."""
    days.refresh(at_once=True)
    parts.refresh(at_once=True)
    return asked(*arguments, **narrowed)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "FEWEST", 2)


def test_wilsons_interval_is_that_of_the_tables():
    low, high = Share(8, 10).interval
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    assert Share(0, 0).interval == (0.0, 1.0)
    assert Share(0, 20).interval[0] == 0.0


def test_two_shares_are_compared_by_a_z_test():
    assert p_value(Share(20, 100), Share(10, 100)) == pytest.approx(0.0477, abs=0.001)
    assert p_value(Share(1, 10), Share(10, 100)) == pytest.approx(1.0)
    assert p_value(Share(0, 0), Share(1, 2)) == 1.0


def test_precision_tells_right_mistaken_arguable_and_disputed_flags(shop, manager, colleague):
    black = factories.value("black")
    flags = [make_flag(shop) for _ in range(6)]
    actions.fix(flags[0], black, manager, uuid4())
    actions.accept(flags[1], manager, uuid4())
    actions.both(flags[2], manager, uuid4())
    actions.dispute(flags[3], manager, uuid4(), black)
    actions.fix(flags[3], black, colleague, uuid4())
    actions.accept(flags[4], manager, uuid4())
    actions.undo(manager, uuid4())
    actions.skip(flags[5], manager, uuid4())
    actions.fix(make_flag(shop, kind=Flag.Kind.SAMPLE), black, manager, uuid4())

    (week,) = counted(statistics.precision_over_time)
    (one,) = counted(statistics.precision_by, statistics.SHOP)

    assert (week.right, week.both, week.disputed) == (Share(2, 3), 1, 1)
    assert (one.key, one.right) == (shop.pk, Share(2, 3))
    assert counted(statistics.precision_over_time, shop=factories.make_shop()) == []
    assert counted(statistics.precision_over_time, since=timezone.now() + timedelta(days=1)) == []


def test_missed_errors_are_those_among_the_samples(shop, manager):
    for code in ("black", "navy", "navy"):
        actions.fix(make_flag(shop, kind=Flag.Kind.SAMPLE), factories.value(code), manager, uuid4())
    make_flag(shop, kind=Flag.Kind.SAMPLE)

    assert statistics.missed_errors() == {factories.attribute().pk: Share(1, 3)}


def test_agreement_compares_second_verdicts_and_double_decisions(shop, manager, colleague):
    black, red = factories.value("black"), factories.value("red")
    for lean, said in ((black, black), (red, black), (None, black)):
        flag = make_flag(shop)
        actions.dispute(flag, manager, uuid4(), lean)
        actions.fix(flag, said, colleague, uuid4())
    first = make_flag(shop)
    actions.fix(first, black, manager, uuid4())
    again = factories.make_flag(
        first.label, prediction=factories.make_prediction(first.label, top="black", current=False)
    )
    actions.fix(again, red, colleague, uuid4())

    found = counted(statistics.agreement)
    assert (found.second, found.double) == (Share(1, 2), Share(0, 1))


def test_throughput_counts_by_person_and_day(shop, manager, colleague):
    for person in (manager, manager, colleague):
        actions.accept(make_flag(shop), person, uuid4())
    actions.skip(make_flag(shop), colleague, uuid4())

    rows = counted(statistics.throughput, timezone.now() - timedelta(hours=2))
    done = {(manager.pk, 1, 2, 0), (colleague.pk, 1, 1, 1)}
    assert {(row.user, row.hours, row.verdicts, row.skips) for row in rows} == done


def test_matrix_and_progress_come_from_the_counts(shop, manager):
    first, _second, third = make_flag(shop), make_flag(shop), make_flag(shop, suggested="red")
    actions.accept(first, manager, uuid4())

    navy, black, red = (factories.value(code).pk for code in ("navy", "black", "red"))
    assert statistics.matrix() == {(navy, black): 1, (navy, red): 1}
    assert third.suggested_id == red
    progress = statistics.progress(shop=shop)
    assert (progress["open"], progress["accepted"], progress["fixed"]) == (2, 1, 0)


def test_the_most_disputed_pairs_come_first(shop, manager):
    for suggested, act in (("red", actions.both), ("red", actions.dispute), ("red", actions.accept)):
        act(make_flag(shop, suggested=suggested), manager, uuid4())
    actions.dispute(make_flag(shop), manager, uuid4())
    actions.accept(make_flag(shop, suggested="green"), manager, uuid4())

    pairs = counted(statistics.most_disputed)
    navy, black, red = (factories.value(code).pk for code in ("navy", "black", "red"))
    assert [(one.label_value, one.suggested, one.unsure) for one in pairs] == [
        (navy, red, Share(2, 3)),
        (navy, black, Share(1, 1)),
    ]


def test_agreement_is_told_of_each_person_who_spoke_second(shop, manager, colleague):
    black, red = factories.value("black"), factories.value("red")
    for lean in (black, red):
        flag = make_flag(shop)
        actions.dispute(flag, manager, uuid4(), lean)
        actions.fix(flag, black, colleague, uuid4())

    assert counted(statistics.agreement_by_person) == {colleague.pk: statistics.Agreement(Share(1, 2), Share(0, 0))}
    assert counted(statistics.agreement_by_person, user=manager.pk) == {}


def test_the_pace_is_that_of_the_days_since_people_began(shop, manager):
    for _ in range(3):
        actions.accept(make_flag(shop), manager, uuid4())
    actions.skip(make_flag(shop), manager, uuid4())
    now = timezone.now()

    found = counted(statistics.pace, now, shop=shop)
    assert (found.settled, found.days, found.per_day) == (3, 1.0, 3.0)
    assert found.end(6, now) == now + timedelta(days=2)
    later = counted(statistics.pace, now + timedelta(days=2), shop=shop)
    assert later.per_day == pytest.approx(1.5, abs=0.01)
    assert counted(statistics.pace, now + timedelta(days=8)).end(6, now) is None


def test_today_counts_verdicts_since_midnight(shop, manager, colleague):
    midnight = day_began(timezone.now())
    actions.fix(make_flag(shop), factories.value("black"), manager, uuid4())
    actions.accept(make_flag(shop), colleague, uuid4())
    actions.both(make_flag(shop), colleague, uuid4())
    actions.skip(make_flag(shop), manager, uuid4())

    assert statistics.today(manager.pk, midnight) == statistics.Today(3, 1, 2, Share(1, 2))
    assert statistics.today(manager.pk, timezone.now() + timedelta(minutes=1)).verdicts == 0


def test_a_filter_that_is_none_does_not_narrow(shop, manager):
    actions.dispute(make_flag(shop), manager, uuid4())
    actions.accept(make_flag(shop, kind=Flag.Kind.SAMPLE), manager, uuid4())

    assert len(counted(statistics.most_disputed, shop=None)) == 1
    assert statistics.missed_errors(shop=None) == {factories.attribute().pk: Share(0, 1)}
    assert statistics.progress(shop=None)["second"] == 1


def test_parts_are_compared_with_their_own_shop_and_attribute(shop, small_parts):
    for _ in range(3):
        make_flag(shop, "Ink")
        factories.make_label(factories.make_product(shop), "Navy")

    factories.make_label(factories.make_product(factories.make_shop("autumn")), "Ink")

    (ink, navy) = counted(systematic)
    assert {(one.key, one.flagged, one.rest) for one in (ink, navy)} == {
        ("Ink", Share(3, 3), Share(0, 3)),
        ("Navy", Share(0, 3), Share(3, 3)),
    }


def test_a_garment_type_can_stand_out(shop, small_parts):
    for kind, flagged in (("dress", True), ("skirt", False)):
        for _ in range(3):
            product = factories.make_product(shop)
            factories.make_label(product, kind, kind, "garment_type")
            label = factories.make_label(product)
            if flagged:
                factories.make_flag(label, garment_type=factories.value(kind, "garment_type"))

    found = {one.key: one.flagged for one in counted(systematic, TYPE)}
    dress, skirt = (factories.value(code, "garment_type").pk for code in ("dress", "skirt"))
    assert found == {dress: Share(3, 3), skirt: Share(0, 3)}


def test_a_brand_can_stand_out_among_the_products_that_have_one(shop, small_parts):
    for brand, flagged in (("Nord", True), ("Süd", False), ("", True)):
        for _ in range(3):
            label = factories.make_label(factories.make_product(shop, brand=brand))
            if flagged:
                factories.make_flag(label)

    found = {one.key: (one.flagged, one.rest) for one in counted(systematic, BRAND)}
    assert found == {"Nord": (Share(3, 3), Share(0, 3)), "Süd": (Share(0, 3), Share(3, 3))}


@pytest.mark.parametrize("by", [WORD, ARRIVAL])
def test_a_word_that_is_flagged_more_often_than_the_rest_stands_out(shop, by, small_parts):
    for _ in range(4):
        make_flag(shop, "Ink")
    for _ in range(8):
        factories.make_label(factories.make_product(shop), "Navy")

    found = counted(systematic, by, shop=shop, attribute=factories.attribute())
    if by == WORD:
        assert [(one.key, one.flagged, one.rest) for one in found] == [
            ("Ink", Share(4, 4), Share(0, 8)),
            ("Navy", Share(0, 8), Share(4, 4)),
        ]
        assert found[0].p_value < 0.01
    else:
        assert [(one.flagged, one.p_value) for one in found] == [(Share(4, 12), 1.0)]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads the query plan of SQLite")
def test_what_was_done_today_is_found_by_the_index_of_the_moments(shop, manager):
    actions.accept(make_flag(shop), manager, uuid4())
    now = timezone.now()
    with CaptureQueriesContext(connection) as asked:
        statistics.today(manager.pk, day_began(now))
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            plan = [row[3] for row in cursor.fetchall()]
            assert any("review_decision_time" in step for step in plan), plan
