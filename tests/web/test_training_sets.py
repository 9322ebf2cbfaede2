"""The page of training sets: what they hold, what has changed, and making another."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.conf import settings

from catalog_audit.catalog.files import store_picture
from catalog_audit.catalog.models import Attribute
from catalog_audit.jobs import dispatch
from catalog_audit.jobs.models import Job
from catalog_audit.training import set_building, tasks
from catalog_audit.training.models import TrainingSet, TrainingSetBuild
from tests import factories


@pytest.fixture
def dress(shop, tmp_path):
    """A function that makes a dress with a colour and a picture of its own; returns the label of the colour."""
    factories.value("dress", Attribute.GARMENT_TYPE)
    kind = factories.value("dress", Attribute.GARMENT_TYPE)
    kind.garment_group = "full_body"
    kind.save()

    def make(external_id: str, code: str = "navy"):
        product = factories.make_product(shop, external_id)
        stored = store_picture(factories.picture_file(tmp_path / "dress.png", size=(60, 90 + product.pk % 300)))
        factories.make_picture(product, sha256=stored.sha256, suffix=stored.suffix)
        factories.make_label(product, "Dress", "dress", Attribute.GARMENT_TYPE)
        return factories.make_label(product, code.title(), code)

    return make


@pytest.fixture
def sent(monkeypatch):
    """Jobs that workers were nudged about."""
    jobs = []
    monkeypatch.setattr(dispatch, "enqueue", jobs.append)
    return jobs


def make_set() -> TrainingSet:
    return set_building.build(set_building.start_build(detach=False))


def text(response) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", response.content.decode())))


def test_the_page_says_what_to_do_when_there_is_no_set(admin):
    page = text(admin.get("/training/sets/"))
    assert "There is no training set yet" in page
    assert "Make a training set now" in page


def test_an_admin_makes_a_set_of_chosen_shops(admin, shop, sent):
    factories.make_shop("autumn")
    response = admin.post("/training/sets/make/", {"shops": [shop.pk], "note": "Before the sale"})
    assert response.headers["Location"] == "/training/sets/"
    build = TrainingSetBuild.objects.get()
    assert (build.shops, build.note, build.job.created_by.username) == (["spring"], "Before the sale", "ada")
    assert sent == [build.job]


def test_a_second_set_at_once_is_refused_in_words(admin, sent):
    admin.post("/training/sets/make/", {})
    page = text(admin.post("/training/sets/make/", {}, follow=True))
    assert "being made already" in page
    assert TrainingSetBuild.objects.count() == 1


def test_a_worker_makes_what_was_asked_for(admin, dress, sent):
    dress("P-1")
    admin.post("/training/sets/make/", {"note": "for the winter"})
    page = admin.get("/training/sets/")
    assert "A set is being made" in text(page)
    assert 'hx-trigger="every 2s"' in page.content.decode()
    tasks.make_training_set(sent[0].pk)
    page = admin.get("/training/sets/list/")
    made = TrainingSet.objects.get()
    assert made.short_hash in text(page)
    assert "for the winter" in text(page)
    assert "hx-trigger" not in page.content.decode()
    tasks.make_training_set(sent[0].pk)  # a second message does no harm
    assert TrainingSet.objects.count() == 1


def test_it_is_said_that_nothing_has_changed(admin, dress):
    dress("P-1")
    made = make_set()
    make_set()
    assert f"Nothing has changed since set {made.short_hash} was made" in text(admin.get("/training/sets/"))


def test_a_failure_is_told_in_the_language_of_who_asked(admin, sent):
    admin.post("/language/", {"language": "ru", "next": "/"})
    admin.post("/training/sets/make/", {})
    tasks.make_training_set(sent[0].pk)
    assert Job.objects.get().state == Job.State.FAILED
    assert "Учиться не на чем" in text(admin.get("/training/sets/"))


def test_an_admin_stops_it(admin, sent):
    admin.post("/training/sets/make/", {})
    build = TrainingSetBuild.objects.get()
    admin.post(f"/training/sets/make/{build.pk}/cancel/")
    build.job.refresh_from_db()
    assert build.job.state == Job.State.CANCELLED
    assert "was stopped" in text(admin.get("/training/sets/"))


def test_values_have_swatches_bars_by_origin_and_numbers(admin, dress):
    navy = factories.value("navy")
    navy.swatch = "#000080"
    navy.save()
    dress("P-1")
    dress("P-2")
    factories.decide(dress("P-3"), factories.make_manager())
    factories.make_flag(dress("P-4"))
    page = admin.get(f"/training/sets/{make_set().short_hash}/")
    html = page.content.decode()
    assert 'fill="#000080"' in html
    assert '<rect class="slice-shop" x="0.00" y="0" width="66.67"' in html
    assert '<rect class="slice-reviewer" x="66.67" y="0" width="33.33"' in html
    assert "decided by reviewers" in text(page)
    assert "Labels with a flag that nobody has decided yet: 1" in text(page)


def test_what_has_changed_since_the_last_set_of_these_shops(admin, dress):
    first, second = dress("P-1"), dress("P-2")
    before = make_set()
    assert "What has changed" not in text(admin.get("/training/sets/"))
    factories.decide(first, factories.make_manager(), "black")
    factories.decide(second, factories.make_manager("max"), "black")
    make_set()
    page = text(admin.get("/training/sets/"))
    assert f"Against set {before.short_hash}" in page
    assert re.search(r"Black\W+decided by reviewers\s+0\s+2\s+\+2", page)
    assert re.search(rf"{factories.value('navy').name_en}\W+the shop's word\s+2\s+0\s+−2", page)


def test_the_file_can_be_downloaded(admin, dress):
    dress("P-1")
    made = make_set()
    response = admin.get(f"/training/sets/{made.short_hash}/examples.csv")
    assert b"".join(response.streaming_content) == made.path.read_bytes()
    assert f"training-set-{made.short_hash}.csv" in response.headers["Content-Disposition"]
    made.path.unlink()
    assert admin.get(f"/training/sets/{made.short_hash}/examples.csv").status_code == 404
    assert admin.get("/training/sets/ffffffffffff/").status_code == 404


def test_training_is_in_the_navigation_of_admins_only(admin, manager):
    assert 'href="/training/' in admin.get("/").content.decode()
    assert 'href="/training/' not in manager.get("/").content.decode()
    assert manager.get("/training/sets/").status_code == 403


def test_tabs_link_only_to_pages_that_there_are(admin):
    page = admin.get("/training/sets/").content.decode()
    assert '<a href="/training/sets/" aria-current="page">Sets</a>' in page
    assert 'href=""' not in page


def test_the_page_makes_few_queries_whatever_it_shows(admin, dress, django_assert_max_num_queries):
    for number in range(12):
        dress(f"P-{number}", f"colour{number}")
    make_set()
    factories.decide(dress("P-20"), factories.make_manager(), "black")
    make_set()
    admin.get("/training/sets/")
    with django_assert_max_num_queries(16):
        admin.get("/training/sets/")


def test_sets_lie_below_the_data_folder(dress):
    dress("P-1")
    made = make_set()
    assert made.path == settings.DATA_DIR / "training_sets" / made.short_hash / "examples.csv"
