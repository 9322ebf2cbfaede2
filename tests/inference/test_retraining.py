"""Training from a set of examples, with tiny networks and drawn squares."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.artifact import read_card
from inference.classify import NOBODY, Classifier, digest_number, load_members
from inference.fit import candidate
from inference.fit.candidate import retrain
from inference.fit.checkpoint import CheckpointMismatch, load_checkpoint
from inference.fit.classification_run import Recipe
from inference.fit.data_shop import CALIBRATION, FOLDS, MYNTRA_LOOSELY, TEST, TRAIN, targets_of, with_meanings
from inference.fit.examples import (
    VERIFIED_WEIGHT,
    TooFewExamples,
    in_folds_of,
    load_examples,
    map_of,
    read_examples,
    thinned,
)
from inference.fit.export import save_ensemble
from inference.fit.losses import smoothed_loss, taught_loss
from inference.fit.retraining import FINETUNE, FULL, HEADS, Base, Order, prepare, watched_by
from inference.network import AttributeNetwork

VALUES = {"colour": ("red", "green", "blue"), "length": ("mini", "maxi")}
SHADES = ((190, 20, 30), (20, 150, 40), (20, 40, 180))
ARCHITECTURE = {"trunk": "test_efficientnet", "embedding": 16}
COLUMNS = (
    "picture", "sha256", "shop", "external_id", "design", "garment_group", "part", "fold", "attribute", "values",
    "origin", "verified",
)  # fmt: skip
MEANINGS = {"colour": {"red": "red", "crimson": "red", "green": "green", "blue": "blue"},
            "length": {"mini": "mini", "maxi": "maxi"}}  # fmt: skip
POLICY = {
    "frequencies": {"red": 0.4, "green": 0.3, "blue": 0.3}, "error_rate": 0.05, "slope": 1.0, "intercept": 0.0,
    "flag_threshold": 0.8, "neighbour_threshold": 0.99, "set_threshold": 0.05, "rival_threshold": 0.3,
    "neighbours": [],
}  # fmt: skip


def quiet(_: dict[str, Any]) -> None:
    return None


class Shop:
    """Flat dresses of three colours and two lengths, each a design of its own, as a training set."""

    def __init__(self, folder: Path, count: int = 54) -> None:
        self.folder, self.maps = folder, folder / "maps" / "s1"
        self.rows: list[dict[str, str]] = []
        for number in range(count):
            self.add(number)

    def add(self, number: int, **fields: str) -> None:
        colour, length = number % 3, number // 3 % 2
        pixels, mask = np.full((60, 40, 3), 245, np.uint8), np.zeros((60, 40), np.uint8)
        mask[6 : (24, 54)[length], 8:32] = 4
        pixels[mask > 0] = np.add(SHADES[colour], (number % 16, number // 16, 0))
        picture = self.folder / f"{number}.png"
        Image.fromarray(pixels).save(picture)
        digest = hashlib.sha256(picture.read_bytes()).hexdigest()
        place = map_of(self.maps, digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(place)
        block = number // 6
        part = TEST if block % 5 == 3 else CALIBRATION if block % 5 == 4 else TRAIN
        fold = str(block % FOLDS)
        values = {"colour": VALUES["colour"][colour], "length": VALUES["length"][length]}
        for attribute, value in values.items():
            cells = (
                picture.name, digest, "spring", f"P{number}", f"spring:P{number}", "full_body", part, fold, attribute,
                value, "shop", "0",
            )  # fmt: skip
            self.rows.append(dict(zip(COLUMNS, cells, strict=True)) | fields)

    def write(self) -> Path:
        path = self.folder / "examples.csv"
        with path.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)
        return path

    def read(self, **meanings: Any) -> Any:
        return read_examples(self.write(), self.folder, self.maps, MEANINGS | meanings)

    def order(self, mode: str = HEADS, **fields: Any) -> Order:
        path = self.write()
        usual = {
            "examples": path, "set_hash": hashlib.sha256(path.read_bytes()).hexdigest(), "root": self.folder,
            "maps": self.folder / "maps", "work": self.folder / "work", "segmenter": self.folder / "none.safetensors",
            "segmenter_version": "s1", "base": str(self.folder / "base.safetensors"), "base_version": "b1",
            "mode": mode, "attributes": ("colour",), "groups": ("top", "bottom", "full_body"), "meanings": MEANINGS,
            "schedule": {"sides": [32, 32], "batch": 8, "frozen": 1, "weights": {}},
        }  # fmt: skip
        return Order.from_json(usual | fields)


def write_base(folder: Path, learnt: dict[int, int] | None = None) -> Path:
    """An ensemble that has learnt nothing yet."""
    torch.manual_seed(3)
    counts = {attribute: len(values) for attribute, values in VALUES.items()}
    members = [AttributeNetwork(counts, **ARCHITECTURE) for _ in range(FOLDS)]
    attributes = {
        attribute: {
            "values": list(values),
            "temperatures": {"": {"member": 1.0, "ensemble": 1.0}},
            "policy": POLICY | {"frequencies": dict.fromkeys(values, 1 / len(values))},
        }
        for attribute, values in VALUES.items()
    }
    path = folder / "base.safetensors"
    recipe = replace(Recipe(), architecture=ARCHITECTURE, values=VALUES)
    recipe = replace(recipe, finish=replace(recipe.finish, sides=(32,)))
    save_ensemble(path, members, attributes, learnt or {}, recipe, {"title": "base"})
    return path


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    write_base(tmp_path)
    return Shop(tmp_path)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_lines_of_one_picture_become_one_item_with_its_place_and_digest(shop: Shop) -> None:
    items = shop.read().items
    assert len(items) == 54
    first = items[1]
    assert first.values == {"colour": "green", "length": "mini"}
    assert (first.part, first.fold, first.design) == (TRAIN, 0, "spring:P1")
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_finer_values_are_learnt_as_the_nearest_known_and_others_are_named(shop: Shop) -> None:
    shop.rows[0]["values"], shop.rows[2]["values"] = "crimson", "mauve"
    read = shop.read()
    assert read.items[0].values["colour"] == "red"
    assert "colour" not in read.items[1].values
    assert read.unknown == {"colour": {"mauve": 1}}


def test_shared_labels_keep_their_shares_and_verified_ones_weigh_more(shop: Shop) -> None:
    shop.rows[0]["values"], shop.rows[2]["verified"] = "green:0.25|red:0.75", "1"
    crops = load_examples(shop.read().items[:3], VALUES, 32)
    assert crops.shares["colour"].tolist() == [[0.75, 0.25, 0.0], [0.0] * 3, [0.0] * 3]
    assert crops.targets["colour"].tolist()[0] == [True, True, False]
    assert crops.weights["colour"].tolist() == [1.0, VERIFIED_WEIGHT, 1.0]
    assert crops.weights["length"].tolist() == [1.0, 1.0, 1.0]


def test_a_label_half_of_which_is_unknown_is_not_learnt(shop: Shop) -> None:
    shop.rows[0]["values"] = "mauve:0.5|red:0.5"
    assert "colour" not in shop.read().items[0].values


def test_a_damaged_line_is_named(shop: Shop) -> None:
    shop.rows[4]["garment_group"] = "hat"
    with pytest.raises(ValueError, match="line 6: garment_group “hat”"):
        shop.read()


def test_a_design_stays_with_the_network_that_did_not_learn_it_before(shop: Shop) -> None:
    items = shop.read().items
    moved = in_folds_of(items, {items[0].digest: 2})
    assert moved[0].fold == 2
    assert [item.fold for item in moved[1:]] == [item.fold for item in items[1:]]


def test_too_many_pictures_are_thinned_by_whole_designs_verified_ones_first(shop: Shop) -> None:
    shop.rows[20]["verified"] = "1"
    kept = thinned(shop.read().items, 5)
    assert len(kept) == 5
    assert kept[0].design == "spring:P10"
    assert thinned(shop.read().items, 5) == kept


# --- losses -----------------------------------------------------------------------------------------------------------


def test_a_shared_label_is_learnt_by_its_shares() -> None:
    targets, shares = torch.tensor([[True, True, False]]), torch.tensor([[0.5, 0.5, 0.0]])
    even, one_sided = torch.tensor([[2.0, 2.0, -4.0]]), torch.tensor([[6.0, -2.0, -4.0]])
    assert smoothed_loss(even, targets, 0.0, shares=shares) < smoothed_loss(one_sided, targets, 0.0, shares=shares)
    assert smoothed_loss(one_sided, targets, 0.0) < 0.01, "without shares either value will do"


def test_a_verified_label_pulls_as_hard_as_several() -> None:
    logits = torch.tensor([[1.0, -1.0], [1.0, -1.0]])
    targets = torch.tensor([[True, False], [False, True]])
    plain, weighted = (smoothed_loss(logits, targets, 0.0, weights=w) for w in (None, torch.tensor([1.0, 3.0])))
    right, wrong = (smoothed_loss(logits[:1], targets[row : row + 1], 0.0) for row in (0, 1))
    torch.testing.assert_close(plain, (right + wrong) / 2)
    torch.testing.assert_close(weighted, (right + 3 * wrong) / 4)


def test_the_teacher_speaks_only_where_there_is_no_label() -> None:
    logits, taught = torch.tensor([[1.0, 0.0], [1.0, 0.0]]), torch.tensor([[9.0, 0.0], [1.0, 0.0]])
    labelled = torch.tensor([[True, False], [False, False]])
    assert float(taught_loss(logits, taught, labelled)) == pytest.approx(0.0, abs=1e-6)
    assert float(taught_loss(logits, taught, ~labelled.any(1, keepdim=True) & labelled)) > 0.1


# --- training ---------------------------------------------------------------------------------------------------------


def test_the_quick_mode_learns_what_was_chosen_and_leaves_the_rest_as_it_was(shop: Shop) -> None:
    reports: list[dict[str, Any]] = []
    order = shop.order(schedule={"sides": [32] * 30, "batch": 8, "rate": 1e-2, "weights": {}})
    found = retrain(order, shop.folder / "out", reports.append)
    before, _, _ = load_members(shop.folder / "base.safetensors")
    after, learnt, artifact = load_members(Path(found["path"]))
    for old, new in zip(before, after, strict=True):
        columns = old.slices["length"]
        assert torch.equal(old.head.weight[columns], new.head.weight[columns])
        assert all(torch.equal(part, new.trunk.state_dict()[name]) for name, part in old.trunk.state_dict().items())
    assert found["figures"]["colour"]["accuracy"] == 1.0
    assert found["before"]["colour"]["accuracy"] < 1.0
    assert {one["stage"] for one in reports} >= {"reading", "training", "calibration", "figures"}
    epochs = [(one["member"], one["epoch"]) for one in reports if one.get("finished")]
    assert epochs == [(member, epoch) for member in (1, 2, 3) for epoch in range(1, 31)]
    card = artifact.card
    assert card["training_set"] == {"hash": order.set_hash, "shops": ["spring"]}
    assert card["began_from"] == "b1"
    assert card["calibrated_on_the_set"] == []
    assert card["attributes"]["colour"]["policy"]["flag_threshold"] == 0.8, "too few labels to choose a better one"
    for item in shop.read().items:
        number = digest_number(item.digest)
        assert learnt.get(number) == (item.fold if item.part == TRAIN else None)


def test_what_was_learnt_before_is_still_known_as_learnt(shop: Shop) -> None:
    first = shop.read().items[0]
    write_base(shop.folder, {5: 1, digest_number(first.digest): 2})
    found = retrain(shop.order(), shop.folder / "out", quiet)
    _, learnt, _ = load_members(Path(found["path"]))
    assert learnt[5] == 1
    assert learnt[digest_number(first.digest)] == 2, "its design went to the fold of the network that had not seen it"
    assert NOBODY not in learnt.values()


def test_a_network_is_not_watched_on_what_it_learnt_before(shop: Shop) -> None:
    watched = [item for item in shop.read().items if item.part == CALIBRATION]
    write_base(shop.folder, {digest_number(item.digest): number % 2 for number, item in enumerate(watched)})
    order = shop.order()
    material = prepare(order, Base.load(order.base), quiet)
    seen = [watched_by(material, fold) for fold in range(FOLDS)]
    assert seen[2] is None
    for fold, crops in enumerate(seen[:2]):
        assert crops is not None
        assert [item.design for item in crops.items] == [item.design for item in watched[fold::2]]


def test_fine_tuning_keeps_early_stages_and_other_outputs(shop: Shop) -> None:
    found = retrain(shop.order(FINETUNE), shop.folder / "out", quiet)
    before, _, _ = load_members(shop.folder / "base.safetensors")
    after, _, _ = load_members(Path(found["path"]))
    old, new = before[0], after[0]
    same = {name for name, part in new.state_dict().items() if torch.equal(part, old.state_dict()[name])}
    assert {name for name in old.state_dict() if name.startswith(("trunk.conv_stem.", "trunk.blocks.0."))} <= same
    assert not any(name.startswith("trunk.blocks.2.") and name.endswith(".weight") for name in same)
    columns = old.slices["length"]
    assert torch.equal(old.head.weight[columns], new.head.weight[columns])
    assert not torch.equal(old.head.weight[old.slices["colour"]], new.head.weight[old.slices["colour"]])


def test_an_interrupted_training_goes_on_at_its_checkpoint_and_ends_the_same(shop: Shop) -> None:
    order = shop.order(FINETUNE)
    whole = retrain(replace(order, work=shop.folder / "other"), shop.folder / "whole", quiet)

    def stop_in_the_second_network(news: dict[str, Any]) -> None:
        if news.get("member") == 2 and news["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrain(order, shop.folder / "parts", stop_in_the_second_network)
    reports: list[dict[str, Any]] = []
    parts = retrain(order, shop.folder / "parts", reports.append)
    steps = {(one["member"], one["epoch"]) for one in reports if one.get("step")}
    assert steps == {(2, 2), (3, 1), (3, 2)}, "finished epochs are not done again"
    told = [(one["member"], one["epoch"]) for one in reports if one.get("finished")]
    assert told == [(member, epoch) for member in (1, 2, 3) for epoch in (1, 2)], "but they are told again"
    for one, other in zip(load_members(Path(whole["path"]))[0], load_members(Path(parts["path"]))[0], strict=True):
        torch.testing.assert_close(one.head.weight, other.head.weight, rtol=1e-2, atol=1e-3)


def test_a_finished_network_of_another_recipe_is_not_taken(shop: Shop) -> None:
    order = shop.order()
    retrain(order, shop.folder / "out", quiet)
    other = replace(order, schedule={**order.schedule, "rate": 0.5})
    assert other.key != order.key
    done = order.work / order.set_hash[:12] / order.key / "fold0.pt"
    assert load_checkpoint(done, order.about) is not None
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(done, other.about)


def test_labels_of_other_garment_groups_are_not_learnt(shop: Shop) -> None:
    with pytest.raises(TooFewExamples) as caught:
        retrain(shop.order(groups=("top",)), shop.folder / "out", quiet)
    assert (caught.value.attribute, caught.value.found) == ("colour", 0)


def test_too_few_examples_name_attribute_and_value(shop: Shop) -> None:
    for row in shop.rows:
        if row["attribute"] == "length" and row["values"] == "maxi" and row["external_id"] not in ("P3", "P4"):
            row["values"] = "mini"
    with pytest.raises(TooFewExamples) as caught:
        retrain(shop.order(attributes=("colour", "length")), shop.folder / "out", quiet)
    assert (caught.value.attribute, caught.value.value, caught.value.found) == ("length", "maxi", 2)


def test_from_the_beginning_every_value_needs_examples(shop: Shop) -> None:
    for row in shop.rows:
        row["values"] = row["values"].replace("blue", "red")
    with pytest.raises(TooFewExamples) as caught:
        retrain(shop.order(FULL), shop.folder / "out", quiet)
    assert (caught.value.attribute, caught.value.value, caught.value.found) == ("colour", "blue", 0)


def test_from_the_beginning_all_is_learnt_anew_and_the_old_model_stands_in_for_labels(shop: Shop) -> None:
    reports: list[dict[str, Any]] = []
    order = shop.order(FULL, schedule={"sides": [32], "batch": 8, "frozen": 0, "weights": {}})
    found = retrain(order, shop.folder / "out", reports.append)
    before, after = load_members(shop.folder / "base.safetensors")[0], load_members(Path(found["path"]))[0]
    same = [name for name, part in after[0].named_parameters() if torch.equal(part, before[0].get_parameter(name))]
    assert not [name for name in same if "conv" in name and name.endswith(".weight")]
    assert [(one["member"], one["epoch"]) for one in reports if one.get("finished")] == [
        (member, epoch) for member in (1, 2, 3) for epoch in (1, 2)
    ], "a second schedule on larger pictures counts on"
    assert read_card(Path(found["path"]))["mode"] == "full"


def test_labels_that_are_not_to_be_learnt_are_taken_away_for_good(shop: Shop) -> None:
    order = shop.order(FULL, attributes=("length",))
    learnt = prepare(order, Base.load(order.base), quiet).learnt
    assert not with_meanings(learnt, VALUES["colour"], MYNTRA_LOOSELY).targets["colour"].any()
    assert learnt.targets["length"].all(0).tolist() == [False, False]
    assert learnt.targets["length"].any(1).all()


def test_a_value_with_hardly_any_examples_is_left_to_what_the_networks_know(shop: Shop) -> None:
    for row in shop.rows:
        if row["values"] == "blue" and row["external_id"] not in ("P2", "P11"):
            row["values"] = "red"
    found = retrain(shop.order(), shop.folder / "out", quiet)
    assert found["scarce"] == {"colour": {"blue": 2}}
    assert read_card(Path(found["path"]))["not_learnt"]["too_few"] == {"colour": {"blue": 2}}


def test_a_device_without_enough_memory_is_told_as_such(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(candidate, "prepare", fail)
    with pytest.raises(MemoryError, match="CUDA out of memory"):
        retrain(shop.order(), shop.folder / "out", quiet)


def test_an_order_survives_json(shop: Shop) -> None:
    order = shop.order()
    again = Order.from_json(json.loads(json.dumps(asdict(order), default=str)))
    assert again.key == order.key
    assert Base.load(again.base) is not None


def test_an_unknown_mode_and_a_missing_base_are_refused(shop: Shop) -> None:
    with pytest.raises(ValueError, match="no such mode"):
        shop.order("slow")
    with pytest.raises(ValueError, match="no ensemble to go on from"):
        shop.order(base=None)


def test_a_large_set_is_calibrated_anew(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidate, "CALIBRATES", (30, 5))
    order = shop.order(schedule={"sides": [32] * 30, "batch": 8, "rate": 1e-2, "weights": {}})
    found = retrain(order, shop.folder / "out", quiet)
    assert found["calibrated"] == ["colour"]
    classifier = Classifier.load(Path(found["path"]), "cpu")
    assert classifier.card["attributes"]["colour"]["policy"] != POLICY
    assert classifier.card["attributes"]["length"]["policy"]["flag_threshold"] == 0.8


def test_targets_of_examples_are_those_of_items(shop: Shop) -> None:
    items = shop.read().items[:4]
    assert targets_of(items, VALUES["colour"], "colour").argmax(1).tolist() == [0, 1, 2, 0]
