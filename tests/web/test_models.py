"""The pages of models: what is in use, how a candidate compares, who put which into use and why."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone, translation

from catalog_audit.accounts.models import User
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelComparison, ModelVersion, Promotion, PromotionPolicy
from catalog_audit.registry.promoting import versions_in_use
from catalog_audit.registry.service import register, register_shipped
from catalog_audit.training.comparison_figures import figures_of
from tests import factories, models_on_disk


@pytest.fixture
def candidate(db, settings, tmp_path) -> ModelVersion:
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.MODELS_DIR = tmp_path / "models"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    register_shipped()
    figures = {"colour": {"items": 1351, "accuracy": 0.806}}
    data = [{"name": "Pictures of a shop", "licence": "its own"}]
    models_on_disk.write_classifier(
        settings.MODELS_DIR, weights="second", title="Reads garments", data=data, figures=figures, limits="No fur."
    )
    return register(settings.MODELS_DIR / "attributes.safetensors")


@pytest.fixture
def in_use(candidate) -> ModelVersion:
    return ModelVersion.objects.get(kind="classification", state="active")


def answer(product=None, candidate: str = "navy", active: str = "navy", truth: str = "navy", **fields):
    def said(value: str) -> dict:
        flagged = value != fields.get("label", "navy")
        state = "flagged" if flagged else "ok"
        return {
            "top": value,
            "share": 0.9,
            "right": value == truth,
            "state": state,
            "p_wrong": 0.97 if flagged else 0.1,
        }

    return {
        "product": product.pk if product else None, "picture": "", "group": "full_body", "attribute": "colour",
        "label": "navy", "truth": [truth], "sources": ["set"], "verified": False, "candidate": said(candidate),
        "active": said(active),
    } | fields  # fmt: skip


def compared(candidate: ModelVersion, answers, **job) -> ModelComparison:
    return ModelComparison.objects.create(
        candidate=candidate,
        active=ModelVersion.objects.get(kind="classification", state="active"),
        in_use=versions_in_use(),
        plan={"numbers": {"products": len(answers), "set": len(answers), "check": 0, "verdict": 0}},
        job=factories.make_job("comparison", candidate.version, **job),
        figures=figures_of([(answers, [(len(answers), 2.0, 1.0)])]),
        finished_at=timezone.now(),
    )


def text(client, address: str) -> str:
    return client.get(address).content.decode()


def page_of(client, comparison: ModelComparison) -> str:
    return text(client, f"/models/compare/{comparison.pk}/")


def test_the_page_lists_what_is_in_use_and_the_candidates_with_their_cards(admin, candidate, in_use):
    factories.attribute("colour")
    page = text(admin, "/models/")
    assert in_use.version in page
    assert candidate.version in page
    assert "81% right on 1,351 pictures that it never saw" in page
    assert "Pictures of a shop (its own)" in page
    assert "No fur." in page
    assert "This model has not been compared with the ones in use." in page


def test_a_comparison_is_started_and_leads_to_its_page(admin, candidate, shop):
    flag = factories.make_flag(factories.make_label(factories.make_product(shop)), kind="check")
    flag.known_value = factories.value("navy")
    flag.save()
    response = admin.post(f"/models/{candidate.pk}/compare/")
    comparison = ModelComparison.objects.get()
    assert response.headers["Location"] == f"/models/compare/{comparison.pk}/"
    assert comparison.job.created_by.username == "ada"
    again = admin.post(f"/models/{candidate.pk}/compare/")
    assert again.headers["Location"] == response.headers["Location"]
    page = page_of(admin, comparison)
    assert 'hx-trigger="every 2s"' in page
    assert "What is asked is being gathered" in page
    admin.post(f"/models/compare/{comparison.pk}/cancel/")
    comparison.job.refresh_from_db()
    assert comparison.job.state == Job.State.CANCELLED
    assert "There are no figures." in page_of(admin, comparison)
    assert admin.get(f"/models/compare/{comparison.pk}/progress/").headers["HX-Refresh"] == "true"


def test_nothing_to_compare_is_said(admin, candidate):
    page = admin.post(f"/models/{candidate.pk}/compare/", follow=True).content.decode()
    assert "There is nothing to compare by" in page


def test_the_verdict_comes_first_in_words(admin, candidate):
    factories.attribute("colour")
    comparison = compared(candidate, [answer(active="black")] * 30 + [answer()] * 170)
    page = page_of(admin, comparison)
    assert re.search(r"(?i)colour: the candidate is better by 15\.0 points \(\d+\.\d to \d+\.\d\)", page)
    assert "Nothing speaks against putting it into use." in page
    assert "<textarea" not in page
    assert page.index("The verdict") < page.index("How often each is right")
    assert page.count("curve-candidate") == 1


def test_worse_beyond_the_margin_wants_a_reason(admin, candidate):
    factories.attribute("colour")
    comparison = compared(candidate, [answer(candidate="black")] * 30 + [answer()] * 170)
    page = page_of(admin, comparison)
    assert "the candidate is worse by 15.0 points" in page
    assert "dresses and one-pieces, all attributes together: worse by 15.0 points" in page
    assert re.search(r"<textarea[^>]* required minlength=\"10\"", page)
    refused = admin.post(f"/models/{candidate.pk}/promote/", {"reason": "ok"}, follow=True).content.decode()
    assert "A reason of at least 10 letters is needed" in refused
    candidate.refresh_from_db()
    assert candidate.state == "candidate"
    admin.post(f"/models/{candidate.pk}/promote/", {"reason": "The old one is far too slow."})
    candidate.refresh_from_db()
    assert candidate.state == "active"
    done = Promotion.objects.first()
    assert (done.by.username, done.reason, done.comparison) == ("ada", "The old one is far too slow.", comparison)
    page = text(admin, "/models/")
    assert page.count("The old one is far too slow.") == 2


def test_one_button_goes_back(admin, candidate, in_use):
    compared(candidate, [answer()] * 200)
    admin.post(f"/models/{candidate.pk}/promote/")
    assert f"Go back to {in_use.version}" in text(admin, "/models/")
    page = admin.post(f"/models/{candidate.pk}/roll-back/", follow=True).content.decode()
    assert "The earlier model is in use again." in page
    in_use.refresh_from_db()
    assert in_use.state == "active"


def test_flags_gained_and_lost_have_pictures_label_and_suggestion(admin, candidate, flag):
    factories.value("navy", swatch="#101840")
    picture = flag.prediction.picture
    gained = answer(flag.product, candidate="black", truth="black", verified=True, picture=picture.sha256)
    lost = answer(active="red")
    page = page_of(admin, compared(candidate, [gained, lost, *[answer()] * 10]))
    assert "1 flag that only the candidate would raise" in page
    assert "1 flag that would not be raised any more" in page
    assert f"/pictures/{picture.pk}/small/" in page
    assert f'href="/products/{flag.product_id}/"' in page
    assert "the label is wrong" in page
    assert "no picture" in page


def test_an_older_comparison_says_that_a_newer_one_counts(admin, candidate):
    older = compared(candidate, [answer()] * 200)
    compared(candidate, [answer()] * 200)
    assert "the newer comparison counts" in page_of(admin, older)


def test_the_margin_is_set_in_points(admin, candidate):
    admin.post("/models/margin/", {"margin": "2.5"})
    assert PromotionPolicy.current().margin == 0.025
    assert "between 0 and 20" in admin.post("/models/margin/", {"margin": "21"}, follow=True).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_flags(admin, candidate, shop, django_assert_max_num_queries):
    products = [factories.make_product(shop) for _ in range(20)]
    comparison = compared(candidate, [answer(product, candidate="black") for product in products])
    with django_assert_max_num_queries(22):
        admin.get(f"/models/compare/{comparison.pk}/")


def test_numbers_are_written_as_the_language_does(admin, candidate):
    factories.attribute("colour")
    comparison = compared(candidate, [answer(active="black")] * 30 + [answer()] * 170)
    User.objects.filter(username="ada").update(language="ru")
    with translation.override("en"):  # the page's language does not stay for the next test
        page = page_of(admin, comparison)
    assert "кандидат лучше на 15,0" in page
    assert not re.search(r' (?:cx|x1|points|width)="\d+,\d"', page)
