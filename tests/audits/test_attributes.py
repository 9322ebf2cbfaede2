"""Every attribute that the classifier can judge is audited, with one look at each picture."""

from __future__ import annotations

import pytest

from catalog_audit.audits import exporting, running
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Label
from tests import factories, models_on_disk
from tests.audits.conftest import audit, make_dress, sure_of


@pytest.fixture
def networks(networks, settings):
    """One classifier that judges four attributes."""
    everything = models_on_disk.judged(*models_on_disk.VALUES)
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, attributes=everything)
    return networks


@pytest.fixture
def dress(boutique):
    """A navy dress, plain and midi."""
    dress = make_dress(boutique, "A")
    factories.make_label(dress, "Plain", "solid", "pattern")
    factories.make_label(dress, "Midi", "midi", "length")
    return dress


def states(product) -> dict[str, str]:
    current = Prediction.objects.filter(product=product, current=True)
    return dict(current.values_list("attribute__code", "state"))


def relabel(product, attribute: str, word: str, code: str | None) -> None:
    value = factories.value(code, attribute) if code else None
    Label.objects.filter(product=product, attribute__code=attribute).update(raw=word, value=value)


def test_one_look_at_the_picture_answers_for_all_attributes(boutique, dress, networks):
    audit(boutique)
    assert networks.looked == [dress.pk]
    assert states(dress) == dict.fromkeys(("colour", "garment_type", "length", "pattern"), "ok")
    assert len(set(Prediction.objects.values_list("mask", flat=True))) == 1


def test_the_networks_get_the_digest_of_the_picture(boutique, dress, networks):
    audit(boutique)
    assert [request.digest for request in networks.asked] == [dress.pictures.get().sha256]


def test_each_label_is_flagged_by_itself(boutique, dress, networks):
    networks.sees_else[dress.pk] = {
        "pattern": {"solid": 0.001, "stripe": 0.999},
        "length": {"mini": 0.999, "midi": 0.001},
    }
    audit(boutique)
    flags = Flag.objects.order_by("attribute__position").values_list("attribute__code", "suggested__code", "state")
    assert list(flags) == [("length", "mini", "open"), ("pattern", "stripe", "open")]
    assert states(dress) == {"colour": "ok", "garment_type": "ok", "length": "flagged", "pattern": "flagged"}


def test_an_attribute_without_a_label_is_not_asked_for(boutique, networks):
    dress = make_dress(boutique)
    factories.make_label(dress, "", None, "pattern")
    audit(boutique)
    assert set(states(dress)) == {"colour", "garment_type"}


def test_a_product_without_a_colour_is_unmapped_and_its_other_labels_are_judged(boutique, dress, networks):
    dress.labels.filter(attribute__code="colour").delete()
    audit(boutique)
    assert states(dress) == {"colour": "unmapped", "garment_type": "ok", "length": "ok", "pattern": "ok"}
    assert networks.looked == [dress.pk]


@pytest.mark.parametrize(
    ("garment", "judged"),
    [("dress", True), ("sundress", True), ("skirt", True), ("skort", True), ("jumpsuit", False), ("trousers", False)],
)
def test_length_is_judged_on_dresses_and_skirts_only(boutique, dress, networks, garment, judged):
    relabel(dress, "garment_type", garment, garment)
    audit(boutique)
    assert ("length" in states(dress)) == judged


def test_an_attribute_without_thresholds_is_not_judged(boutique, dress, networks, settings):
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, attributes=models_on_disk.judged("colour", "pattern"))
    audit(boutique)
    assert set(states(dress)) == {"colour", "pattern"}


def test_a_picture_that_cannot_be_read_is_said_of_every_label(boutique, dress, networks):
    networks.sees[dress.pk] = "no_region"
    audit(boutique)
    assert set(states(dress).values()) == {"unreadable"}
    assert set(Prediction.objects.values_list("problem", flat=True)) == {"no_region"}


# --- what changes, and what stays -----------------------------------------------------------------------------------


def test_a_second_audit_looks_at_nothing(boutique, dress, networks):
    audit(boutique)
    networks.looked.clear()
    assert audit(boutique).unchanged == 1
    assert networks.looked == []


def test_one_label_that_changed_lets_the_product_be_looked_at_and_leaves_the_other_flags(boutique, dress, networks):
    networks.sees[dress.pk] = sure_of("red")
    audit(boutique)
    flag = Flag.objects.get()
    networks.looked.clear()
    relabel(dress, "pattern", "Striped", "stripe")
    audit(boutique)
    assert networks.looked == [dress.pk]
    flag.refresh_from_db()
    assert flag.state == Flag.State.OPEN
    assert Prediction.objects.filter(attribute__code="colour").count() == 1
    assert Prediction.objects.filter(attribute__code="pattern").count() == 2


def test_a_label_that_is_gone_takes_its_flag_along(boutique, dress, networks):
    networks.sees_else[dress.pk] = {"pattern": {"solid": 0.001, "stripe": 0.999}}
    audit(boutique)
    relabel(dress, "pattern", "", None)
    audit(boutique)
    assert "pattern" not in states(dress)
    assert Flag.objects.get().state == Flag.State.CLOSED
    assert audit(boutique).unchanged == 1


def test_a_verdict_about_one_label_does_not_close_the_flag_of_another(boutique, dress, networks):
    networks.sees[dress.pk] = sure_of("red")
    networks.sees_else[dress.pk] = {"pattern": {"solid": 0.001, "stripe": 0.999}}
    audit(boutique)
    Flag.objects.filter(attribute__code="colour").update(state=Flag.State.ACCEPTED)
    factories.decide(dress.labels.get(attribute__code="colour"), factories.make_manager())
    audit(boutique)
    assert dict(Flag.objects.values_list("attribute__code", "state")) == {"colour": "accepted", "pattern": "open"}


# --- the exported rows ------------------------------------------------------------------------------------------------


def rows(shop) -> dict[str, tuple[str, bool]]:
    return {row.attribute: (row.state, row.audited) for row in exporting.audit_rows(shop)}


def test_before_its_first_audit_a_product_says_so_of_every_label_that_will_be_judged(boutique, dress, networks):
    relabel(dress, "garment_type", "Trousers", "trousers")
    running.start_audit(boutique, detach=False)
    assert rows(boutique) == {
        "colour": ("ok", False),
        "garment_type": ("ok", False),
        "length": ("ok", True),  # trousers have none that could be judged
        "pattern": ("ok", False),
    }


def test_flags_of_every_attribute_are_states_of_rows(boutique, dress, networks):
    networks.sees_else[dress.pk] = {"pattern": {"solid": 0.001, "stripe": 0.999}}
    audit(boutique)
    assert {attribute: state for attribute, (state, _audited) in rows(boutique).items()} == {
        "colour": "ok",
        "garment_type": "ok",
        "length": "ok",
        "pattern": "flagged",
    }
