"""What reviewing the surest flags would take."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog_audit.audits.models import Flag
from catalog_audit.review import actions, effort
from catalog_audit.review.effort import estimate, measured_seconds
from catalog_audit.review.queue import Selection
from tests import factories


def make_flags(*chances, shop=None, **fields):
    shop = shop or factories.make_shop()
    return [
        factories.make_flag(factories.make_label(factories.make_product(shop)), p_wrong=chance, **fields)
        for chance in chances
    ]


def test_it_counts_open_flags_from_a_probability_on(manager):
    make_flags(0.99, 0.95, 0.9)
    make_flags(0.99, state=Flag.State.DISPUTED)

    found = estimate(manager, Selection(p_from=0.95))
    assert (found.number, found.more) == (2, False)
    assert found.mistaken == pytest.approx(0.06)
    assert (found.verdicts, found.is_measured) == (0, False)
    assert found.seconds == 2 * effort.ASSUMED_SECONDS
    assert estimate(manager, Selection()).number == 3


def test_what_somebody_else_was_not_sure_about_counts_for_others(manager, colleague):
    disputed, _other = make_flags(0.99, 0.95)
    actions.dispute(disputed, manager, uuid4())

    assert (estimate(manager, Selection()).number, estimate(colleague, Selection()).number) == (1, 2)


def test_counting_ends_at_a_limit(manager, monkeypatch):
    monkeypatch.setattr(effort, "COUNT_LIMIT", 2)
    make_flags(0.99, 0.95, 0.9)

    found = estimate(manager, Selection())
    assert (found.number, found.more) == (2, True)


def test_a_shop_that_is_not_there_has_no_flags(manager):
    make_flags(0.99)

    assert estimate(manager, Selection(shop="nowhere")).number == 0


def test_mistaken_flags_are_measured_once_there_are_enough_verdicts(manager, monkeypatch):
    monkeypatch.setattr(effort, "FEWEST_VERDICTS", 4)
    decided = make_flags(0.97, 0.97, 0.97, 0.97, 0.5)
    for flag in decided[:3]:
        actions.fix(flag, factories.value("black"), manager, uuid4())
    actions.accept(decided[3], manager, uuid4())
    make_flags(0.99, 0.98)

    found = estimate(manager, Selection(p_from=0.95))
    assert found.verdicts == 4
    assert found.mistaken == pytest.approx(2 * 0.25)
    assert estimate(manager, Selection(p_from=0.98)).verdicts == 0


def test_verdicts_that_were_taken_back_do_not_count(manager, monkeypatch):
    monkeypatch.setattr(effort, "FEWEST_VERDICTS", 1)
    (flag,) = make_flags(0.97)
    actions.accept(flag, manager, uuid4())
    actions.undo(manager, uuid4())

    assert estimate(manager, Selection()).verdicts == 0


def decide_at(monkeypatch, moments, user):
    for flag, moment in zip(make_flags(*[0.9] * len(moments)), moments, strict=True):
        monkeypatch.setattr("django.utils.timezone.now", lambda moment=moment: moment)
        actions.accept(flag, user, uuid4())


def test_the_time_for_a_decision_is_the_median_without_breaks(manager, monkeypatch):
    monkeypatch.setattr(effort, "FEWEST_PAUSES", 3)
    start = timezone.now()
    decide_at(monkeypatch, [start + timedelta(seconds=second) for second in (0, 4, 9, 2000, 2020)], manager)

    assert measured_seconds() == pytest.approx(5)


def test_too_few_decisions_are_not_measured(manager, monkeypatch):
    start = timezone.now()
    decide_at(monkeypatch, [start, start + timedelta(seconds=4)], manager)

    assert measured_seconds() is None


def test_the_time_between_two_people_is_nobodys(manager, colleague, monkeypatch):
    monkeypatch.setattr(effort, "FEWEST_PAUSES", 1)
    start = timezone.now()
    decide_at(monkeypatch, [start], manager)
    decide_at(monkeypatch, [start + timedelta(seconds=4)], colleague)

    assert measured_seconds() is None
