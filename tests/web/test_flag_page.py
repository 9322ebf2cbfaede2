"""The page of one flag, and the way from one to the next."""

from __future__ import annotations

import re
from uuid import uuid4

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag, Prediction, ReviewPolicy
from catalog_audit.catalog.models import Label
from catalog_audit.registry.models import ModelVersion
from catalog_audit.review import actions
from catalog_audit.review.queue import Position
from catalog_audit.web.cards import make_card
from tests import factories


def text(client, address):
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_it_shows_all_that_a_decision_needs(manager, flag):
    ReviewPolicy(sample_share=0).save()
    flag.prediction.classifier = ModelVersion.objects.create(
        kind="classification", garment_group="top", version="0123456789ab", path="shipped:x"
    )
    flag.prediction.save()
    page = text(manager, f"/flags/{flag.pk}/")
    for part in (
        "Summer dress",
        "P-1",
        "97% likely wrong",
        "the network is 90% sure",
        "“Navy”",
        f"/overlays/{flag.prediction_id}/mask/",
        f"/overlays/{flag.prediction_id}/attention/",
        f"/overlays/{flag.prediction_id}/attention_label/",
        "Why not the label",
        'fill="#101010"',
        "75%",
        "0123456789ab",
    ):
        assert part in page


def visible(page):
    """The page without what it shows on demand."""
    return re.sub(r"<details.*?</details>", "", page, flags=re.DOTALL)


def test_where_samples_are_mixed_in_probabilities_are_shown_on_demand_only(manager, flag):
    ReviewPolicy(sample_share=0.02).save()
    page = text(manager, f"/flags/{flag.pk}/")
    assert "97% likely wrong" in page
    shares = re.compile(r"likely wrong|is \d+% sure|<span class=\"hint\">\d+%")
    assert not shares.search(visible(page))
    # Nobody gets a sample there, so there is nothing to give away.
    assert shares.search(visible(text(manager, f"/flags/{flag.pk}/?p_from=0.5")))
    actions.accept(flag, factories.make_admin(), uuid4())
    assert shares.search(visible(text(manager, f"/flags/{flag.pk}/")))


def test_a_sample_looks_like_any_other_flag(manager, shop, flag):
    def drawn(one):
        """The page with all that is of the one product, and what its picture shows, made the same."""
        page = visible(text(manager, f"/flags/{one.pk}/"))
        page = re.sub(r'<a class="brand".*?<main', "", page, flags=re.DOTALL)
        page = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|csrf\w+\" value=\"\w+|after=[\d.:]+|before=[\d.:]+", "", page)
        page = page.replace(one.product.title, "title").replace(one.product.external_id, "number")
        return re.sub(r"\d+", "", page)

    label = factories.make_label(factories.make_product(shop, "P-2", title="Winter dress"))
    fields = ("picture", "mask", "palette", "region_share")
    same = {name: getattr(flag.prediction, name) for name in fields}
    chances = {"navy": 0.9, "black": 0.05, "grey": 0.03, "brown": 0.02}
    prediction = factories.make_prediction(label, p_wrong=0.01, probabilities=chances, **same)
    sample = factories.make_flag(label, p_wrong=0.01, kind=Flag.Kind.SAMPLE, prediction=prediction)
    Prediction.objects.filter(pk=flag.prediction_id).update(attention="", attention_label="")

    assert drawn(Flag.objects.get(pk=sample.pk)) == drawn(Flag.objects.get(pk=flag.pk))


def test_without_attention_of_the_label_its_button_is_not_there(manager, flag):
    flag.prediction.attention_label = ""
    flag.prediction.save()
    page = text(manager, f"/flags/{flag.pk}/")
    assert 'data-overlay="label"' not in page
    assert 'data-layer="label"' not in page


