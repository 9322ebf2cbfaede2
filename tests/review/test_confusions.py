"""Pairs of values that people and networks confuse, ranked."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.core.cache import cache

from catalog_audit.audits import arguable
from catalog_audit.audits.models import Flag, RunProfile
from catalog_audit.review import actions
from catalog_audit.review.confusions import FEWEST, Part, confusions, forget
from tests import factories


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()


def flagged(shop, suggested, code="navy", group="full_body") -> Flag:
    kind = factories.value({"full_body": "dress", "top": "shirt"}[group], "garment_type", garment_group=group)
    label = factories.make_label(factories.make_product(shop), code.title(), code)
    return factories.make_flag(label, suggested, garment_type=kind)


def names(part=None) -> list[tuple[str, ...]]:
    values = {value.pk: value.code for value in factories.Value.objects.all()}
    return [tuple(sorted((values[one.low], values[one.high]))) for one in confusions(part or Part())]


def test_both_directions_are_one_pair_and_every_sort_of_verdict_is_counted(manager, colleague):
    shop = factories.make_shop()
    flags = [flagged(shop, "black") for _ in range(4)] + [flagged(shop, "navy", "black")]
    actions.accept(flags[0], manager, uuid4())
    actions.both(flags[1], manager, uuid4())
    actions.dispute(flags[2], manager, uuid4(), factories.value("black"))
    actions.fix(flags[2], factories.value("red"), colleague, uuid4())
    actions.fix(flags[3], factories.value("black"), manager, uuid4())
    (one,) = confusions(Part())

    assert (one.kept, one.both, one.unsure, one.unlike, one.changed) == (1, 1, 1, 1, 2)
    assert (one.doubt.hits, one.doubt.of) == (4, 5)
    assert one.waiting == 2
    assert set(one.examples) == {flags[2].pk, flags[4].pk}


def test_much_doubt_comes_before_little(manager):
    shop = factories.make_shop()
    for suggested, kept in (("black", 1), ("red", 4)):
        for number in range(5):
            flag = flagged(shop, suggested)
            if number < kept:
                actions.accept(flag, manager, uuid4())
            else:
                actions.fix(flag, factories.value(suggested), manager, uuid4())
    assert names() == [("navy", "red"), ("black", "navy")]


def test_an_overlap_alone_brings_a_pair_up(db):
    shop = factories.make_shop()
    low, high = factories.value("beige"), factories.value("white")
    RunProfile.objects.create(
        run=factories.make_run(shop),
        figures={"overlaps": [[low.pk, high.pk, "top", 40, 0.3], [low.pk, high.pk, "bottom", 10, 0.8]]},
    )
    (one,) = confusions(Part())
    assert (one.products, one.overlap, one.score) == (50, pytest.approx(0.4), pytest.approx(0.4))
    assert confusions(Part(garment_group="bottom"))[0].overlap == pytest.approx(0.8)
    assert confusions(Part(shop=factories.make_shop().pk)) == []


def test_a_part_sees_only_its_own(manager):
    spring, autumn = factories.make_shop(), factories.make_shop()
    for _ in range(FEWEST):
        actions.accept(flagged(spring, "black"), manager, uuid4())
        actions.accept(flagged(autumn, "red", group="top"), manager, uuid4())
    assert len(names()) == 2
    assert names(Part(shop=spring.pk)) == [("black", "navy")]
    assert names(Part(garment_group="top")) == [("navy", "red")]
    assert names(Part(attribute=factories.attribute("pattern").pk)) == []


def test_a_pair_that_is_marked_is_left_out_where_the_mark_holds(manager, admin):
    spring, autumn = factories.make_shop(), factories.make_shop()
    for shop in (spring, autumn) * FEWEST:
        actions.accept(flagged(shop, "black"), manager, uuid4())
    rule = arguable.mark(arguable.Scope.of(factories.value("navy"), factories.value("black"), spring), admin)
    forget()
    assert names(Part(shop=spring.pk)) == []
    assert names(Part(shop=autumn.pk)) == names() == [("black", "navy")]
    arguable.take_back(rule, admin)
    assert names(Part(shop=spring.pk)) == [("black", "navy")]


def test_verdicts_that_were_undone_do_not_count(manager):
    shop = factories.make_shop()
    for _ in range(FEWEST):
        actions.accept(flagged(shop, "black"), manager, uuid4())
    actions.undo(manager, uuid4())
    assert names() == []


def test_two_verdicts_alone_say_nothing(manager):
    shop = factories.make_shop()
    for number in range(FEWEST):
        assert names() == [], number
        cache.clear()
        actions.accept(flagged(shop, "black"), manager, uuid4())
    assert names() == [("black", "navy")]
