"""The networks that an audit uses are those that its predictions name."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from catalog_audit.audits import engine
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.service import ModelsMissing

SEGMENTER = ModelVersion(kind="segmentation", version="aaa", path="shipped:segmentation.safetensors")
ALL = ModelVersion(kind="classification", version="bbb", path="shipped:attributes.safetensors")
TOP = ModelVersion(kind="classification", garment_group="top", version="ccc", path="shipped:attributes_top.safetensors")


def load(monkeypatch, **versions: str) -> SimpleNamespace:
    """Let the files hold these versions."""
    pipeline = SimpleNamespace(versions={"segmenter": "aaa", "classifier/": "bbb", "classifier/top": "ccc"} | versions)
    monkeypatch.setattr(engine, "_loaded", lambda *key: pipeline)
    return pipeline


def test_the_files_of_the_models_are_loaded(monkeypatch):
    pipeline = load(monkeypatch)
    assert engine.pipeline_of([SEGMENTER, ALL, TOP]) is pipeline


def test_the_classifiers_are_named_by_their_garment_group():
    classifiers = engine.bundle_of([SEGMENTER, ALL, TOP]).classifiers
    assert {group: path.name for group, path in classifiers.items()} == {
        "": "attributes.safetensors",
        "top": "attributes_top.safetensors",
    }


def test_a_file_that_an_upgrade_replaced_is_not_used_under_the_old_name(monkeypatch):
    load(monkeypatch, **{"classifier/": "ddd"})
    with pytest.raises(ModelsMissing, match="version bbb of the model classifier/ is no longer there"):
        engine.pipeline_of([SEGMENTER, ALL])


def test_there_is_no_audit_without_a_segmentation_network(monkeypatch):
    load(monkeypatch)
    with pytest.raises(ModelsMissing, match="no segmentation network"):
        engine.pipeline_of([TOP])


def test_two_sets_of_models_are_in_memory_so_that_a_candidate_can_be_asked_by_turns(monkeypatch):
    loaded = []

    def load(bundle, device):
        loaded.append(bundle.classifiers[""].name)
        version = "bbb" if bundle.classifiers[""].name == "attributes.safetensors" else "eee"
        return SimpleNamespace(versions={"segmenter": "aaa", "classifier/": version})

    monkeypatch.setattr("inference.pipeline.Pipeline.load", load)
    engine._loaded.cache_clear()
    candidate = ModelVersion(kind="classification", version="eee", path="shipped:candidate.safetensors")
    for _ in range(3):
        engine.pipeline_of([SEGMENTER, ALL])
        engine.pipeline_of([SEGMENTER, candidate])
    engine._loaded.cache_clear()
    assert loaded == ["attributes.safetensors", "candidate.safetensors"]
