"""An audit says how many products it looks at, and why: beforehand, with the run, and on the command line."""

from __future__ import annotations

from collections import Counter

import pytest
from django.core.management import call_command

from catalog_audit.audits import planning, reasons
from catalog_audit.audits.models import AuditRun, Prediction
from catalog_audit.catalog.models import Label, Picture
from tests import factories, models_on_disk
from tests.audits.conftest import audit, make_dress


@pytest.fixture
def dresses(boutique, networks):
    dresses = [make_dress(boutique, external_id) for external_id in "ABCD"]
    audit(boutique)
    networks.looked.clear()
    return dresses


def new_picture(dress):
    Picture.objects.filter(product=dress).update(sha256="e" * 64)


def new_word(dress):
    Label.objects.filter(product=dress, attribute__code="colour").update(raw="Red", value=factories.value("red"))


def lost_garment(dress):
    Label.objects.filter(product=dress, attribute__code="garment_type").update(raw="")


def other_garment(dress):
    skirt = factories.value("skirt", "garment_type", garment_group="bottom")
    Label.objects.filter(product=dress, attribute__code="garment_type").update(raw="Skirt", value=skirt)


def decision(dress):
    factories.decide(dress.labels.get(attribute__code="colour"), factories.make_manager(), "red")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (new_picture, reasons.PICTURES),
        (new_word, reasons.LABEL),
        (lost_garment, reasons.GARMENT),
        (other_garment, reasons.GARMENT),
        (decision, reasons.DECIDED),
    ],
)
def test_each_change_is_named(boutique, dresses, change, reason):
    change(dresses[0])
    planned = planning.plan(boutique)
    assert planned.changed == [dresses[0].pk]
    assert planned.unchanged == 3
    assert planned.reasons == {reason: 1}


def test_labels_of_another_attribute_are_named(boutique, networks, settings):
    judged = models_on_disk.judged("colour", "pattern")
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, attributes=judged)
    dress = make_dress(boutique)
    audit(boutique)
    factories.make_label(dress, "Stripes", "stripe", "pattern")
    assert planning.plan(boutique).reasons == {reasons.LABEL: 1}
    audit(boutique)
    Label.objects.filter(attribute__code="pattern").update(raw="")
    assert planning.plan(boutique).reasons == {reasons.LABEL: 1}


def test_another_model_is_named(boutique, dresses, settings):
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, "", weights="second")
    assert planning.plan(boutique).reasons == {reasons.MODEL: 4}


def test_a_product_is_counted_once_by_the_first_reason(boutique, dresses, settings):
    new_picture(dresses[0])
    new_word(dresses[0])
    new_word(dresses[1])
    make_dress(boutique, "E")
    assert planning.plan(boutique).reasons == {reasons.NEW: 1, reasons.PICTURES: 1, reasons.LABEL: 1}


def test_predictions_of_an_earlier_version_of_the_program_are_kept_and_say_that_they_do_not_know(boutique, dresses):
    Prediction.objects.update(parts="")
    assert planning.plan(boutique).changed == []
    new_picture(dresses[0])
    assert planning.plan(boutique).reasons == {reasons.UNKNOWN: 1}


def test_reasons_stay_with_the_run(boutique, dresses):
    assert AuditRun.objects.get().reasons == {reasons.NEW: 4}
    new_picture(dresses[0])
    run = audit(boutique)
    assert (run.reasons, run.unchanged) == ({reasons.PICTURES: 1}, 3)


def test_a_plan_writes_nothing_and_opens_no_picture(boutique, dresses, networks):
    new_picture(dresses[0])
    planning.plan(boutique)
    assert networks.looked == []
    assert AuditRun.objects.count() == 1


def test_a_plan_that_takes_too_long_says_how_many_products_are_left(boutique, dresses):
    planned = planning.plan(boutique, seconds=0.0)
    assert (len(planned.changed) + planned.unchanged, planned.left) == (1, 3)


def test_the_command_prints_the_plan_and_does_nothing(boutique, dresses, networks, capsys):
    new_picture(dresses[0])
    new_word(dresses[1])
    call_command("audit", "--shop", "boutique", "--dry-run")
    assert capsys.readouterr().out.splitlines() == [
        "1 products: new pictures",
        "1 products: new labels",
        "2 products to look at, 2 unchanged",
    ]
    assert networks.looked == []
    assert AuditRun.objects.count() == 1


def test_the_command_says_why_while_it_works(boutique, dresses, capsys):
    new_picture(dresses[0])
    call_command("audit", "--shop", "boutique")
    assert "1 products: new pictures" in capsys.readouterr().out.splitlines()


def test_every_part_has_its_digest():
    parts = [(name,) for name in reasons.PARTS]
    whole = reasons.digests(parts)
    assert len(whole) <= Prediction._meta.get_field("parts").max_length
    for place, name in enumerate(reasons.PARTS):
        other = [*parts[:place], ("else",), *parts[place + 1 :]]
        assert reasons.changed(whole, reasons.digests(other)) == [name]
    assert Counter(reasons.RANKED) == Counter([reasons.NEW, *reasons.PARTS, reasons.UNKNOWN])