def test_a_flag_of_another_attribute_shows_its_values_and_no_colours(manager, shop):
    label = factories.make_label(factories.make_product(shop), "Plain", "solid", "pattern")
    prediction = factories.make_prediction(
        label, top="stripe", probabilities={"stripe": 0.9, "dot": 0.05}, palette=[["#123456", 1.0]]
    )
    flag = factories.make_flag(label, "stripe", prediction=prediction)
    page = text(manager, f"/flags/{flag.pk}/")
    assert "Pattern: the shop" in page
    assert "Change to Stripe" in page
    assert "Colours measured on the garment" not in page
    assert "#123456" not in page
    card = make_card(flag, Position(False, flag.p_wrong, flag.pk), 1, "", User(username="mia"))
    assert {choice.value.attribute.code for choice in card.values} == {"pattern"}
    assert [choice.value.code for choice in card.alternatives] == ["dot"]
    assert "swatch" not in page


def test_the_next_best_values_leave_out_label_and_suggestion(flag):
    for code in ("grey", "brown"):
        factories.value(code)
    card = make_card(flag, Position(False, flag.p_wrong, flag.pk), 1, "", User(username="mia"))
    assert [(choice.value.code, choice.probability, choice.key) for choice in card.alternatives] == [
        ("grey", 0.03, "1"),
        ("brown", 0.02, "2"),
    ]
    assert card.suggestion.probability == 0.9


def test_the_script_gets_the_inner_part_only(manager, flag):
    page = manager.get(f"/flags/{flag.pk}/", headers={"X-Part": "flag"}).content.decode()
    assert page.strip().startswith("<article")
    assert "<html" not in page


def test_a_decided_flag_says_who_decided_what(manager, flag):
    actions.fix(flag, factories.value("black"), User.objects.get(username="mia"), uuid4())
    page = text(manager, f"/flags/{flag.pk}/")
    assert "mia changed this label to" in page
    assert 'data-action="accept"' not in page


def test_a_label_that_changed_since_cannot_be_decided(manager, flag):
    Label.objects.update(raw="Red", value=factories.value("red"))
    page = text(manager, f"/flags/{flag.pk}/")
    assert "The shop has changed this label since the audit" in page
    assert 'data-action="accept"' not in page


def test_a_product_without_its_picture_still_has_a_page(manager, flag):
    flag.product.pictures.all().delete()
    assert "picture is missing" in text(manager, f"/flags/{flag.pk}/")


def test_an_unknown_flag_is_not_found(manager):
    response = manager.get("/flags/999/")
    assert response.status_code == 404
    assert "There is nothing at this address" in response.content.decode()


def test_next_leads_from_flag_to_flag_and_keeps_the_filters(manager, shop):
    high, low = (
        factories.make_flag(factories.make_label(factories.make_product(shop)), p_wrong=chance) for chance in (0.9, 0.8)
    )
    assert manager.get("/flags/next/?shop=spring").headers["Location"] == f"/flags/{high.pk}/?shop=spring"
    after = f"/flags/next/?shop=spring&after=0:0.9:{high.pk}"
    assert manager.get(after).headers["Location"] == f"/flags/{low.pk}/?shop=spring"
    before = f"/flags/next/?before=0:0.8:{low.pk}"
    assert manager.get(before).headers["Location"] == f"/flags/{high.pk}/"


def test_the_end_of_the_queue_offers_to_undo(manager, flag):
    actions.accept(flag, User.objects.get(username="mia"), uuid4())
    page = text(manager, "/flags/next/")
    assert "All flags are decided" in page
    assert "Undo the last decision" in page


def test_nobody_elses_decision_is_offered_for_undo(manager, flag):
    actions.accept(flag, factories.make_manager("carl"), uuid4())
    assert "Undo the last decision" not in text(manager, "/flags/next/")


def test_a_flag_closed_by_an_audit_says_so(manager, flag):
    Flag.objects.update(state=Flag.State.CLOSED)
    assert "A newer audit has closed this flag" in text(manager, f"/flags/{flag.pk}/")


def test_it_takes_a_fixed_number_of_queries(manager, flag, django_assert_max_num_queries):
    with django_assert_max_num_queries(17):
        manager.get(f"/flags/{flag.pk}/")
