"""Check items and samples: when they come, what they are made of, what deciding them changes."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag, ReviewPolicy
from catalog_audit.catalog.models import Label
from catalog_audit.review import actions, days
from catalog_audit.review.mixing import due, make_checks
from catalog_audit.review.models import Decision
from catalog_audit.review.queue import Queue, Selection
from catalog_audit.review.statistics import check_results
from tests import factories


@pytest.fixture
def shop(db):
    return factories.make_shop("spring")


def make_flag(shop, **fields):
    return factories.make_flag(factories.make_label(factories.make_product(shop)), **fields)


@pytest.fixture
def check(shop, admin):
    settled = make_flag(shop)
    actions.fix(settled, factories.value("black"), admin, uuid4())
    (check,) = make_checks(shop, 5)
    return check


def only(**shares) -> None:
    ReviewPolicy(**({"check_share": 0, "sample_share": 0} | shares)).save()


def test_what_is_due_depends_on_person_and_decision_alone_and_keeps_its_share():
    policy = ReviewPolicy(check_share=0.1, sample_share=0.2)
    drawn = [due(7, number, policy) for number in range(5000)]

    assert drawn == [due(7, number, policy) for number in range(5000)]
    assert drawn != [due(8, number, policy) for number in range(5000)]
    assert 400 < drawn.count(Flag.Kind.CHECK) < 600
    assert 880 < drawn.count(Flag.Kind.SAMPLE) < 1120


def test_a_check_is_made_of_what_an_admin_settled(shop, check):
    assert (check.kind, check.state, check.known_value.code) == (Flag.Kind.CHECK, Flag.State.OPEN, "black")
    assert make_checks(shop, 5) == []


def test_a_check_is_made_of_what_two_people_agreed_on(shop, manager, colleague):
    for person in (manager, colleague):
        flag = make_flag(shop)
        actions.accept(flag, person, uuid4())
    agreed = make_flag(shop)
    actions.dispute(agreed, manager, uuid4(), factories.value("black"))
    actions.fix(agreed, factories.value("black"), colleague, uuid4())

    assert [one.product for one in make_checks(shop, 5)] == [agreed.product]


def test_a_check_comes_to_who_has_not_decided_the_flag(shop, check, manager, admin):
    only(check_share=1.0)
    flag = make_flag(shop)

    assert Queue(manager, Selection()).take() == check
    assert Queue(admin, Selection()).take() == flag


def test_behind_a_check_comes_an_ordinary_flag(shop, check, manager):
    only(check_share=1.0)
    flag = make_flag(shop)
    queue = Queue(manager, Selection())

    assert queue.take(queue.position(queue.take())) == flag


@pytest.mark.parametrize(
    "asked", [Selection(p_from=0.9), Selection(label="navy", suggested="black"), Selection(p_from=0.5, p_to=0.98)]
)
def test_a_check_that_fits_comes_into_a_narrowed_queue(shop, check, manager, asked):
    only(check_share=1.0)
    make_flag(shop)

    assert Queue(manager, asked).take() == check


@pytest.mark.parametrize("asked", [Selection(p_to=0.5), Selection(suggested="red"), Selection(state="disputed")])
def test_a_check_that_does_not_fit_stays_out_of_a_narrowed_queue(shop, check, manager, asked):
    only(check_share=1.0)

    assert Queue(manager, asked).take() is None


def test_samples_stay_out_of_a_narrowed_queue(shop, manager):
    only(sample_share=1.0)
    make_flag(shop, kind=Flag.Kind.SAMPLE, p_wrong=0.6)
    flag = make_flag(shop)

    assert Queue(manager, Selection(p_from=0.5)).take() == flag


@pytest.mark.parametrize(("code", "hits"), [("black", 1), ("red", 0), ("navy", 0)])
def test_deciding_a_check_changes_no_label(check, manager, code, hits):
    before = Label.objects.values().get()
    actions.fix(check, factories.value(code), manager, uuid4())

    assert Label.objects.values().get() == before
    days.refresh(at_once=True)
    assert check_results()[manager.pk].hits == hits
    assert check_results()[manager.pk].of == 1
    actions.undo(manager, uuid4())
    assert Label.objects.values().get() == before
    assert Flag.objects.get(pk=check.pk).state == Flag.State.OPEN
    days.refresh(at_once=True)
    assert check_results() == {}


def test_checks_and_samples_are_not_part_of_the_queue(shop, check, manager):
    make_flag(shop, kind=Flag.Kind.SAMPLE)
    queue = Queue(manager, Selection())

    assert queue.page(None, 10).flags == []
    assert queue.count() == 0


def test_a_sample_is_decided_like_a_flag(shop, manager):
    only(sample_share=1.0)
    sample = make_flag(shop, kind=Flag.Kind.SAMPLE)
    assert Queue(manager, Selection()).take() == sample
    actions.fix(sample, factories.value("black"), manager, uuid4())

    assert Label.objects.get().correction.code == "black"
    assert Decision.objects.get().after == Flag.State.FIXED


def test_a_sample_that_somebody_is_not_sure_about_goes_to_others(shop, manager, colleague):
    sample = make_flag(shop, kind=Flag.Kind.SAMPLE)
    actions.dispute(sample, manager, uuid4())

    assert Queue(colleague, Selection()).page(None, 10).flags == [sample]
