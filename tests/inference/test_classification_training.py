"""Training of the attribute classifiers, with tiny networks and drawn squares."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from inference.fit.classification_evaluate import evaluate_classifier
from PIL import Image

from inference.classify import Classifier
from inference.fit.checkpoint import load_checkpoint
from inference.fit.classification import Schedule, accuracy_of, fit, smoothed_loss
from inference.fit.classification_run import Recipe, blend, run
from inference.fit.data_shop import CALIBRATION, TEST, TRAIN, Crops, Item, load_crops
from inference.network import AttributeNetwork
from inference.suspicion import Policy

VALUES = ("red", "green", "blue")
SHADES = ((190, 20, 30), (20, 150, 40), (20, 40, 180))
SCHEDULE = Schedule(sides=(32, 32, 32), rate=2e-3, batch=8, ema=0.6)


def tiny() -> AttributeNetwork:
    torch.manual_seed(6)
    return AttributeNetwork(len(VALUES), trunk="test_efficientnet", embedding=16)


def squares(folder: Path, count: int, group: str = "top") -> list[Item]:
    """Flat garments of three colours on a light ground, one design each."""
    random = np.random.default_rng(count)
    items = []
    for number in range(count):
        value = number % len(VALUES)
        pixels = np.full((60, 40, 3), 245, np.uint8)
        mask = np.zeros((60, 40), np.uint8)
        mask[10:50, 8:32] = 255
        pixels[mask > 0] = np.clip(np.array(SHADES[value]) + random.integers(-15, 15, 3), 0, 255)
        name = folder / f"{group}-{number}.png"
        Image.fromarray(pixels).save(name)
        Image.fromarray(mask).save(name.with_suffix(".mask.png"))
        items.append(Item(name, name.with_suffix(".mask.png"), False, group, VALUES[value], f"{group}{number}"))
    return items


@pytest.fixture
def crops(tmp_path: Path) -> Crops:
    return load_crops(squares(tmp_path, 32), VALUES, 40)


def quiet(_: dict[str, Any]) -> None:
    return None


def test_it_learns_colours(crops: Crops, tmp_path: Path) -> None:
    schedule = Schedule(sides=(32,) * 8, rate=2e-3, batch=8, ema=0.6)
    network = fit(tiny(), crops, None, schedule, tmp_path / "c.pt", quiet)
    assert accuracy_of(network, crops, 32) > 0.9


def test_progress_tells_epoch_loss_and_watched_accuracy(crops: Crops, tmp_path: Path) -> None:
    reports: list[dict[str, Any]] = []
    fit(tiny(), crops, crops, SCHEDULE, tmp_path / "c.pt", reports.append)
    assert [entry["epoch"] for entry in reports if "accuracy" in entry] == [1, 2, 3]
    assert all(entry["loss"] > 0 for entry in reports if "loss" in entry)


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(crops: Crops, tmp_path: Path) -> None:
    whole = fit(tiny(), crops, None, SCHEDULE, tmp_path / "whole.pt", quiet)

    def stop_in_the_second_epoch(entry: dict[str, Any]) -> None:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), crops, None, SCHEDULE, tmp_path / "parts.pt", stop_in_the_second_epoch)
    resumed = fit(tiny(), crops, None, SCHEDULE, tmp_path / "parts.pt", quiet, resume=True)
    for name, tensor in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], tensor, rtol=1e-3, atol=1e-4, msg=name)


def test_the_loss_of_single_labels_is_smoothed_cross_entropy() -> None:
    torch.manual_seed(1)
    logits, labels = torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    targets = torch.nn.functional.one_hot(labels, 4).bool()
    expected = torch.nn.functional.cross_entropy(logits, labels, label_smoothing=0.1)
    torch.testing.assert_close(smoothed_loss(logits, targets, 0.1), expected)


def test_the_loss_does_not_care_which_of_the_possible_values_is_predicted() -> None:
    targets = torch.tensor([[True, True, False]])
    one, other, wrong = (
        float(smoothed_loss(torch.tensor([row]), targets, 0.0))
        for row in ([9.0, 0.0, 0.0], [0.0, 9.0, 0.0], [0.0, 0.0, 9.0])
    )
    assert one == pytest.approx(other)
    assert wrong > one + 5


def test_too_few_pictures_for_a_batch_still_train(crops: Crops, tmp_path: Path) -> None:
    before = tiny()
    after = fit(tiny(), crops.only(range(5)), None, SCHEDULE, tmp_path / "c.pt", quiet)
    assert not torch.equal(before.head.weight, after.head.weight)


def test_a_blend_lies_between_its_ends() -> None:
    one, other = tiny(), tiny()
    with torch.no_grad():
        other.head.bias += 1.0
    middle = blend(one, other, 0.5).head.bias
    torch.testing.assert_close(middle, one.head.bias + 0.5, atol=1e-3, rtol=1e-3)


def test_the_recipe_writes_a_measured_specialist_per_group(tmp_path: Path) -> None:
    items = squares(tmp_path, 90) + squares(tmp_path, 90, "bottom")
    assert {item.part for item in items} == {TRAIN, CALIBRATION, TEST}
    recipe = Recipe(
        values=VALUES,
        architecture={"trunk": "test_efficientnet", "embedding": 16},
        universal=Schedule(sides=(32, 32), rate=2e-3, batch=16, ema=0.5),
        specialist=Schedule(sides=(32,), rate=1e-4, batch=16, ema=0.5),
        data="drawn squares",
    )
    reports: list[dict[str, Any]] = []
    figures = run(items, tmp_path / "work", tmp_path / "out", recipe, reports.append)
    assert figures["items"] == sum(item.part == TEST for item in items)
    assert set(figures["accuracy_per_group"]) == {"top", "bottom"}
    assert json.loads(json.dumps(figures)) == figures
    loaded = {group: Classifier.load(tmp_path / "out" / f"colour_{group}.safetensors") for group in ("top", "bottom")}
    assert loaded["top"].card["figures"]["accuracy"] == pytest.approx(figures["accuracy"])
    assert Policy.from_json(loaded["top"].card["policy"]).frequencies.keys() == set(VALUES)
    held_out = [item for item in items if item.part == TEST]
    again = evaluate_classifier(loaded, held_out)
    assert again["accuracy"] == pytest.approx(figures["accuracy"])
    assert again["regions_found"] == 1
    assert again["flags"].keys() == {"0.05", "0.50"}
    assert np.array(again["confusion"]).sum() == len(held_out)

    more = replace(recipe, universal=Schedule(sides=(32,), rate=1e-5, batch=16), start=tmp_path / "work/universal.pt")
    run(items, tmp_path / "more", tmp_path / "out", more, quiet)
    first, second = (load_checkpoint(tmp_path / name / "universal.pt") for name in ("work", "more"))
    assert first is not None
    assert second is not None
    torch.testing.assert_close(first["network"]["head.weight"], second["network"]["head.weight"], atol=0.01, rtol=0.01)

    reports.clear()
    run(items, tmp_path / "work", tmp_path / "out", recipe, reports.append)
    assert not any("loss" in entry and "epoch" in entry for entry in reports), "finished stages are not trained again"


def test_it_rejects_a_start_that_does_not_exist(tmp_path: Path) -> None:
    recipe = Recipe(
        values=VALUES, architecture={"trunk": "test_efficientnet", "embedding": 16}, start=tmp_path / "none.pt"
    )
    with pytest.raises(FileNotFoundError, match=r"none\.pt"):
        run(squares(tmp_path, 3), tmp_path / "work", tmp_path / "out", recipe, quiet)


def test_nothing_to_measure_is_an_error(tmp_path: Path) -> None:
    card = {"attribute": "colour", "garment_group": "top", "values": VALUES, "side": 32, "temperature": 1.0}
    with pytest.raises(ValueError, match="no items"):
        evaluate_classifier({"top": Classifier(tiny(), card, device="cpu")}, squares(tmp_path, 3, "bottom"))
