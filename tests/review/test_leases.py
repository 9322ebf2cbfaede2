"""A flag that was handed out is handed to nobody else for a while."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from catalog_audit.audits.models import Flag
from catalog_audit.review import actions, leases
from catalog_audit.review.queue import Queue, Selection
from tests import factories
from tests.review.test_two_at_once import at_once


def make_flags(*chances):
    shop = factories.make_shop()
    return [factories.make_flag(factories.make_label(factories.make_product(shop)), p_wrong=one) for one in chances]


def queue_of(user) -> Queue:
    return Queue(user, Selection())


def test_two_people_are_handed_different_flags(manager, colleague):
    first, second = make_flags(0.9, 0.8)

    assert queue_of(manager).take() == first
    assert queue_of(colleague).take() == second
    assert queue_of(factories.make_manager("third")).take() is None


def test_who_asks_again_is_handed_the_same(manager):
    first, _second = make_flags(0.9, 0.8)

    assert queue_of(manager).take() == queue_of(manager).take() == first


def test_loading_ahead_takes_a_lease_too(manager, colleague):
    _first, second, third = make_flags(0.9, 0.8, 0.7)
    mine = queue_of(manager)

    assert mine.take(mine.position(mine.take())) == second
    assert queue_of(colleague).take() == third


def test_a_lease_ends_by_time_alone(manager, colleague):
    (flag,) = make_flags(0.9)
    queue_of(manager).take()
    Flag.objects.update(leased_until=timezone.now() - timedelta(seconds=1))

    assert queue_of(colleague).take() == flag


def test_opening_a_flag_renews_the_lease_of_who_has_it(manager, colleague):
    (flag,) = make_flags(0.9)
    queue_of(manager).take()
    soon = timezone.now() + timedelta(seconds=5)
    Flag.objects.update(leased_until=soon)

    assert not leases.hold(flag, colleague)
    assert leases.hold(flag, manager)
    assert Flag.objects.get().leased_until > soon


@pytest.mark.parametrize("act", [actions.accept, actions.skip, actions.dispute])
def test_a_decision_releases_it(manager, act):
    (flag,) = make_flags(0.9)
    queue_of(manager).take()
    act(flag, manager, uuid4())

    assert Flag.objects.get().leased_to is None


def test_it_hinders_nobody_from_deciding(manager, colleague):
    (flag,) = make_flags(0.9)
    queue_of(manager).take()
    actions.accept(flag, colleague, uuid4())

    assert Flag.objects.get().state == Flag.State.ACCEPTED


def test_a_person_holds_three_at_most(manager):
    flags = make_flags(0.9, 0.8, 0.7, 0.6)
    mine, position = queue_of(manager), None
    for flag in flags:
        assert mine.take(position) == flag
        position = mine.position(flag)

    assert list(Flag.objects.filter(leased_to=manager).order_by("pk")) == flags[1:]


def test_several_people_at_once_never_get_the_same(transactional_db):
    people = [factories.make_manager(f"person{number}") for number in range(6)]
    make_flags(*[0.9] * 6)

    taken = at_once(*[lambda person=person: queue_of(person).take() for person in people])

    assert len({getattr(flag, "pk", flag) for flag in taken}) == 6, taken
    assert Flag.objects.filter(leased_to=None).count() == 0
