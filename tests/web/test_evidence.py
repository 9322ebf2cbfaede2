"""What lies around a flag: examples of both values, products of the same design, how far the colours are."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label, Picture
from catalog_audit.registry.models import ModelVersion
from catalog_audit.review import actions
from catalog_audit.review.queue import Position
from catalog_audit.web.cards import FlagCard, make_card
from catalog_audit.web.evidence import EXAMPLES, SIBLINGS, gather
from catalog_audit.web.measured import Measured, distance
from tests import factories


def picture_of(product, sha256: str = "") -> Picture:
    return factories.make_picture(product, sha256=sha256 or f"{product.pk:064}", suffix="jpg", width=6, height=9)


def undoubted(shop, code: str, p_wrong: float = 0.01, **fields):
    """A product whose label nothing speaks against."""
    product = factories.make_product(shop, **fields)
    label = factories.make_label(product, code, code)
    factories.make_prediction(label, p_wrong=p_wrong, picture=picture_of(product))
    return product


def decided(shop, correction: str = "", garment_type: str = "dress", **fields) -> Flag:
    """A product labelled navy that a person has decided."""
    product = factories.make_product(shop, **fields)
    label = factories.make_label(product)
    prediction = factories.make_prediction(label, top="black", state="flagged", picture=picture_of(product))
    kind = factories.value(garment_type, "garment_type")
    flag = factories.make_flag(label, prediction=prediction, garment_type=kind)
    person = User.objects.filter(username="carl").first() or factories.make_manager("carl")
    if correction:
        actions.fix(flag, factories.value(correction), person, uuid4())
    else:
        actions.accept(flag, person, uuid4())
    return flag


def titles(examples) -> list[str]:
    return [entry.title for entry in examples.entries]


def card_of(flag: Flag) -> FlagCard:
    return make_card(flag, Position(False, flag.p_wrong, flag.pk), 1, "", User(username="mia"))


def test_what_people_confirmed_is_an_example_of_the_value_they_chose(flag, shop):
    decided(shop, title="Right")
    decided(shop, "black", title="Put right")
    found = gather(flag)
    assert (titles(found.label), titles(found.suggested)) == (["Right"], ["Put right"])
    assert found.label.confirmed == 1


def test_a_decision_that_was_undone_or_overtaken_by_the_shop_is_no_example(flag, shop):
    decided(shop)
    actions.undo(User.objects.get(username="carl"), uuid4())
    Label.objects.filter(pk=decided(shop).label_id).update(verdict="", raw="Red", value=factories.value("red"))
    assert titles(gather(flag).label) == []


def test_the_same_garment_type_comes_first_then_the_same_shop(flag, shop):
    flag.garment_type = factories.value("dress", "garment_type")
    elsewhere = factories.make_shop("autumn")
    decided(elsewhere, title="dress elsewhere")
    decided(shop, title="dress here")
    decided(shop, title="skirt here", garment_type="skirt")
    assert titles(gather(flag).label) == ["dress here", "dress elsewhere", "skirt here"]


def test_undoubted_labels_fill_up_the_surest_first(flag, shop):
    decided(shop, title="confirmed")
    for number in (3, 1, 2, 4):
        undoubted(shop, "navy", number / 100, title=f"sure {number}")
    examples = gather(flag).label
    assert titles(examples) == ["confirmed", "sure 1", "sure 2", "sure 3"]
    assert (examples.confirmed, examples.undoubted) == (1, EXAMPLES - 1)


def test_a_label_that_changed_since_is_not_undoubted(flag, shop):
    product = undoubted(shop, "navy")
    product.labels.update(value=factories.value("red"))
    assert titles(gather(flag).label) == []


def test_a_product_is_no_example_for_itself(flag):
    assert titles(gather(flag).label) == []


def test_sisters_are_of_the_same_design_or_show_the_same_picture(flag, shop):
    flag.product.group = "D-1"
    flag.product.save()
    sister = undoubted(shop, "red", group="D-1")
    twin = factories.make_product(factories.make_shop("autumn"))
    picture_of(twin, flag.product.pictures.get().sha256)
    undoubted(factories.make_shop("winter"), "red", group="D-1")
    found = gather(flag).siblings
    assert [(sibling.product, sibling.same_picture) for sibling in found] == [(twin, True), (sister, False)]
    assert [sibling.value and sibling.value.code for sibling in found] == [None, "red"]


def test_a_sister_is_called_what_people_made_of_its_label(flag, shop):
    flag.product.group = "D-1"
    flag.product.save()
    decided(shop, "black", group="D-1")
    assert gather(flag).siblings[0].value.code == "black"


def test_the_page_lists_eight_sisters_and_counts_the_rest(manager, flag, shop):
    flag.product.group = "D-1"
    flag.product.save()
    for number in range(SIBLINGS + 3):
        factories.make_product(shop, group="D-1", title=f"Sister {number}")
    page = manager.get(f"/flags/{flag.pk}/evidence/", headers={"X-Part": "evidence"}).content.decode()
    assert page.count('<li title="Sister') == SIBLINGS
    assert "+ 3 more" in page
    assert "<html" not in page


def test_without_scripts_it_is_a_page_of_its_own(manager, flag):
    page = manager.get(f"/flags/{flag.pk}/evidence/").content.decode()
    assert "<html" in page
    assert f'href="/flags/{flag.pk}/"' in page


def test_only_reviewers_see_it(nobody, flag):
    assert nobody.get(f"/flags/{flag.pk}/evidence/").status_code == 403


def test_it_takes_a_fixed_number_of_queries(flag, shop, django_assert_max_num_queries):
    flag.product.group = "D-1"
    flag.product.save()
    for _ in range(5):
        decided(shop, group="D-1")
        undoubted(shop, "black", group="D-1")
    with django_assert_max_num_queries(16):
        gather(flag)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="reads SQLite's query plans; PostgreSQL's depend on the data")
def test_no_example_is_looked_for_in_a_whole_table(flag, shop):
    flag.product.group = "D-1"
    flag.product.save()
    undoubted(shop, "navy")
    with CaptureQueriesContext(connection) as captured:
        gather(flag)
    with connection.cursor() as cursor:
        for query in captured.captured_queries:
            if '"sha256" IN' in query["sql"]:
                continue  # pictures have no index on their content yet
            cursor.execute("EXPLAIN QUERY PLAN " + query["sql"])
            steps = [row[-1] for row in cursor.fetchall()]
            large = ("review_decision", "audits_prediction", "catalog_product", "catalog_picture", "catalog_label")
            assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in large], query["sql"]


def test_the_distance_is_the_mean_over_the_colours_by_their_share(db):
    ink = factories.value("ink", swatch="#1f2a44")
    near, far = Measured("#1f2a44", 0.75), Measured("#ffffff", 0.25)
    whole = distance([far], ink).difference
    assert distance([near], ink).difference == pytest.approx(0, abs=1e-9)
    assert distance([near, far], ink).difference == pytest.approx(whole / 4)


@pytest.mark.parametrize(("colour", "word"), [("#1b1b1d", "close"), ("#1f2a44", "between"), ("#ffffff", "far")])
def test_the_distance_is_said_in_words(db, colour, word):
    assert distance([Measured(colour, 1.0)], factories.value("black", swatch="#1b1b1d")).word == word


@pytest.mark.parametrize("swatch", ["", "#ff0000 #00ff00", "red"])
def test_a_value_without_one_colour_has_no_distance(db, swatch):
    assert distance([Measured("#ffffff", 1.0)], factories.value("odd", swatch=swatch)) is None


def test_the_flag_shows_how_far_both_values_are(manager, flag):
    for code, swatch in (("navy", "#1f2a44"), ("black", "#1b1b1d")):
        value = factories.value(code)
        value.swatch = swatch
        value.save()
    page = manager.get(f"/flags/{flag.pk}/").content.decode()
    assert page.count('class="bar bar-') == 2
    assert "close, 5" in page


def test_dispute_and_both_are_offered_where_they_can_be_decided(rf, flag):
    card = card_of(flag)
    request = rf.get("/")
    for shown in (False, True):
        context = {"card": replace(card, can_dispute=shown), "stands": True, "decidable": True}
        page = render_to_string("flags/_flag.html", context, request)
        assert ('value="dispute"' in page) == shown
        assert 'value="both"' in page


def test_a_model_that_was_taken_out_of_use_is_missed(manager, flag):
    address = f"/flags/{flag.pk}/"
    assert "No model is in use" not in manager.get(address).content.decode()
    ModelVersion.objects.create(kind="classification", version="0123456789ab", path="shipped:x", state="retired")
    assert "No model is in use" in manager.get(address).content.decode()
