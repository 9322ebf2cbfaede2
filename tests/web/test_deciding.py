"""What the browser sends when a person decides, and what it gets back."""

from __future__ import annotations

from uuid import uuid4

import pytest

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review.models import Decision
from tests import factories

JSON = {"Accept": "application/json"}


def send(client, flag, choice, token=None, **extra):
    return client.post(
        f"/flags/{flag.pk}/decide/", {"choice": choice, "token": token or uuid4()}, headers=JSON, **extra
    )


def test_accepting(manager, flag):
    answer = send(manager, flag, "accept").json()
    assert (answer["verdict"], answer["flag"], answer["repeated"], answer["waiting"]) == ("accept", flag.pk, False, 0)
    assert Label.objects.get().verdict == Label.Verdict.ACCEPTED


def test_fixing(manager, flag):
    assert send(manager, flag, factories.value("black").pk).json()["verdict"] == "fix"
    assert Label.objects.get().correction.code == "black"


def test_skipping(manager, flag):
    assert send(manager, flag, "skip").json()["verdict"] == "skip"
    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN


def test_a_request_sent_twice_is_stored_once(manager, flag):
    token = uuid4()
    first, second = send(manager, flag, "accept", token), send(manager, flag, "accept", token)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["repeated"] is True
    assert Decision.objects.count() == 1


def test_whoever_comes_second_is_told_who_was_first(manager, admin, flag):
    send(admin, flag, "accept")
    response = send(manager, flag, factories.value("black").pk)
    assert response.status_code == 409
    assert response.json()["code"] == "already_decided"
    assert "ada" in response.json()["message"]
    assert Label.objects.get().verdict == Label.Verdict.ACCEPTED


@pytest.mark.parametrize("choice", ["", "undo", "fix", "-1", "99999999", "x" * 30])
def test_a_choice_that_makes_no_sense_is_refused(manager, flag, choice):
    assert send(manager, flag, choice).status_code == 400
    assert not Decision.objects.exists()


def test_a_value_of_another_attribute_is_refused(manager, flag):
    response = send(manager, flag, factories.value("dress", "garment_type").pk)
    assert (response.status_code, response.json()["code"]) == (409, "foreign_value")


def test_a_token_is_needed(manager, flag):
    assert manager.post(f"/flags/{flag.pk}/decide/", {"choice": "accept"}, headers=JSON).status_code == 400


def test_undoing_the_last_decision(manager, flag):
    send(manager, flag, "accept")
    answer = manager.post("/decisions/undo/", {"token": uuid4()}, headers=JSON).json()
    assert (answer["verdict"], answer["address"]) == ("undo", f"/flags/{flag.pk}/")
    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN


def test_undoing_the_decision_of_a_token(manager, shop):
    flags = [factories.make_flag(factories.make_label(factories.make_product(shop))) for _ in range(2)]
    tokens = [uuid4(), uuid4()]
    for flag, token in zip(flags, tokens, strict=True):
        send(manager, flag, "accept", token)
    answer = manager.post("/decisions/undo/", {"token": uuid4(), "of": tokens[0]}, headers=JSON).json()
    assert answer["flag"] == flags[0].pk


def test_undoing_an_unknown_decision_is_refused(manager):
    response = manager.post("/decisions/undo/", {"token": uuid4(), "of": uuid4()}, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (409, "nothing_to_undo")


def test_a_browser_without_scripts_is_led_to_the_next_flag(manager, flag):
    after = f"0:{flag.p_wrong}:{flag.pk}"
    response = manager.post(
        f"/flags/{flag.pk}/decide/?shop=spring&after={after}", {"choice": "accept", "token": uuid4()}
    )
    assert response.status_code == 302
    assert response.headers["Location"].startswith("/flags/next/?shop=spring&after=")
    end = manager.get(response.headers["Location"], follow=True)
    assert "Nothing is left that fits the filters" in end.content.decode()


def test_a_browser_without_scripts_sees_why_nothing_was_stored(manager, admin, flag):
    send(admin, flag, "accept")
    response = manager.post(f"/flags/{flag.pk}/decide/", {"choice": "accept", "token": uuid4()}, follow=True)
    assert "ada has already said that this label is right" in response.content.decode()


def test_undoing_somebody_elses_decision_is_refused_in_words(manager, admin, flag):
    token = uuid4()
    send(admin, flag, "accept", token)
    response = manager.post("/decisions/undo/", {"token": uuid4(), "of": token}, headers=JSON)
    assert (response.status_code, response.json()["code"]) == (409, "not_yours")
