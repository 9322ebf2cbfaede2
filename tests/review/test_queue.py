"""The order of flags, and walking through them."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_audit.audits.models import Flag
from catalog_audit.review import actions
from catalog_audit.review.queue import Position, Queue, Selection
from tests import factories


def make_flags(*chances, shop=None, **fields):
    shop = shop or factories.make_shop()
    return [
        factories.make_flag(factories.make_label(factories.make_product(shop)), p_wrong=chance, **fields)
        for chance in chances
    ]


def walk(queue, size):
    """All pages of a queue."""
    pages, after = [], None
    while True:
        page = queue.page(after, size)
        pages.append(page.flags)
        after = page.after
        if after is None:
            return pages


def test_a_page_comes_with_all_that_a_list_of_flags_shows(manager, django_assert_num_queries):
    make_flags(0.9, 0.8, garment_type=factories.value("dress", "garment_type"))
    page = Queue(manager, Selection()).page(None, 10)
    with django_assert_num_queries(0):
        for flag in page.flags:
            assert flag.garment_type.code == "dress"
            assert (flag.label_value.code, flag.suggested.code, flag.attribute.code) == ("navy", "black", "colour")
            assert flag.shop.pk == flag.product.shop_id
            assert flag.label.raw == "Navy"
            assert flag.prediction.picture is None


def test_the_surest_errors_come_first_and_equals_in_order_of_age(manager):
    low, first, second, high = make_flags(0.6, 0.8, 0.8, 0.95)

    assert walk(Queue(manager, Selection()), 10) == [[high, first, second, low]]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_hold_every_flag_once(manager, size):
    flags = make_flags(0.9, 0.7, 0.7, 0.7, 0.5, 0.95, 0.1)
    actions.skip(flags[0], manager, uuid4())
    actions.skip(flags[2], manager, uuid4())

    pages = walk(Queue(manager, Selection()), size)

    seen = [flag for page in pages for flag in page]
    assert seen == [flags[i] for i in (5, 1, 3, 4, 6, 0, 2)]
    assert all(len(page) == size for page in pages[:-1])


def test_skipped_flags_come_last_for_who_skipped_them_only(manager, colleague):
    high, low = make_flags(0.9, 0.6)
    actions.skip(high, manager, uuid4())

    assert walk(Queue(manager, Selection()), 9) == [[low, high]]
    assert walk(Queue(colleague, Selection()), 9) == [[high, low]]

    actions.undo(manager, uuid4())
    assert walk(Queue(manager, Selection()), 9) == [[high, low]]


def test_the_next_flag_is_the_one_behind_and_then_the_queue_begins_again(manager):
    high, middle, low = make_flags(0.9, 0.8, 0.7)
    queue = Queue(manager, Selection())

    assert queue.following(None) == high
    assert queue.following(queue.position(high)) == middle
    assert queue.following(queue.position(low)) == high


def test_behind_a_skipped_flag_comes_the_one_that_would_have_come_anyway(manager):
    high, middle, low = make_flags(0.9, 0.8, 0.7)
    queue = Queue(manager, Selection())
    before = queue.position(high)
    actions.skip(high, manager, uuid4())

    assert queue.following(before) == middle
    assert queue.following(queue.position(low)) == high


def test_a_flag_alone_follows_itself_and_an_empty_queue_has_no_next(manager):
    (flag,) = make_flags(0.9)
    queue = Queue(manager, Selection())
    position = queue.position(flag)

    assert queue.following(position) == flag
    actions.accept(flag, manager, uuid4())
    assert queue.following(position) is None
    assert queue.following(None) is None


def test_going_back_ends_at_the_top(manager):
    high, middle, low = make_flags(0.9, 0.8, 0.7)
    actions.skip(middle, manager, uuid4())
    queue = Queue(manager, Selection())

    assert queue.preceding(queue.position(middle)) == low
    assert queue.preceding(queue.position(low)) == high
    assert queue.preceding(queue.position(high)) == high


def test_it_selects_by_shop_state_label_and_suggestion(manager):
    shop, other = factories.make_shop("one"), factories.make_shop("two")
    (plain,) = make_flags(0.9, shop=shop)
    (red,) = make_flags(0.8, shop=shop, suggested="red")
    (disputed,) = make_flags(0.7, shop=shop, state=Flag.State.DISPUTED)
    (elsewhere,) = make_flags(0.6, shop=other)

    def selected(**fields):
        return [flag for page in walk(Queue(manager, Selection(**fields)), 9) for flag in page]

    assert selected() == [plain, red, elsewhere]
    assert selected(shop="one") == [plain, red]
    assert selected(shop="nowhere") == []
    assert selected(state="disputed") == [disputed]
    assert selected(suggested="red") == [red]
    assert selected(label="navy", attribute="colour") == [plain, red, elsewhere]
    assert selected(attribute="length") == []
    assert Queue(manager, Selection(shop="one")).count() == 2


@pytest.mark.parametrize("text", ["", "x", "0:0.5", "0:zero:1", "0:nan:1", "0:inf:1", "0:0.5:1:2", "0:0.5:x"])
def test_a_position_that_makes_no_sense_is_none(text):
    assert Position.parse(text) is None


def test_a_position_survives_being_written_down():
    position = Position(True, 0.1 + 0.2, 42)
    assert Position.parse(str(position)) == position


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plans; PostgreSQL's depend on the data")
@pytest.mark.parametrize("shop", ["", "one"])
def test_the_next_flag_is_found_by_an_index_without_sorting(manager, shop):
    factories.make_shop("one")
    with CaptureQueriesContext(connection) as captured:
        Queue(manager, Selection(shop=shop)).following(Position(False, 0.5, 7))
    sql = next(query["sql"] for query in captured if "NOT EXISTS" in query["sql"].upper())
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql)
        plan = " ".join(str(row) for row in cursor.fetchall())
    assert "USING INDEX audits_flag" in plan
    assert "TEMP B-TREE" not in plan
