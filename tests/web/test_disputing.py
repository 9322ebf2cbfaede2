"""Disputes on the page of a flag: who sees what, and who may still decide."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag, ReviewPolicy
from catalog_audit.review import actions
from catalog_audit.review.mixing import make_checks
from catalog_audit.review.models import Decision
from tests import factories

JSON = {"Accept": "application/json"}


def page_of(client, flag) -> str:
    return client.get(f"/flags/{flag.pk}/").content.decode()


def send(client, flag, choice, **more):
    return client.post(f"/flags/{flag.pk}/decide/", {"choice": choice, "token": uuid4()} | more, headers=JSON)


def state_of(flag) -> str:
    return Flag.objects.get(pk=flag.pk).state


@pytest.fixture
def carl(db) -> User:
    return factories.make_manager("carl")


def test_not_sure_and_both_are_offered(manager, flag):
    page = page_of(manager, flag)
    assert 'data-action="dispute"' in page
    assert 'data-action="both"' in page


def test_not_sure_hands_the_flag_to_somebody_else(manager, admin, flag):
    assert send(manager, flag, "dispute").json()["verdict"] == "dispute"

    assert state_of(flag) == Flag.State.SECOND
    page = page_of(manager, flag)
    assert "another person decides" in page
    assert 'data-action="accept"' not in page
    assert 'data-action="accept"' in page_of(admin, flag)


def test_what_a_person_leans_to_is_stored(manager, flag):
    send(manager, flag, "dispute", lean=factories.value("black").pk)

    assert Decision.objects.get().new_value.code == "black"


def test_leaning_to_a_value_of_another_attribute_is_refused(manager, flag):
    response = send(manager, flag, "dispute", lean=factories.value("dress", "garment_type").pk)

    assert (response.status_code, response.json()["code"]) == (409, "foreign_value")


def test_both_keeps_the_label_and_says_who_said_so(manager, flag):
    assert send(manager, flag, "both").json()["verdict"] == "both"

    assert state_of(flag) == Flag.State.ACCEPTED
    assert "mia said that both values are right" in page_of(manager, flag)


def test_the_second_person_sees_nothing_of_the_first_verdict(manager, flag, carl):
    actions.dispute(flag, carl, uuid4(), factories.value("black"))

    page = page_of(manager, flag)
    assert "carl" not in page
    assert "What people said" not in page


def test_the_admin_who_settles_sees_both_verdicts_side_by_side(manager, admin, flag, carl):
    actions.dispute(flag, carl, uuid4(), factories.value("red"))
    actions.accept(flag, User.objects.get(username="mia"), uuid4())

    page = page_of(admin, flag)
    said = page.split("What people said")[1].split("</section>")[0]
    for part in ("carl", "leans to", "mia", "The label is right"):
        assert part in said
    assert 'data-action="accept"' in page
    assert 'data-action="dispute"' not in page
    other = page_of(manager, flag)
    assert "an admin settles it" in other
    assert "What people said" not in other
    assert 'data-action="accept"' not in other


def test_a_settled_flag_shows_everybody_what_was_said(manager, flag, carl):
    actions.dispute(flag, carl, uuid4(), factories.value("black"))
    actions.fix(flag, factories.value("black"), User.objects.get(username="mia"), uuid4())

    page = page_of(manager, flag)
    assert "mia changed this label to" in page
    assert "carl" in page.split("What people said")[1]


@pytest.mark.parametrize(
    ("choice", "wanted"), [("accept", "the label is right"), ("both", "both are right"), ("dispute", "not sure")]
)
def test_a_decision_that_came_too_late_is_answered_with_both(manager, flag, carl, choice, wanted):
    actions.fix(flag, factories.value("black"), carl, uuid4())
    response = send(manager, flag, choice)

    assert response.status_code == 409
    message = response.json()["message"]
    assert "carl has already changed this label" in message
    assert f"mia (you) wanted: {wanted}." in message


def test_a_value_that_came_too_late_is_named(manager, flag, carl):
    actions.accept(flag, carl, uuid4())
    message = send(manager, flag, factories.value("black").pk).json()["message"]

    assert "carl has already said that this label is right" in message
    assert f"mia (you) wanted: change to “{factories.value('black')}”." in message


def test_a_check_item_looks_like_any_other_flag(manager, flag, shop):
    ReviewPolicy(check_share=0.2, sample_share=0).save()
    actions.fix(flag, factories.value("black"), factories.make_admin("ada"), uuid4())
    ordinary = page_of(manager, factories.make_flag(factories.make_label(factories.make_product(shop)), "black"))
    (check,) = make_checks(shop, 1)
    page = page_of(manager, check)

    assert "ada" not in page
    assert "Check item" not in page
    for part in ('data-action="accept"', 'data-action="dispute"', 'data-action="both"', 'data-action="skip"'):
        assert (part in page) == (part in ordinary)
    send(manager, check, "dispute")
    assert "another person decides" in page_of(manager, check)
