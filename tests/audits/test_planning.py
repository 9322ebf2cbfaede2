"""A product is looked at again only when something that its prediction depends on has changed."""

from __future__ import annotations

import pytest

from catalog_audit.audits import running
from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.models import Label, Picture
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning
from catalog_audit.registry.service import ModelsMissing, promote, register
from tests import factories, models_on_disk
from tests.audits.conftest import audit, make_dress


@pytest.fixture
def dresses(boutique):
    return [make_dress(boutique, external_id) for external_id in "ABC"]


@pytest.fixture
def audited(boutique, dresses, networks):
    """All three were looked at; the record of it is empty again."""
    audit(boutique)
    networks.looked.clear()
    return dresses


def test_the_first_audit_looks_at_every_product(boutique, dresses, networks):
    run = audit(boutique)
    assert networks.looked == [dress.pk for dress in dresses]
    assert (run.job.state, run.job.done, run.job.total, run.unchanged) == (Job.State.DONE, 3, 3, 0)


def test_the_second_audit_looks_at_nothing(boutique, audited, networks):
    run = audit(boutique)
    assert networks.looked == []
    assert (run.job.state, run.job.total, run.unchanged) == (Job.State.DONE, 0, 3)
    assert Prediction.objects.count() == 3


def test_only_the_new_product_is_looked_at(boutique, audited, networks):
    new = make_dress(boutique, "D")
    assert audit(boutique).unchanged == 3
    assert networks.looked == [new.pk]


def test_other_shops_are_left_alone(boutique, dresses, networks):
    foreign = make_dress(factories.make_shop("market"))
    audit(boutique)
    assert foreign.pk not in networks.looked


def change_word(dress):
    Label.objects.filter(product=dress, attribute__code="colour").update(raw="Red", value=factories.value("red"))


def change_picture(dress):
    Picture.objects.filter(product=dress).update(sha256="e" * 64)


def change_garment(dress):
    skirt = factories.value("skirt", "garment_type", garment_group="bottom")
    Label.objects.filter(product=dress, attribute__code="garment_type").update(raw="Skirt", value=skirt)


def fix_label(dress):
    factories.decide(dress.labels.get(attribute__code="colour"), factories.make_manager(), "red")


@pytest.mark.parametrize("change", [change_word, change_picture, change_garment, fix_label])
def test_a_product_that_changed_is_looked_at_again(boutique, audited, networks, change):
    change(audited[1])
    assert audit(boutique).unchanged == 2
    assert networks.looked == [audited[1].pk]


def test_a_label_that_was_fixed_otherwise_is_looked_at_again(boutique, audited, networks):
    label = audited[0].labels.get(attribute__code="colour")
    manager = factories.make_manager()
    factories.decide(label, manager, "red")
    audit(boutique)
    networks.looked.clear()
    factories.decide(label, manager, "black")
    audit(boutique)
    assert networks.looked == [audited[0].pk]


def test_a_title_does_not_matter(boutique, audited, networks):
    audited[0].title = "Another"
    audited[0].save()
    audit(boutique)
    assert networks.looked == []


@pytest.mark.parametrize(
    ("group", "again"),
    [("", True), ("full_body", True), ("top", False)],
    ids=["the classifier of all", "a specialist for it", "a specialist for others"],
)
def test_a_new_classifier_looks_at_the_garments_that_it_judges(boutique, audited, networks, settings, group, again):
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, group, weights="second")
    audit(boutique)
    assert networks.looked == ([dress.pk for dress in audited] if again else [])


def test_a_new_segmentation_network_looks_at_everything(boutique, audited, networks, settings):
    version = models_on_disk.write_segmenter(settings.SHIPPED_MODELS_DIR, weights="second")
    run = audit(boutique)
    assert networks.looked == [dress.pk for dress in audited]
    assert run.model_versions["segmenter"] == version


def test_predictions_name_the_models_that_made_them(boutique, audited):
    prediction = Prediction.objects.first()
    assert prediction.segmenter.kind == "segmentation"
    assert (prediction.classifier.kind, prediction.classifier.garment_group) == ("classification", "")


def test_a_specialist_takes_the_place_of_the_classifier_of_all(boutique, dresses, settings):
    version = models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, "full_body")
    audit(boutique)
    assert set(Prediction.objects.values_list("classifier__version", flat=True)) == {version}


def test_an_older_prediction_stays_on_record_but_is_not_current(boutique, audited):
    change_word(audited[0])
    audit(boutique)
    predictions = Prediction.objects.filter(product=audited[0]).order_by("pk")
    assert [prediction.current for prediction in predictions] == [False, True]


def test_one_audit_of_a_shop_at_a_time(boutique, dresses):
    run = running.start_audit(boutique, detach=False)
    with pytest.raises(AlreadyRunning) as refusal:
        running.start_audit(boutique)
    assert refusal.value.job == run.job


def test_without_models_nothing_starts(boutique, dresses, settings, tmp_path):
    settings.SHIPPED_MODELS_DIR = tmp_path / "nothing"
    with pytest.raises(ModelsMissing):
        running.start_audit(boutique)
    assert not Job.objects.exists()


def test_an_audit_of_an_empty_shop_is_done_at_once(boutique):
    run = running.start_audit(boutique)
    run.job.refresh_from_db()
    assert (run.job.state, run.job.total) == (Job.State.DONE, 0)


def test_a_model_that_is_promoted_in_mid_audit_counts_from_the_next_chunk_on(boutique, dresses, settings):
    settings.CHUNK_SIZE = 1
    run = running.start_audit(boutique, detach=False)
    old = run.model_versions["classifier/"]
    assert running.do_one_chunk(run)
    models_on_disk.write_classifier(settings.MODELS_DIR, weights="second")
    own = register(settings.MODELS_DIR / "attributes.safetensors")
    promote(own)
    with pytest.raises(AlreadyRunning):
        running.start_audit(boutique)
    running.work_off(run)
    by_product = dict(Prediction.objects.values_list("product__external_id", "classifier__version"))
    assert by_product == {"A": old, "B": own.version, "C": own.version}
    run.refresh_from_db()
    assert run.model_versions["classifier/"] == own.version


def test_the_next_audit_looks_again_at_what_the_model_before_had_looked_at(boutique, dresses, networks, settings):
    settings.CHUNK_SIZE = 1
    run = running.start_audit(boutique, detach=False)
    running.do_one_chunk(run)
    models_on_disk.write_classifier(settings.MODELS_DIR, weights="second")
    promote(register(settings.MODELS_DIR / "attributes.safetensors"))
    running.work_off(run)
    networks.looked.clear()
    audit(boutique)
    assert networks.looked == [dresses[0].pk]


def test_an_upgrade_in_mid_audit_registers_its_models_and_goes_on(boutique, dresses, networks, settings, monkeypatch):
    run = running.start_audit(boutique, detach=False)
    newer = models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, weights="second")

    def pipeline_of(models):
        if newer not in {model.version for model in models}:
            raise ModelsMissing("the file holds another version by now")
        return networks

    monkeypatch.setattr("catalog_audit.audits.engine.pipeline_of", pipeline_of)
    assert running.work_off(run).state == Job.State.DONE
    assert set(Prediction.objects.values_list("classifier__version", flat=True)) == {newer}
