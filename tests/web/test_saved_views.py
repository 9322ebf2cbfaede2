"""Saved views: filters of the queue under a name."""

from __future__ import annotations

import pytest

from catalog_audit.accounts.models import User
from catalog_audit.review.models import SavedView


def save(client, name="Black ones", query="suggested=black", **more):
    return client.post("/views/save/", {"name": name, "query": query} | more)


def test_a_view_is_kept_and_led_back_to(manager, flag):
    response = save(manager)

    assert response.headers["Location"] == "/flags/?suggested=black"
    assert [(view.user.username, view.shared) for view in SavedView.objects.all()] == [("mia", False)]
    page = manager.get("/flags/?suggested=black").content.decode()
    assert '<a href="/flags/?suggested=black" aria-current="true">Black ones' in page


def test_saving_under_the_same_name_takes_the_new_filters(manager):
    save(manager)
    save(manager, query="state=fixed")

    assert [view.query for view in SavedView.objects.all()] == ["state=fixed"]


def test_only_what_the_queue_understands_is_kept(manager):
    response = save(manager, query="suggested=black&next=//elsewhere.example&p_from=9&state=nonsense")

    assert response.headers["Location"] == "/flags/?suggested=black"
    assert SavedView.objects.get().query == "suggested=black"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_view_needs_a_name(manager, name):
    response = manager.post("/views/save/", {"name": name, "query": ""}, follow=True)

    assert "Give the view a name" in response.content.decode()
    assert not SavedView.objects.exists()


def test_an_admins_shared_view_is_everybodys_to_use_and_admins_to_change(manager, admin, flag):
    save(admin, shared="on")
    view = SavedView.objects.get()

    assert "Black ones" in manager.get("/flags/").content.decode()
    assert manager.post(f"/views/{view.pk}/delete/").status_code == 403
    assert manager.post(f"/views/{view.pk}/rename/", {"name": "Other"}).status_code == 403
    assert SavedView.objects.get().name == "Black ones"


def test_content_managers_do_not_share(manager):
    assert save(manager, shared="on").status_code == 403
    assert not SavedView.objects.exists()


def test_a_view_of_ones_own_is_nobody_elses(manager, admin, flag):
    save(manager)
    view = SavedView.objects.get()

    assert "Black ones" not in admin.get("/flags/").content.decode()
    assert admin.post(f"/views/{view.pk}/delete/").status_code == 403


def test_renaming_and_deleting(manager):
    save(manager)
    view = SavedView.objects.get()

    assert manager.post(f"/views/{view.pk}/rename/", {"name": "Dark"}).headers["Location"] == "/flags/?suggested=black"
    assert SavedView.objects.get().name == "Dark"
    manager.post(f"/views/{view.pk}/delete/")
    assert not SavedView.objects.exists()


def test_two_views_of_one_name_are_refused_in_words(manager):
    save(manager, "One")
    save(manager, "Two")
    view = SavedView.objects.get(name="Two")
    response = manager.post(f"/views/{view.pk}/rename/", {"name": "One"}, follow=True)

    assert "There is a view of that name already" in response.content.decode()
    assert SavedView.objects.filter(name="Two").exists()


def test_nobody_keeps_more_than_so_many(manager, monkeypatch):
    monkeypatch.setattr("catalog_audit.review.saved.MOST", 1)
    save(manager, "One")
    response = manager.post("/views/save/", {"name": "Two", "query": ""}, follow=True)

    assert "Delete one first" in response.content.decode()
    assert User.objects.get(username="mia").saved_views.count() == 1
