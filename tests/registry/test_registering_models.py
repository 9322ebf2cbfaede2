"""Shipped models are in use from the first audit on; trained ones take their place; upgrades replace the old."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from catalog_audit.registry import service
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing, active_models, file_of, promote, register_shipped
from tests import models_on_disk

pytestmark = pytest.mark.django_db
State = ModelVersion.State


@pytest.fixture
def shipped(settings, tmp_path):
    settings.SHIPPED_MODELS_DIR = tmp_path / "weights"
    settings.DATA_DIR = tmp_path / "data"
    models_on_disk.write_all(settings.SHIPPED_MODELS_DIR)
    models_on_disk.write_classifier(settings.SHIPPED_MODELS_DIR, "top")
    return settings.SHIPPED_MODELS_DIR


def versions(state: str, **of) -> list[str]:
    return list(ModelVersion.objects.filter(state=state, **of).values_list("version", flat=True))


def trained(group: str = "top", version: str = "0123456789ab") -> ModelVersion:
    return ModelVersion.objects.create(
        kind=ModelVersion.Kind.CLASSIFICATION,
        garment_group=group,
        version=version,
        path=f"models/{version}.safetensors",
    )


def test_shipped_models_are_put_into_use(shipped):
    new = register_shipped()
    assert sorted((model.kind, model.garment_group) for model in new) == [
        ("classification", ""),
        ("classification", "top"),
        ("segmentation", ""),
    ]
    assert len(versions(State.ACTIVE)) == 3


def test_registering_twice_changes_nothing(shipped):
    register_shipped()
    before = list(ModelVersion.objects.order_by("pk").values())
    assert register_shipped() == []
    assert list(ModelVersion.objects.order_by("pk").values()) == before


def test_an_upgrade_replaces_the_shipped_model_and_keeps_the_old_one_on_record(shipped):
    register_shipped()
    (old,) = versions(State.ACTIVE, garment_group="top")
    newer = models_on_disk.write_classifier(shipped, "top", weights="second")
    (model,) = register_shipped()
    assert model.version == newer
    assert versions(State.ACTIVE, garment_group="top") == [newer]
    assert versions(State.RETIRED) == [old]


def test_an_upgrade_leaves_a_trained_model_in_use(shipped):
    register_shipped()
    own = trained()
    promote(own)
    models_on_disk.write_classifier(shipped, "top", weights="second")
    register_shipped()
    assert versions(State.ACTIVE, garment_group="top") == [own.version]


def test_new_thresholds_for_the_same_weights_are_taken_over(shipped):
    register_shipped()
    attributes = models_on_disk.judged("colour")
    attributes["colour"]["policy"] = models_on_disk.POLICY | {"flag_threshold": 0.9}
    models_on_disk.write_classifier(shipped, "top", attributes=attributes)
    assert register_shipped() == []
    card = ModelVersion.objects.get(garment_group="top").card
    assert card["attributes"]["colour"]["policy"]["flag_threshold"] == 0.9


def test_a_card_without_its_weights_is_passed_over(shipped):
    (shipped / "attributes_top.safetensors").unlink()
    assert "top" not in {model.garment_group for model in register_shipped()}


def test_a_json_file_that_is_no_card_is_passed_over(shipped):
    (shipped / "figures.json").write_text('{"kind": "table"}')
    (shipped / "figures.safetensors").write_text("")
    assert len(register_shipped()) == 3


def test_the_card_of_a_classifier_of_one_attribute_is_passed_over(shipped):
    models_on_disk.write_model(shipped, "colour_bottom", kind="classifier", attribute="colour", garment_group="bottom")
    assert "bottom" not in {model.garment_group for model in register_shipped()}


def test_a_shipped_model_that_is_withdrawn_is_not_in_use_any_more(shipped):
    register_shipped()
    (gone,) = versions(State.ACTIVE, garment_group="top")
    (shipped / "attributes_top.json").unlink()
    register_shipped()
    assert versions(State.RETIRED) == [gone]
    models_on_disk.write_classifier(shipped, "top")
    register_shipped()
    assert versions(State.ACTIVE, garment_group="top") == [gone]


def test_promoting_a_model_retires_the_one_of_the_same_role_only(shipped):
    register_shipped()
    (old,) = versions(State.ACTIVE, garment_group="top")
    own = trained()
    promote(own)
    assert own.state == State.ACTIVE
    assert versions(State.RETIRED) == [old]
    assert len(versions(State.ACTIVE)) == 3


def test_promoting_the_model_that_is_in_use_changes_nothing(shipped):
    register_shipped()
    model = ModelVersion.objects.get(garment_group="top")
    promote(model)
    assert model.state == State.ACTIVE
    assert versions(State.RETIRED) == []


def test_the_database_refuses_two_active_models_of_one_role(shipped):
    register_shipped()
    with pytest.raises(IntegrityError), transaction.atomic():
        ModelVersion.objects.filter(pk=trained().pk).update(state=State.ACTIVE)


def test_active_models_are_registered_on_the_way(shipped):
    assert len(active_models()) == 3


@pytest.mark.parametrize("kept", ["segmentation", "attributes_top"])
def test_an_audit_needs_a_segmentation_network_and_a_classifier(shipped, kept):
    for path in shipped.iterdir():
        if path.stem != kept:
            path.unlink()
    with pytest.raises(ModelsMissing, match="there is no active"):
        active_models()


def test_files_lie_with_the_program_or_below_the_data_folder(shipped, settings):
    register_shipped()
    assert file_of(ModelVersion.objects.get(garment_group="top")) == shipped / "attributes_top.safetensors"
    own = trained()
    assert file_of(own) == settings.DATA_DIR / "models" / f"{own.version}.safetensors"


def test_two_processes_may_register_at_once(shipped, monkeypatch):
    """The other process was first with one model: that one is left to it, the rest is registered."""
    cards = service._cards

    def overtaken(folder):
        for path, card in cards(folder):
            if path.stem == "attributes":
                role = {"kind": "classification", "garment_group": ""}
                ModelVersion.objects.create(**role, version=card["sha256"][:12], state=State.ACTIVE)
            yield path, card

    monkeypatch.setattr(service, "_cards", overtaken)
    assert len(register_shipped()) == 2
    assert len(versions(State.ACTIVE)) == 3
