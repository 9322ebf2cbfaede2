"""What an audit says of a product: ok, flagged, disputed, or why nothing can be said."""

from __future__ import annotations

import pytest

from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Label
from tests import factories, models_on_disk
from tests.audits.conftest import SURE, audit, make_dress, sure_of


@pytest.fixture
def dress(boutique):
    return make_dress(boutique, "A")


def found(shop) -> Prediction:
    audit(shop)
    return Prediction.objects.select_related("top_value").get(current=True)


def test_a_label_that_the_networks_agree_with_is_ok(boutique, dress, networks):
    prediction = found(boutique)
    assert (prediction.state, prediction.problem, prediction.top_value.code) == ("ok", "", "navy")
    assert prediction.p_wrong < 0.1
    assert prediction.probabilities["navy"] == SURE
    assert prediction.palette == [["#101840", 1.0]]
    assert prediction.region_share > 0
    assert not Flag.objects.exists()


def test_a_label_that_is_probably_wrong_is_flagged(boutique, dress, networks):
    networks.sees[dress.pk] = sure_of("red")
    prediction = found(boutique)
    flag = Flag.objects.get()
    assert prediction.state == "flagged"
    assert (flag.state, flag.raised_as) == (Flag.State.OPEN, Flag.State.OPEN)
    assert (flag.label_value.code, flag.suggested.code) == ("navy", "red")
    assert flag.p_wrong == prediction.p_wrong > 0.8
    assert (flag.product, flag.prediction, flag.garment_type.code) == (dress, prediction, "dress")


def test_a_label_that_is_one_of_several_defensible_values_is_disputed(boutique, dress, networks):
    networks.sees[dress.pk] = {"black": 0.7, "navy": 0.25, "red": 0.05}
    assert found(boutique).state == "disputed"
    assert Flag.objects.get().state == Flag.State.DISPUTED


def test_flags_and_disputes_are_explained_and_the_rest_is_not(boutique, dress, networks):
    other = make_dress(boutique, "B")
    networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    assert networks.explained == [(dress.pk, "red"), (dress.pk, "navy")]
    flagged, agreed = (Prediction.objects.get(product=product) for product in (dress, other))
    assert flagged.attention
    assert flagged.attention_label
    assert (agreed.attention, agreed.attention_label) == ("", "")


def test_a_finer_value_is_compared_with_the_one_that_the_networks_know(boutique, networks):
    parent = factories.value("navy")
    fine = factories.value("midnight", parent=parent)
    make_dress(boutique, "A", "Midnight", fine.code)
    assert found(boutique).state == "ok"


def test_a_value_that_the_networks_do_not_know_is_not_held_against_the_shop(boutique, networks):
    make_dress(boutique, "A", "Transparent", "transparent")
    prediction = found(boutique)
    assert (prediction.state, prediction.p_wrong) == ("ok", None)


def test_a_word_that_means_nothing_is_unmapped_and_not_looked_at(boutique, networks):
    make_dress(boutique, "A", "Midsummer dream", None)
    assert found(boutique).state == "unmapped"
    assert networks.looked == []


def without_label(dress):
    dress.labels.filter(attribute__code="colour").delete()
    return "unmapped", ""


def without_picture(dress):
    dress.pictures.all().delete()
    return "unreadable", "no_picture"


def with_broken_picture(dress):
    dress.pictures.update(problem="truncated", sha256="")
    return "unreadable", "truncated"


def without_type(dress):
    dress.labels.filter(attribute__code="garment_type").delete()
    return "unreadable", "no_type"


def with_unknown_type(dress):
    dress.labels.filter(attribute__code="garment_type").update(raw="Gizmo", value=None)
    return "unreadable", "no_type"


@pytest.mark.parametrize(
    "spoil", [without_label, without_picture, with_broken_picture, without_type, with_unknown_type]
)
def test_a_product_that_cannot_be_judged_says_why_and_is_not_looked_at(boutique, dress, networks, spoil):
    expected = spoil(dress)
    prediction = found(boutique)
    assert (prediction.state, prediction.problem) == expected
    assert (prediction.p_wrong, prediction.top_value, prediction.mask) == (None, None, "")
    assert networks.looked == []


def test_a_garment_group_that_no_model_judges_says_so(boutique, dress, networks, settings):
    (settings.SHIPPED_MODELS_DIR / "attributes.json").unlink()
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, "top")
    assert found(boutique).problem == "no_model"


def test_a_disputed_label_that_is_still_the_likeliest_is_set_against_its_rival(boutique, dress, networks):
    networks.sees[dress.pk] = {"navy": 0.5, "black": 0.45, "red": 0.05}
    prediction = found(boutique)
    assert (prediction.state, prediction.top_value.code) == ("disputed", "navy")
    assert Flag.objects.get().suggested.code == "black"


@pytest.mark.parametrize("problem", ["no_region", "missing", "truncated"])
def test_what_the_networks_cannot_read_says_why_and_guesses_nothing(boutique, dress, networks, problem):
    networks.sees[dress.pk] = problem
    prediction = found(boutique)
    assert (prediction.state, prediction.problem) == ("unreadable", problem)
    assert (prediction.p_wrong, prediction.top_value, prediction.probabilities) == (None, None, {})
    assert not Flag.objects.exists()


@pytest.mark.parametrize("correction", [None, "black"])
def test_a_label_that_a_person_decided_is_not_held_up_again(boutique, dress, networks, correction):
    networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    Flag.objects.update(state=Flag.State.ACCEPTED)
    factories.decide(Label.objects.get(attribute__code="colour"), factories.make_manager(), correction)
    assert found(boutique).state == "ok"
    assert Flag.objects.count() == 1
