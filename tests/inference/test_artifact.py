"""Model files are whole and what they say they are, or refused with a reason."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch

from inference.artifact import (
    ArtifactCorrupt,
    ArtifactIncompatible,
    ArtifactMissing,
    card_path,
    load_artifact,
    load_weights,
    read_card,
    save_artifact,
)

TENSORS = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.tensor([0.5, -1.0]), "steps": torch.tensor(7)}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "tiny.safetensors"
    save_artifact(path, "tiny", TENSORS, {"title": "a test", "figures": {"accuracy": 0.5}})
    return path


def test_what_is_saved_comes_back_as_float32(weights: Path) -> None:
    artifact = load_artifact(weights, "tiny")
    assert torch.equal(artifact.tensors["weight"], TENSORS["weight"])
    assert artifact.tensors["weight"].dtype == torch.float32
    assert artifact.tensors["steps"] == 7
    assert artifact.card["figures"] == {"accuracy": 0.5}


def test_the_version_follows_the_weights_and_not_the_card(tmp_path: Path, weights: Path) -> None:
    first = load_artifact(weights).version
    again = save_artifact(tmp_path / "a.safetensors", "tiny", TENSORS, {"title": "another"})
    other = save_artifact(tmp_path / "b.safetensors", "tiny", {**TENSORS, "bias": torch.ones(2)}, {})
    assert len(first) == 12
    assert again == first != other
    assert read_card(weights)["sha256"].startswith(first)


def test_saving_leaves_no_unfinished_files(weights: Path) -> None:
    assert sorted(path.name for path in weights.parent.iterdir()) == ["tiny.json", "tiny.safetensors"]


def test_a_full_disk_leaves_the_older_pair(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_artifact(weights).version

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_artifact(weights, "tiny", {"weight": torch.zeros(1)}, {})
    monkeypatch.undo()
    assert load_artifact(weights).version == before
    assert len(list(weights.parent.iterdir())) == 2


def test_it_refuses_another_ending(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="safetensors"):
        save_artifact(tmp_path / "model.pt", "tiny", TENSORS, {})


def test_missing_files_are_named(tmp_path: Path, weights: Path) -> None:
    with pytest.raises(ArtifactMissing, match=r"none\.json"):
        load_artifact(tmp_path / "none.safetensors")
    weights.unlink()
    with pytest.raises(ArtifactMissing, match=r"tiny\.safetensors"):
        load_artifact(weights)


def test_half_written_weights_are_noticed(weights: Path) -> None:
    weights.write_bytes(weights.read_bytes()[:-4])
    with pytest.raises(ArtifactCorrupt, match="checksum"):
        load_artifact(weights)


def test_weights_of_another_card_are_noticed(tmp_path: Path, weights: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_artifact(other, "tiny", {"weight": torch.zeros(1)}, {})
    os.replace(other, weights)
    with pytest.raises(ArtifactCorrupt, match="checksum"):
        load_artifact(weights)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1, "sha256": 3}', "\x00\x01"])
def test_a_damaged_card_is_noticed(weights: Path, text: str) -> None:
    card_path(weights).write_text(text)
    with pytest.raises(ArtifactCorrupt):
        load_artifact(weights)


def test_a_file_that_is_no_safetensors_is_noticed(weights: Path) -> None:
    import hashlib

    weights.write_bytes(b"not tensors")
    card = read_card(weights)
    card["sha256"] = hashlib.sha256(b"not tensors").hexdigest()
    card_path(weights).write_text(json.dumps(card))
    with pytest.raises(ArtifactCorrupt, match="not a safetensors file"):
        load_artifact(weights)


def test_another_kind_is_refused(weights: Path) -> None:
    with pytest.raises(ArtifactIncompatible, match="describes a tiny, wanted is a segmenter"):
        load_artifact(weights, "segmenter")


def test_another_format_is_refused(weights: Path) -> None:
    card_path(weights).write_text(json.dumps({**read_card(weights), "format": 99}))
    with pytest.raises(ArtifactIncompatible, match="format 99"):
        load_artifact(weights)


def test_weights_of_another_shape_are_refused(weights: Path) -> None:
    with pytest.raises(ArtifactIncompatible, match="does not fit"):
        load_weights(torch.nn.Linear(4, 2), load_artifact(weights))
