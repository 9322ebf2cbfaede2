"""Filters and orders of the queue, and that PostgreSQL serves each of them by an index."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from catalog_audit.audits.models import AuditRun, Flag, Prediction, ReviewPolicy
from catalog_audit.catalog.models import Label, Product
from catalog_audit.review import actions
from catalog_audit.review.ordering import Position
from catalog_audit.review.queue import Queue, Selection
from tests import factories
from tests.review.test_queue import walk


def make_flag(shop, p_wrong=0.9, label="navy", **fields):
    return factories.make_flag(
        factories.make_label(factories.make_product(shop), label, label), p_wrong=p_wrong, **fields
    )


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


def listed(user, **fields):
    return [flag for page in walk(Queue(user, Selection(**fields)), 2) for flag in page]


def test_it_selects_by_probability_garment_run_and_reviewer(shop, manager, colleague):
    dress = factories.value("dress", "garment_type")
    high, low = make_flag(shop, 0.9, garment_type=dress), make_flag(shop, 0.5)
    done = make_flag(shop, 0.7)
    actions.accept(done, colleague, uuid4())

    assert listed(manager, p_from=0.6) == [high]
    assert listed(manager, p_to=0.6) == [low]
    assert listed(manager, garment_type="dress") == [high]
    assert listed(manager, run=low.run_id) == [low]
    assert listed(manager, state="accepted", reviewer="carl") == [done]
    assert listed(manager, state="accepted", reviewer="mia") == []
    assert listed(manager, state="accepted", reviewer="nobody") == []


def test_it_selects_by_brand_and_counts_what_is_selected(shop, manager):
    nord = [make_flag(shop, chance) for chance in (0.9, 0.5)]
    Product.objects.filter(flags__in=nord).update(brand="Nord & Co")
    make_flag(shop, 0.8)
    make_flag(shop, 0.7, kind=Flag.Kind.CHECK)
    ReviewPolicy(check_share=1.0, sample_share=0).save()

    assert listed(manager, brand="Nord & Co") == nord
    assert listed(manager, brand="Nord & Co", p_from=0.6) == nord[:1]
    assert listed(manager, brand="Nord") == []
    assert Queue(manager, Selection(brand="Nord & Co")).count() == 2
    assert Queue(manager, Selection(brand="Nord & Co")).take() == nord[0]  # the check is of no brand


def test_mine_is_what_i_said_something_about(shop, manager, colleague):
    first, second, third, _open = (make_flag(shop, chance) for chance in (0.9, 0.8, 0.7, 0.6))
    actions.accept(first, manager, uuid4())
    actions.dispute(second, manager, uuid4())
    actions.accept(third, colleague, uuid4())

    assert listed(manager, state="mine") == [first, second]
    assert listed(colleague, state="mine") == [third]


def test_ordered_by_values_the_same_pairs_stand_together(shop, manager):
    flags = [
        make_flag(shop, chance, label, suggested=suggested)
        for chance, label, suggested in [
            (0.5, "navy", "black"), (0.9, "red", "black"), (0.8, "navy", "black"), (0.95, "navy", "red")
        ]
    ]  # fmt: skip
    expected = sorted(flags, key=lambda flag: (flag.label_value_id, flag.suggested_id, -flag.p_wrong, flag.pk))
    queue = Queue(manager, Selection(order="value"))

    assert listed(manager, order="value") == expected
    assert [queue.preceding(queue.position(flag)) for flag in expected[1:]] == expected[:-1]
    position = queue.position(expected[0])
    assert Position.parse(str(position)) == position


def test_ordered_by_gain_the_likeliest_corrections_come_first(shop, manager):
    small, large = make_flag(shop, 0.9, gain=0.3), make_flag(shop, 0.8, gain=0.7)
    assert listed(manager, order="gain") == [large, small]


def test_what_others_were_not_sure_about_stands_in_its_place(shop, manager, colleague):
    flags = [make_flag(shop, chance) for chance in (0.9, 0.8, 0.7, 0.6)]
    actions.dispute(flags[1], colleague, uuid4())
    actions.dispute(flags[3], colleague, uuid4())
    queue = Queue(manager, Selection())

    assert listed(manager) == flags
    assert [queue.preceding(queue.position(flag)) for flag in flags[1:]] == flags[:-1]
    assert listed(colleague) == [flags[0], flags[2]]


# --- plans ------------------------------------------------------------------------------------------------------------

_ROWS = 6000


@pytest.fixture
def many(db):
    """Flags enough that reading them all is dearer than an index, spread over everything that can be filtered by."""
    shops = [factories.make_shop("one"), *(factories.make_shop() for _ in range(9))]
    runs = [factories.make_run(shop) for shop in shops]
    colours = [factories.value(code) for code in ("navy", "black", "red", "green", "blue", "white", "pink", "grey")]
    garments = [factories.value(code, "garment_type") for code in ("dress", "skirt", "blouse", "coat", "shirt", "top")]
    people = [factories.make_manager(f"person{number}") for number in range(10)]
    colour = factories.attribute()
    products = Product.objects.bulk_create(
        [Product(shop=shops[n % 10], external_id=str(n), title="x") for n in range(_ROWS)]
    )
    labels = Label.objects.bulk_create(
        [Label(product=one, attribute=colour, raw="x", value=colours[n % 8]) for n, one in enumerate(products)]
    )
    predictions = Prediction.objects.bulk_create(
        [
            Prediction(run=runs[n % 10], product=one, attribute=colour, fingerprint="f", state="flagged")
            for n, one in enumerate(products)
        ]
    )
    states = [Flag.State.OPEN] * 7 + [Flag.State.FIXED] * 2 + [Flag.State.SECOND]
    Flag.objects.bulk_create(
        [
            Flag(
                shop=shops[n % 10],
                product=one,
                attribute=colour,
                label=labels[n],
                prediction=predictions[n],
                run=runs[n % 10],
                garment_type=garments[n % 6],
                label_value=colours[n % 8],
                suggested=colours[n // 8 % 8],
                p_wrong=(n * 7919 % 10_000) / 10_000,
                gain=(n * 104_729 % 10_000) / 10_000,
                state=states[n // 10 % 10],
                decided_by=people[n // 100 % 10] if states[n // 10 % 10] != Flag.State.OPEN else None,
            )
            for n, one in enumerate(products)
        ]
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return people[0]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="reads the plans of PostgreSQL")
def test_no_filter_makes_postgresql_read_all_flags(many):
    run = AuditRun.objects.order_by("pk").first().pk
    filters = [
        {}, {"shop": "one"}, {"attribute": "colour"}, {"garment_type": "dress"}, {"label": "navy"},
        {"suggested": "black"}, {"label": "navy", "suggested": "black"}, {"p_from": 0.4, "p_to": 0.5}, {"run": run},
        {"state": "fixed", "reviewer": many.username}, {"state": "mine"}, {"state": "second"},
        {"shop": "one", "label": "navy"}, {"shop": "one", "garment_type": "dress", "p_to": 0.5},
    ]  # fmt: skip
    read_all = []
    for fields in filters:
        for order in ("probability", "value", "gain"):
            queue = Queue(many, Selection(**fields, order=order))
            with CaptureQueriesContext(connection) as captured:
                page = queue.page(None, 20)
                queue.page(page.after, 20)
            statements = [one["sql"] for one in captured if "p_wrong" in one["sql"]]
            assert statements
            for sql in statements:
                with connection.cursor() as cursor:
                    cursor.execute("EXPLAIN " + sql)
                    plan = "\n".join(row[0] for row in cursor.fetchall())
                if re.search(r"Seq Scan on audits_flag\b", plan):
                    read_all.append((fields, order, plan))
    assert not read_all, read_all[0]
