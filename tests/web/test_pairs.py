"""The pages of arguable pairs: candidates, what a mark would close, marking and taking back."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.core.cache import cache

from catalog_audit.audits.models import ArguableRule, Flag
from catalog_audit.review import actions
from tests import factories


@pytest.fixture(autouse=True)
def _nothing_kept():
    cache.clear()


def pair_of(flag, **scope) -> dict[str, object]:
    return {"one": flag.label_value_id, "other": flag.suggested_id} | scope


def doubt(shop, code: str) -> None:
    """Somebody says three times that both this value and black are right."""
    reviewer = factories.User.objects.filter(username="max").first() or factories.make_manager("max")
    for _ in range(3):
        label = factories.make_label(factories.make_product(shop), code.title(), code)
        actions.both(factories.make_flag(label, "black"), reviewer, uuid4())


def preview(flag, **scope) -> str:
    return f"/dashboard/pairs/preview/?{urlencode(pair_of(flag, **scope))}"


def test_a_pair_that_somebody_doubts_is_listed_with_pictures(manager, shop, flag):
    doubt(shop, "navy")
    page = manager.get("/dashboard/pairs/").content.decode()

    assert "both right: 3" in page
    assert f'href="/flags/{flag.pk}/"' in page
    assert f"/pictures/{flag.prediction.picture_id}/small/" in page
    assert f"/dashboard/pairs/preview/?one={min(pair_of(flag).values())}" in page


def test_without_doubts_it_says_when_pairs_appear(manager, flag):
    assert "No pair stands out yet" in manager.get("/dashboard/pairs/").content.decode()


def test_before_marking_it_says_how_many_flags_would_close(manager, admin, shop, flag):
    page = admin.get(preview(flag, shop=shop.slug)).content.decode()
    assert "flag would close: Spring, all garments." in page
    assert f"/pictures/{flag.prediction.picture_id}/small/" in page
    assert "Mark as arguable" in page
    assert "Mark as arguable" not in manager.get(preview(flag)).content.decode()


@pytest.mark.parametrize(
    "scope", [{"shop": "nowhere"}, {"garment_group": "hats"}, {"other": ""}], ids=["shop", "garments", "value"]
)
def test_what_nobody_knows_is_refused(admin, flag, scope):
    page = admin.get(preview(flag) + "&" + urlencode(scope), follow=True).content.decode()
    assert "Choose a pair of values." in page
    admin.post("/dashboard/pairs/mark/", pair_of(flag) | scope)
    assert not ArguableRule.objects.exists()


def test_an_admin_marks_a_pair_and_takes_it_back(admin, flag):
    page = admin.post("/dashboard/pairs/mark/", pair_of(flag, shop="spring"), follow=True).content.decode()
    assert "Marked. 1 flag is closed." in page
    assert "ada" in page
    rule = ArguableRule.objects.get()
    assert (rule.shop.slug, rule.made_by.username) == ("spring", "ada")
    assert "marked as an arguable pair" in admin.get(f"/flags/{flag.pk}/").content.decode()
    assert "This pair is marked already." in admin.get(preview(flag, shop="spring")).content.decode()
    again = admin.post("/dashboard/pairs/mark/", pair_of(flag, shop="spring"), follow=True).content.decode()
    assert "This pair is marked already." in again

    page = admin.post(f"/dashboard/pairs/{rule.pk}/take-back/", follow=True).content.decode()
    assert "Taken back. 1 flag is back." in page
    assert "1 flag came back" in page
    assert Flag.objects.get().state == Flag.State.OPEN


def test_content_managers_look_and_change_nothing(manager, flag):
    assert manager.post("/dashboard/pairs/mark/", pair_of(flag)).status_code == 403
    assert manager.post("/dashboard/pairs/1/take-back/").status_code == 403
    assert manager.get("/dashboard/pairs/").status_code == 200
    assert not ArguableRule.objects.exists()


def test_a_decision_about_a_closed_flag_is_refused_in_words(admin, manager, flag):
    admin.post("/dashboard/pairs/mark/", pair_of(flag))
    answer = manager.post(
        f"/flags/{flag.pk}/decide/", {"choice": "accept", "token": uuid4()}, headers={"accept": "application/json"}
    )
    assert "arguable pair" in answer.content.decode() or answer.status_code == 302
    assert Flag.objects.get().state == Flag.State.CLOSED


def test_the_number_of_questions_does_not_grow_with_pairs(manager, shop, flag, django_assert_max_num_queries):
    for code in ("red", "green", "blue", "beige", "white", "pink"):
        doubt(shop, code)
        factories.make_flag(factories.make_label(factories.make_product(shop), code.title(), code), "black")
    with django_assert_max_num_queries(22):
        page = manager.get("/dashboard/pairs/")
    assert page.content.decode().count("both right: 3") == 6
