"""The page of one audit, and that which says what an audit would look at."""

from __future__ import annotations

import pytest

from catalog_audit.audits import planning, profiles, reasons
from catalog_audit.audits.models import AuditRun, Prediction, RunProfile
from catalog_audit.audits.profiles import BRAND, NEW, Profile
from catalog_audit.audits.scope import Scope
from catalog_audit.audits.sights import Sight
from catalog_audit.jobs.models import Job
from catalog_audit.registry.service import ModelsMissing
from tests import factories


def seen(
    number: int, sureness: float = 0.95, value: str = "navy", problems: int = 0, least: int | None = None
) -> Sight:
    sight = Sight()
    for _ in range(number):
        sight.add(least or 0, {value: sureness, "else": 0.01}, 1 if least else 0, flagged=False, disputed=False)
    for _ in range(problems):
        sight.fail(least or 0, 1 if least else 0)
    return sight


def summed_up(shop, sight: Sight, parts: dict | None = None, **fields) -> AuditRun:
    run = factories.make_run(shop, total=10, done=10, result={"flags": 3})
    AuditRun.objects.filter(pk=run.pk).update(**fields)
    figures = profiles.to_json(Profile({"colour": sight}, {"colour": parts or {}}))
    RunProfile.objects.create(run=run, figures=figures)
    factories.attribute("colour")
    return run


@pytest.fixture
def prediction(shop) -> Prediction:
    run = factories.make_run(shop)
    return factories.make_prediction(factories.make_label(factories.make_product(shop, title="Odd dress")), run=run)


def page_of(client, run) -> str:
    return client.get(f"/audits/{run.pk}/").content.decode()


def test_it_says_what_was_looked_at_and_why(manager, shop):
    run = summed_up(shop, seen(10), reasons={reasons.NEW: 7, reasons.PICTURES: 1}, unchanged=1200)
    page = page_of(manager, run)
    assert "7 products that no audit has looked at" in page
    assert "1 product with other pictures" in page
    assert "1,200" in page


def test_the_first_audit_has_nothing_to_be_compared_with(manager, shop):
    assert "there is nothing to compare it with" in page_of(manager, summed_up(shop, seen(100)))


def test_audits_by_another_model_are_not_compared(manager, shop, prediction):
    assert "Another model judged the audits before" in page_of(manager, summed_up(shop, seen(100)))


def test_the_same_as_before_is_no_warning(manager, shop):
    summed_up(shop, seen(300))
    page = page_of(manager, summed_up(shop, seen(100)))
    assert "Nothing differs by more than chance explains" in page
    assert "notice-warning" not in page
    assert page.count("<svg") >= 3


def test_pictures_that_the_model_does_not_know_are_a_warning_with_pictures(manager, shop, prediction):
    RunProfile.objects.all().delete()
    summed_up(shop, seen(300))
    page = page_of(manager, summed_up(shop, seen(100, 0.5, least=prediction.pk)))
    assert "the program is less sure, 50% on average; before it was 95%." in page
    assert "The photographs may be of a kind that the model has not learned" in page
    assert "Odd dress" in page


def test_a_new_supplier_is_compared_with_what_the_model_knows(manager, shop):
    summed_up(shop, seen(300))
    known, other = seen(200), seen(80, 0.5, problems=30)
    parts = {NEW: {"": other}, BRAND: {"Acme": other}}
    page = page_of(manager, summed_up(shop, Sight.sum([known, known, known, other]), parts))
    colour = factories.attribute("colour").name
    assert f"{colour}, new products: the program is less sure, 50% on average" in page
    assert f"{colour}, Acme: 27% of the pictures cannot be used; in the runs before it was 0%." in page


def test_an_attribute_is_chosen_by_the_address(manager, shop):
    run = summed_up(shop, seen(60))
    factories.attribute("pattern")
    RunProfile.objects.update(
        figures=profiles.to_json(Profile({"colour": seen(60), "pattern": seen(60, value="stripe")}))
    )
    page = manager.get(f"/audits/{run.pk}/?attribute=pattern").content.decode()
    assert f"{factories.attribute('pattern').name}: what the pictures show" in page
    assert factories.value("stripe", "pattern").name in page


@pytest.mark.parametrize(
    ("state", "said"),
    [(Job.State.RUNNING, "told when the audit is over"), (Job.State.DONE, "The next audit of the shop does it")],
)
def test_it_says_why_there_are_no_figures(manager, shop, state, said):
    assert said in page_of(manager, factories.make_run(shop, state=state))


def test_the_list_leads_to_the_run_and_says_why(manager, shop):
    run = summed_up(shop, seen(10), reasons={reasons.MODEL: 2})
    page = manager.get("/audits/").content.decode()
    assert f'href="/audits/{run.pk}/"' in page
    assert "2 products that another model judges now" in page


# --- beforehand -------------------------------------------------------------------------------------------------------


def test_it_says_beforehand_what_would_be_looked_at(manager, admin, shop, monkeypatch):
    plan = planning.Plan(Scope([], [], []), [1, 2, 3], {reasons.NEW: 2, reasons.LABEL: 1}, 40, 5000)
    monkeypatch.setattr(planning, "plan", lambda shop, seconds: plan)
    page = manager.get("/audits/plan/?shop=spring").content.decode()
    assert "2 products that no audit has looked at" in page
    assert "1 product with other labels" in page
    assert "5,000 products were not compared yet" in page
    assert "Start an audit" not in page
    assert "Start an audit" in admin.get("/audits/plan/?shop=spring").content.decode()


def test_without_a_model_it_says_so(manager, shop, monkeypatch):
    def missing(shop, seconds):
        raise ModelsMissing("none")

    monkeypatch.setattr(planning, "plan", missing)
    assert "No model is in use" in manager.get("/audits/plan/?shop=spring", follow=True).content.decode()


def test_an_unknown_shop_is_refused(manager, db):
    assert "Choose a shop." in manager.get("/audits/plan/?shop=nowhere", follow=True).content.decode()
