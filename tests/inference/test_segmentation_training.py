"""Training of the segmentation network: samples, loss, figures, checkpoints, and going on after an interruption."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from inference.artifact import read_card
from inference.contract import GROUPS
from inference.fit import segmentation as training
from inference.fit import segmentation_augment as augment
from inference.fit.checkpoint import AverageOfWeights, CheckpointMismatch, load_checkpoint, save_checkpoint
from inference.fit.data_ccp import Parsing
from inference.fit.data_flatlay import flat_lays
from inference.fit.data_flatlay import groups as flat_lay_groups
from inference.fit.segmentation_augment import IGNORED, Dice, Sample
from inference.fit.segmentation_data import Mixture, load_flat_lays, load_photos, load_rendered
from inference.fit.segmentation_evaluate import average_of, contact_sheet, export, network_from_checkpoint
from inference.fit.segmentation_figures import Confusion
from inference.fit.split import is_held_out_design, is_held_out_photo
from inference.segment import Segmenter, build_network

TINY = {"network": "tiny", "encoder": "tu-tf_efficientnet_lite0", "decoder_channels": [8, 8, 8], "classes": 7}


def dice(seed: int = 1) -> Dice:
    return Dice(torch.Generator().manual_seed(seed))


def sample(group: int = 2) -> Sample:
    groups = torch.zeros(96, 64, dtype=torch.uint8)
    groups[20:80, 16:48] = group
    picture = torch.full((3, 96, 64), 0.9)
    picture[:, 20:80, 16:48] = torch.tensor([0.8, 0.1, 0.1])[:, None, None]
    return Sample(picture, groups)


@pytest.fixture
def shops(tmp_path: Path) -> dict[str, Path]:
    """A tiny Clothing Co-Parsing, a tiny shop with pseudo-masks and a folder of drawn garments."""
    rng = np.random.default_rng(3)
    ccp, hm, pseudo, drawn = (tmp_path / name for name in ("ccp", "hm", "pseudo", "drawn"))
    for folder in (ccp / "photos", ccp / "masks", hm / "images", pseudo, drawn / "images", drawn / "masks"):
        folder.mkdir(parents=True)
    (ccp / "labels.csv").write_text(
        "value,label,group,group_name\n0,null,0,background\n41,skin,1,person\n55,vest,2,top\n"
    )
    for number in range(24):
        Image.fromarray(rng.integers(0, 255, (48, 32, 3), dtype=np.uint8)).save(ccp / "photos" / f"{number:04}.jpg")
        mask = np.zeros((48, 32), np.uint8)
        mask[10:30, 8:24] = 55
        mask[2:10, 12:20] = 41
        Image.fromarray(mask).save(ccp / "masks" / f"{number:04}.png")
    kinds = ["Trousers", "Dress", "T-shirt", "Garment Set"]
    with (hm / "labels.csv").open("w", newline="") as lines:
        rows = csv.writer(lines)
        rows.writerow(["file", "product_code", "product_type"])
        for number in range(40):
            rows.writerow([f"{number}.jpg", str(number // 2), kinds[number % 4]])
            Image.fromarray(rng.integers(0, 255, (36, 24, 3), dtype=np.uint8)).save(hm / "images" / f"{number}.jpg")
            mask = np.zeros((36, 24), np.uint8)
            mask[6:30, 6:18] = 255
            Image.fromarray(mask).save(pseudo / f"{number}.png")
    (drawn / "answers.csv").write_text("external_id,file\n1,images/1.jpg\n")
    Image.new("RGB", (36, 48)).save(drawn / "images" / "1.jpg")
    Image.new("L", (36, 48), 4).save(drawn / "masks" / "1.png")
    return {"ccp": ccp, "hm": hm, "pseudo": pseudo, "drawn": drawn}


def test_original_labels_become_groups(shops: dict[str, Path]) -> None:
    parsing = Parsing(shops["ccp"])
    groups = parsing.groups(parsing.photos[0])
    assert (groups[5, 15], groups[20, 15], groups[40, 15]) == (1, 2, 0)


def test_held_out_photos_and_designs_are_kept_apart(shops: dict[str, Path]) -> None:
    train, held_out = Parsing(shops["ccp"]).split()
    assert len(train) + len(held_out) == 24
    assert held_out
    assert all(is_held_out_photo(photo.picture.stem) for photo in held_out)
    for items, side in zip(flat_lays(shops["hm"], shops["pseudo"]), (False, True), strict=True):
        assert items
        assert all(is_held_out_design(str(int(item.picture.stem) // 2)) == side for item in items)


def test_a_set_of_two_garments_is_left_out_and_types_name_the_group(shops: dict[str, Path]) -> None:
    items = [item for part in flat_lays(shops["hm"], shops["pseudo"]) for item in part]
    assert {int(item.picture.stem) % 4: GROUPS[item.group] for item in items} == {0: "bottom", 1: "full_body", 2: "top"}


def test_a_mask_of_the_whole_picture_is_no_mask(shops: dict[str, Path]) -> None:
    item = flat_lays(shops["hm"], shops["pseudo"])[0][0]
    assert set(np.unique(flat_lay_groups(item))) == {0, item.group}
    Image.new("L", (24, 36), 255).save(item.mask)
    assert flat_lay_groups(item) is None
    assert len(load_flat_lays([item])) == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_view_keeps_the_garment_on_its_pixels(seed: int) -> None:
    seen = augment.warp(sample(), 96, 64, dice(seed), (0.75, 1.6))
    red = (seen.picture[0] - seen.picture[1]) > 0.35
    known = seen.groups != IGNORED
    agree = (red == (seen.groups == 2))[known].float().mean()
    assert seen.picture.shape == (3, 96, 64)
    assert agree > 0.96


def test_another_ground_leaves_the_garment_as_it_is() -> None:
    before = sample()
    after = augment.replace_ground(before, dice(), light=False)
    inner = (slice(None), slice(22, 78), slice(18, 46))
    assert torch.allclose(after.picture[inner], before.picture[inner])
    assert not torch.allclose(after.picture[:, :10], before.picture[:, :10], atol=0.02)
    assert torch.equal(after.groups, before.groups)


def test_garments_laid_together_are_both_in_the_map() -> None:
    laid = augment.lay_together(sample(2), sample(3), dice(), light=True)
    assert set(laid.groups.unique().tolist()) == {0, 2, 3}
    reddish = (laid.picture[0] - laid.picture[1]) > 0.3
    assert (reddish == (laid.groups > 0)).float().mean() > 0.95


@pytest.mark.parametrize("seed", range(4))
def test_light_and_lens_stay_in_range(seed: int) -> None:
    picture = augment.light_and_lens(sample().picture, dice(seed))
    assert 0 <= float(picture.min()) <= float(picture.max()) <= 1


def test_the_mixture_gives_whole_batches_of_every_source(shops: dict[str, Path]) -> None:
    parsing = Parsing(shops["ccp"])
    photos = load_photos(parsing, parsing.photos[:4])
    garments = load_flat_lays(flat_lays(shops["hm"], shops["pseudo"])[0])
    mixture = Mixture(photos, garments, load_rendered(shops["drawn"]), 3, 2)
    batches = list(mixture.batches(4, (64, 32), torch.Generator().manual_seed(1)))
    assert len(mixture) == 9
    assert len(batches) == 2
    for pictures, groups in batches:
        assert pictures.shape == (4, 3, 64, 32)
        assert pictures.max() > 2
        assert groups.shape == (4, 64, 32)
        assert set(groups.unique().tolist()) <= {*range(7), IGNORED}


def test_the_same_seed_gives_the_same_samples(shops: dict[str, Path]) -> None:
    parsing = Parsing(shops["ccp"])
    mixture = Mixture(load_photos(parsing, parsing.photos[:4]), [], [], 5, 5)
    first, second = (next(mixture.batches(4, (64, 32), torch.Generator().manual_seed(7)))[0] for _ in range(2))
    assert torch.equal(first, second)


def test_the_loss_falls_when_the_answer_is_right_and_skips_what_is_unknown() -> None:
    groups = torch.randint(0, 7, (2, 8, 8), generator=torch.Generator().manual_seed(1))
    right = nn.functional.one_hot(groups, 7).permute(0, 3, 1, 2).float() * 20
    assert training.loss_of(right, groups) < 0.1 < training.loss_of(-right, groups)
    wrong = right.clone()
    wrong[:, :, :4] = -right[:, :, :4]
    unknown = groups.clone()
    unknown[:, :4] = IGNORED
    assert training.loss_of(wrong, unknown) < 0.1


def test_figures_of_a_known_confusion() -> None:
    confusion = Confusion(3)
    confusion.add(np.array([[0, 0, 1, 1, IGNORED]]), np.array([[0, 1, 1, 1, 2]]))
    assert confusion.accuracy == pytest.approx(0.75)
    assert confusion.iou[:2] == pytest.approx([1 / 2, 2 / 3])
    assert np.isnan(confusion.iou[2])
    assert confusion.mean_iou == pytest.approx((1 / 2 + 2 / 3) / 2)
    with pytest.raises(ValueError, match="compared"):
        confusion.add(np.zeros((2, 2), int), np.zeros((2, 3), int))


def test_the_average_follows_the_weights_and_survives_a_checkpoint(tmp_path: Path) -> None:
    network = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(network.weight)
    average = AverageOfWeights(network, 0.9)
    nn.init.ones_(network.weight)
    for _ in range(3):
        average.update(network)
    assert 0.5 < float(average.state["weight"]) < 1
    save_checkpoint(tmp_path / "a.pt", {"settings": {"a": 1}, "average": average.state_dict()})
    again = AverageOfWeights(network, 0.9)
    saved = load_checkpoint(tmp_path / "a.pt", {"a": 1})
    assert saved is not None
    again.load_state_dict(saved["average"])
    assert again.updates == 3
    assert torch.equal(again.state["weight"], average.state["weight"])


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path / "none.pt") is None
    save_checkpoint(tmp_path / "a.pt", {"settings": {"a": 1}})
    with pytest.raises(CheckpointMismatch):
        load_checkpoint(tmp_path / "a.pt", {"a": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small network without pretrained weights, so that a training takes a second."""
    for module in ("inference.fit.segmentation", "inference.fit.segmentation_evaluate"):
        monkeypatch.setattr(f"{module}.DEFAULT_ARCHITECTURE", TINY)
    monkeypatch.setattr(training, "new_network", lambda: build_network(TINY))
    monkeypatch.setattr("inference.fit.segmentation_evaluate.DEFAULT_VIEWS", ((48, 32),))


