"""The sign-in page and the language of the pages."""

from __future__ import annotations

import re

import pytest

from catalog_audit.accounts.models import User
from tests import factories


def test_it_signs_in_and_goes_where_the_person_wanted(stranger):
    factories.make_manager("mia")
    response = stranger.post(
        "/sign-in/", {"username": "mia", "password": factories.PASSWORD, "next": "/flags/?state=fixed"}
    )
    assert (response.status_code, response.headers["Location"]) == (302, "/flags/?state=fixed")


def test_it_does_not_say_whether_name_or_password_was_wrong(stranger):
    factories.make_manager("mia")
    answers = {re.search(r'role="alert">(.*?)</p>', page(stranger, name)).group(1) for name in ("mia", "who")}
    assert answers == {"The name or the password is wrong. Both are case-sensitive."}


def page(client, name):
    return client.post("/sign-in/", {"username": name, "password": "wrong"}).content.decode()


def test_it_leads_to_no_other_site(stranger):
    factories.make_manager("mia")
    form = {"username": "mia", "password": factories.PASSWORD, "next": "https://elsewhere.example/"}
    assert stranger.post("/sign-in/", form).headers["Location"] == "/"
    form = {"language": "ru", "next": "//elsewhere.example/"}
    assert stranger.post("/language/", form).headers["Location"] == "/"


def test_signing_out_ends_the_session(manager):
    assert manager.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert manager.get("/").headers["Location"].startswith("/sign-in/")


def test_the_language_stays_with_the_person(manager, client):
    assert manager.post("/language/", {"language": "ru", "next": "/flags/"}).headers["Location"] == "/flags/"

    assert User.objects.get(username="mia").language == "ru"
    client.force_login(User.objects.get(username="mia"))
    assert '<html lang="ru">' in client.get("/").content.decode()


def test_a_stranger_keeps_the_language_in_the_browser(stranger):
    stranger.post("/language/", {"language": "ru"})
    assert '<html lang="ru">' in stranger.get("/sign-in/").content.decode()


def test_an_unknown_language_is_refused(manager):
    assert manager.post("/language/", {"language": "xx"}).status_code == 400


@pytest.mark.django_db
def test_who_is_signed_in_need_not_sign_in_again(manager):
    assert manager.get("/sign-in/").headers["Location"] == "/"


def test_a_part_of_a_page_that_reloads_makes_the_page_ask_to_sign_in(stranger):
    response = stranger.get("/audits/list/", headers={"HX-Request": "true"}, follow=True)
    assert response.headers["HX-Refresh"] == "true"
    assert "<form" not in response.content.decode()
