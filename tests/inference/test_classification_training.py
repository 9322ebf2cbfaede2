"""Training of the attribute networks, with tiny networks and drawn squares."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.artifact import load_artifact, save_artifact
from inference.fit.checkpoint import CheckpointMismatch, load_checkpoint, save_checkpoint
from inference.fit.classification import Schedule, accuracies_of, fit, logits_of
from inference.fit.classification_run import (
    Recipe,
    load_data,
    out_of_fold_logits,
    rounded,
    train_member,
    without_copies,
)
from inference.fit.data_shop import CALIBRATION, FOLDS, TRAIN, Crops, Item, load_crops
from inference.fit.losses import Lesson, joint_loss, smoothed_loss
from inference.network import AttributeNetwork

VALUES = {"colour": ("red", "green", "blue"), "length": ("mini", "maxi")}
SHADES = ((190, 20, 30), (20, 150, 40), (20, 40, 180))
ARCHITECTURE = {"trunk": "test_efficientnet", "embedding": 16}
SCHEDULE = Schedule(sides=(32, 32, 32), rate=2e-3, batch=8, ema=0.6, weights={}, frozen=0)
FINISH = replace(SCHEDULE, sides=(32,), seed=17)


def tiny(seed: int = 6) -> AttributeNetwork:
    torch.manual_seed(seed)
    return AttributeNetwork({attribute: len(values) for attribute, values in VALUES.items()}, **ARCHITECTURE)


def squares(folder: Path, count: int) -> list[Item]:
    """Flat dresses of three colours and two lengths on a light ground, one design each; every fourth tells no length.

    The long ones have a black hem. Each dress has a shade of its own, so that no two pictures are alike.
    """
    items = []
    for number in range(count):
        colour, length = number % 3, number // 3 % 2
        pixels = np.full((60, 40, 3), 245, np.uint8)
        mask = np.zeros((60, 40), np.uint8)
        mask[6 : (24, 54)[length], 8:32] = 4
        pixels[mask > 0] = np.add(SHADES[colour], (number % 16, number // 16, 0))
        if length:
            pixels[36:54, 8:32] = 10
        name = folder / f"{number}.png"
        Image.fromarray(pixels).save(name)
        Image.fromarray(mask).save(name.with_suffix(".mask.png"))
        values = {"colour": VALUES["colour"][colour], "length": VALUES["length"][length]}
        if number % 4 == 3:
            del values["length"]
        items.append(Item(name, name.with_suffix(".mask.png"), "full_body", values, f"d{number}"))
    return items


@pytest.fixture
def crops(tmp_path: Path) -> Crops:
    return load_crops(squares(tmp_path, 32), VALUES, 40)


def quiet(_: dict[str, Any]) -> None:
    return None


def assert_same_weights(one: AttributeNetwork, other: AttributeNetwork) -> None:
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, rtol=1e-3, atol=1e-4, msg=name)


def test_it_learns_all_attributes_at_once(crops: Crops, tmp_path: Path) -> None:
    schedule = replace(SCHEDULE, sides=(32,) * 12)
    accuracies = accuracies_of(fit(tiny(), crops, None, schedule, tmp_path / "c.pt", quiet), crops, 32)
    assert accuracies.keys() == VALUES.keys()
    assert min(accuracies.values()) > 0.9


def test_frozen_stages_stay_as_they_were_with_their_statistics(crops: Crops, tmp_path: Path) -> None:
    after = fit(tiny(), crops, None, replace(SCHEDULE, sides=(32,), frozen=1), tmp_path / "c.pt", quiet)
    before = tiny().state_dict()
    same = {name for name, tensor in after.state_dict().items() if torch.equal(tensor, before[name])}
    frozen = {name for name in before if name.startswith(("trunk.conv_stem.", "trunk.bn1.", "trunk.blocks.0."))}
    assert frozen
    assert frozen <= same
    assert not any(name.startswith("trunk.blocks.2.") and name.endswith(".weight") for name in same)


def test_progress_tells_epoch_loss_and_the_watched_accuracy_of_each_attribute(crops: Crops, tmp_path: Path) -> None:
    reports: list[dict[str, Any]] = []
    fit(tiny(), crops, crops, SCHEDULE, tmp_path / "c.pt", reports.append)
    watched = [entry for entry in reports if "accuracy" in entry]
    assert [entry["epoch"] for entry in watched] == [1, 2, 3]
    assert all(entry["accuracy"].keys() == VALUES.keys() for entry in watched)
    assert all(entry["loss"] > 0 for entry in reports if "loss" in entry)


def test_accuracy_counts_only_labels_and_accepts_whatever_they_may_mean(crops: Crops) -> None:
    network = tiny()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.copy_(torch.tensor([0.0, 1.0, 0.0, 0.0, 1.0]))
    reds = [row for row, item in enumerate(crops.items) if item.values["colour"] == "red"]
    few = crops.only(reds[:4])
    few.targets["length"][:] = [[False, False], [False, True], [True, True], [True, False]]
    few.targets["colour"][0] = [True, True, False]
    assert accuracies_of(network, few, 32) == {"colour": 1 / 4, "length": pytest.approx(2 / 3)}
    few.targets["length"][:] = False
    assert accuracies_of(network, few, 32) == {"colour": 1 / 4}


def test_an_interrupted_training_ends_where_an_uninterrupted_one_does(crops: Crops, tmp_path: Path) -> None:
    whole = fit(tiny(), crops, crops, SCHEDULE, tmp_path / "whole.pt", quiet)

    def stop_in_the_second_epoch(entry: dict[str, Any]) -> None:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(tiny(), crops, crops, SCHEDULE, tmp_path / "parts.pt", stop_in_the_second_epoch)
    resumed = fit(tiny(1), crops, crops, SCHEDULE, tmp_path / "parts.pt", quiet, resume=True)
    assert_same_weights(whole, resumed)


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


def test_the_loss_ignores_what_has_no_label() -> None:
    torch.manual_seed(1)
    logits = torch.randn(3, 4, requires_grad=True)
    targets = torch.zeros(3, 4, dtype=torch.bool)
    targets[1, 2] = True
    loss = smoothed_loss(logits, targets, 0.1)
    torch.testing.assert_close(loss, smoothed_loss(logits[1:2], targets[1:2], 0.1))
    loss.backward()
    assert logits.grad is not None
    assert logits.grad.any(1).tolist() == [False, True, False]


def test_the_loss_is_zero_without_any_label_and_can_still_be_descended() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    loss = smoothed_loss(logits, torch.zeros(3, 4, dtype=torch.bool), 0.1)
    loss.backward()
    assert float(loss.detach()) == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_attributes_add_to_the_loss_by_their_weights() -> None:
    torch.manual_seed(1)
    logits, slices = torch.randn(2, 5), tiny().slices
    colour = torch.tensor([[True, False, False], [False, False, True]])
    length = torch.tensor([[False, False], [True, False]])
    found = joint_loss(logits, Lesson({"colour": colour, "length": length}), slices, 0.08, {"length": 0.3})
    apart = smoothed_loss(logits[:, :3], colour, 0.08) + 0.3 * smoothed_loss(logits[:, 3:], length, 0.08)
    torch.testing.assert_close(found, apart)


def test_too_few_pictures_for_a_batch_still_train(crops: Crops, tmp_path: Path) -> None:
    before = tiny()
    after = fit(tiny(), crops.only(range(5)), None, SCHEDULE, tmp_path / "c.pt", quiet)
    assert not torch.equal(before.head.weight, after.head.weight)


def test_an_attribute_that_nobody_labelled_trains_nothing(crops: Crops, tmp_path: Path) -> None:
    few = crops.only(range(8))
    few.targets["length"][:] = False
    schedule = replace(SCHEDULE, decay=0.0)
    before, after = tiny(), fit(tiny(), few, None, schedule, tmp_path / "c.pt", quiet)
    columns = before.slices["length"]
    assert torch.equal(before.head.weight[columns], after.head.weight[columns])
    assert not torch.equal(before.head.weight[before.slices["colour"]], after.head.weight[after.slices["colour"]])


def test_training_and_watching_share_no_design(tmp_path: Path) -> None:
    items = squares(tmp_path, 40)
    items[0] = replace(items[0], held_out=True)
    crops, watched = load_data(items, Recipe(VALUES, ARCHITECTURE, SCHEDULE, FINISH))
    assert {item.part for item in crops.items} == {TRAIN}
    assert {item.part for item in watched.items} == {CALIBRATION}
    assert len(crops) + len(watched) == 39


def test_a_picture_that_other_parts_or_folds_have_too_is_not_learnt(tmp_path: Path) -> None:
    items = squares(tmp_path, 40)
    first = next(item for item in items if item.part == TRAIN)
    twin = next(item for item in items if item.part == TRAIN and item.fold == first.fold and item is not first)
    other = next(item for item in items if item.part == TRAIN and item.fold != first.fold)
    watched = next(item for item in items if item.part == CALIBRATION)
    same = replace(twin, path=first.path)
    assert without_copies([first, same]) == [first, same], "copies in one fold harm nobody"
    assert without_copies([first, replace(other, path=first.path), twin]) == [twin]
    for held in (replace(watched, path=first.path), replace(first, held_out=True)):
        assert without_copies([first, held, twin]) == [held, twin], "it is still watched and measured on"


def test_a_finished_network_of_other_data_is_refused(crops: Crops, tmp_path: Path) -> None:
    recipe = Recipe(VALUES, ARCHITECTURE, replace(SCHEDULE, sides=(32,)), FINISH)
    about = {"recipe": recipe.text(), "data": "of another set"}
    save_checkpoint(tmp_path / "fold0.pt", {"network": {}, "history": [], "settings": about})
    with pytest.raises(CheckpointMismatch):
        train_member(0, crops, None, tmp_path, recipe, quiet)


def test_a_training_does_not_go_on_with_another_schedule(crops: Crops, tmp_path: Path) -> None:
    fit(tiny(), crops, None, SCHEDULE, tmp_path / "one.checkpoint", quiet)
    with pytest.raises(CheckpointMismatch):
        fit(tiny(), crops, None, replace(SCHEDULE, smoothing=0.2), tmp_path / "one.checkpoint", quiet, resume=True)


def test_a_member_never_learns_its_fold_and_is_trained_once(
    crops: Crops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = Recipe(VALUES, ARCHITECTURE, replace(SCHEDULE, sides=(32,)), FINISH)
    seen: list[tuple[set[int], int]] = []

    def watching(network: AttributeNetwork, learning: Crops, watched: Crops | None, schedule: Schedule, *rest: Any,
                 **more: Any) -> AttributeNetwork:  # fmt: skip
        seen.append(({item.fold for item in learning.items}, schedule.seed))
        return fit(network, learning, watched, schedule, *rest, **more)

    monkeypatch.setattr("inference.fit.classification_run.fit", watching)
    reports: list[dict[str, Any]] = []
    members = [train_member(fold, crops, None, tmp_path, recipe, reports.append) for fold in (*range(FOLDS), -1)]
    assert [folds for folds, _ in seen] == [folds for folds in ({1, 2}, {0, 2}, {0, 1}, {0, 1, 2}) for _ in range(2)]
    assert [seed for _, seed in seen] == [7, 17, 8, 18, 9, 19, 7, 17]
    names = [f"{name}{stage}" for name in ("fold0", "fold1", "fold2", "whole") for stage in ("", "_finish")]
    assert list(dict.fromkeys(entry["stage"] for entry in reports)) == names
    again = train_member(1, crops, None, tmp_path, recipe, quiet)
    assert_same_weights(members[1], again)
    assert len(seen) == 8, "a finished member is not trained again"


def test_kept_weights_lie_between_the_two_stages(crops: Crops, tmp_path: Path) -> None:
    recipe = Recipe(VALUES, ARCHITECTURE, replace(SCHEDULE, sides=(32,)), FINISH, towards=0.25)
    member = train_member(0, crops, None, tmp_path, recipe, quiet)
    first, second = (load_checkpoint(tmp_path / f"fold0{stage}_done.pt") for stage in ("", "_finish"))
    assert first is not None
    assert second is not None
    wanted = first["network"]["head.weight"] * 0.75 + second["network"]["head.weight"] * 0.25
    torch.testing.assert_close(member.head.weight.detach(), wanted)


def test_an_interrupted_member_goes_on(crops: Crops, tmp_path: Path) -> None:
    recipe = Recipe(VALUES, ARCHITECTURE, replace(SCHEDULE, sides=(32, 32)), FINISH)

    def stop_in_the_second_epoch(entry: dict[str, Any]) -> None:
        if entry["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_member(0, crops, None, tmp_path, recipe, stop_in_the_second_epoch)
    assert load_checkpoint(tmp_path / "fold0.pt") is None
    reports: list[dict[str, Any]] = []
    train_member(0, crops, None, tmp_path, recipe, reports.append)
    assert [entry["epoch"] for entry in reports if entry["stage"] == "fold0" and "step" in entry] == [2]
    assert {entry["stage"] for entry in reports} == {"fold0", "fold0_finish"}
    assert load_checkpoint(tmp_path / "fold0.pt") is not None


def test_every_picture_is_judged_by_the_member_that_did_not_learn_it(crops: Crops) -> None:
    members = [tiny(seed) for seed in range(FOLDS)]
    found = out_of_fold_logits(members, crops, 32)
    assert found.shape == (32, 5)
    each = [logits_of(member, crops, 32).numpy() for member in members]
    for row, item in enumerate(crops.items):
        assert found[row] == pytest.approx(each[item.fold][row], abs=1e-4)


def test_rounded_weights_are_those_of_the_model_file(tmp_path: Path) -> None:
    network = rounded(tiny())
    save_artifact(tmp_path / "one.safetensors", "classifier", tiny().state_dict(), {})
    stored = load_artifact(tmp_path / "one.safetensors").tensors
    assert not network.training
    assert all(torch.equal(tensor, stored[name]) for name, tensor in network.state_dict().items())