SETTINGS = training.Settings(stages=((1, 32, 32), (1, 48, 32)), batch=4, flat_lays_per_epoch=4, rendered_per_epoch=2)


@pytest.mark.usefixtures("tiny")
def test_an_interrupted_training_ends_as_an_uninterrupted_one(shops: dict[str, Path], tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(report: dict[str, Any]) -> None:
        raise Interrupted

    def fit(out: Path, progress: Callable[[dict[str, Any]], None] | None = None) -> nn.Module:
        folders = (shops["ccp"], shops["hm"], shops["pseudo"], out)
        return training.train(*folders, SETTINGS, shops["drawn"], "cpu", progress)

    whole = fit(tmp_path / "whole").state_dict()
    with pytest.raises(Interrupted):
        fit(tmp_path / "parts", interrupt)
    assert (tmp_path / "parts" / "checkpoint.pt").exists()
    parts = fit(tmp_path / "parts").state_dict()
    assert all(torch.allclose(whole[name].float(), parts[name].float(), atol=1e-4) for name in whole)
    reports = [json.loads(line) for line in (tmp_path / "parts" / "progress.jsonl").read_text().splitlines()]
    assert [report["epoch"] for report in reports] == [1, 2]
    assert 0 <= reports[-1]["miou"] <= 1


@pytest.mark.usefixtures("tiny")
def test_the_card_carries_the_figures_of_the_weights_beside_it(shops: dict[str, Path], tmp_path: Path) -> None:
    training.train(shops["ccp"], shops["hm"], shops["pseudo"], tmp_path, SETTINGS, device="cpu")
    network = network_from_checkpoint(tmp_path / "checkpoint.pt")
    weights = tmp_path / "segmentation.safetensors"
    figures = export(network, {"epochs": 2}, weights, shops["ccp"], shops["hm"], shops["pseudo"], device="cpu")
    assert read_card(weights)["figures"] == figures
    assert figures["photos"]["count"] == len(Parsing(shops["ccp"]).split()[1])
    assert set(figures["photos"]["iou"]) == set(GROUPS)
    assert 0 <= figures["flat_lays"]["found"] <= 1
    sheet = contact_sheet(Segmenter.load(weights, "cpu"), sorted((shops["hm"] / "images").iterdir())[:5], 3, 60)
    assert sheet.size == (120, 240)


@pytest.mark.usefixtures("tiny")
def test_a_second_training_begins_with_the_average_of_the_first(shops: dict[str, Path], tmp_path: Path) -> None:
    first, second = tmp_path / "first" / "checkpoint.pt", tmp_path / "second" / "checkpoint.pt"
    training.train(shops["ccp"], shops["hm"], shops["pseudo"], first.parent, SETTINGS, device="cpu")
    trainer = training.Trainer(Mixture([], [], [], 0, 0), SETTINGS, second, "cpu")
    trainer.start_from(first)
    wanted = network_from_checkpoint(first).state_dict()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in trainer.network.state_dict().items())
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in trainer.average.state.items())
    with pytest.raises(FileNotFoundError):
        trainer.start_from(tmp_path / "none.pt")


def test_the_mean_of_networks_lies_between_them() -> None:
    networks = [build_network(TINY) for _ in range(2)]
    before = [network.segmentation_head[0].weight.clone() for network in networks]
    mean = average_of(networks).segmentation_head[0].weight
    assert torch.allclose(mean, (before[0] + before[1]) / 2)
    with pytest.raises(ValueError, match="nothing"):
        average_of([])


def test_settings_know_the_view_of_every_epoch() -> None:
    assert [SETTINGS.view(epoch) for epoch in range(SETTINGS.epochs)] == [(32, 32), (48, 32)]
    with pytest.raises(ValueError, match="last stage"):
        SETTINGS.view(2)
