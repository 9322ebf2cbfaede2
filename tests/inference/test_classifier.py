"""An ensemble in use: prediction, calibration, who may judge, attention, model files. Tiny random networks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from inference import palette
from inference.artifact import ArtifactIncompatible, ArtifactMissing, save_artifact
from inference.classify import BATCH, DIGESTS, KIND, LEFT_OUT, NOBODY, Classifier, calibrated, digest_number, pool
from inference.contract import PaletteEntry
from inference.crops import SHAPE_WIDTH
from inference.explain import grad_cam
from inference.measured import MeasuredColours
from inference.network import HISTOGRAM_WIDTH, AttributeNetwork, lab_from_rgb, lab_histogram
from inference.outline import PROFILE_WIDTH
from inference.stacking import Stack

ARCHITECTURE: dict[str, Any] = {"trunk": "test_efficientnet", "embedding": 16}
VALUES = {"colour": ("black", "white", "red"), "length": ("mini", "maxi")}
COUNTS = {attribute: len(values) for attribute, values in VALUES.items()}
EVEN = {"member": 1.0, "ensemble": 1.0}

#: Pictures that took part in training; the first member did not learn the first, the second not the second, and
#: neither of them the third.
LEARNT = [hashlib.sha256(name).hexdigest() for name in (b"first", b"second", b"third")]
NEW = hashlib.sha256(b"new").hexdigest()


def card(**temperatures: dict[str, float]) -> dict[str, Any]:
    """Card of an ensemble of two; ``temperatures``: garment group -> temperatures of all attributes."""
    attributes = {
        attribute: {"values": list(values), "temperatures": {"": EVEN, **temperatures}}
        for attribute, values in VALUES.items()
    }
    return {"attributes": attributes, "architecture": ARCHITECTURE, "members": 2, "side": 64}


def network(seed: int = 4) -> AttributeNetwork:
    torch.manual_seed(seed)
    made = AttributeNetwork(COUNTS, **ARCHITECTURE)
    made.head.weight.data.mul_(8)  # chance alone would make all of them nearly agree
    return made


def ensemble(**temperatures: dict[str, float]) -> Classifier:
    learnt = {digest_number(digest): member for digest, member in zip(LEARNT, (0, 1, NOBODY), strict=True)}
    return Classifier([network(4), network(5)], card(**temperatures), device="cpu", learnt=learnt)


def alone(member: int) -> Classifier:
    """One network of the ensemble as a classifier of its own."""
    return Classifier([network(4 + member)], card(), device="cpu")


def pictures(count: int, size: tuple[int, int] = (60, 90)) -> tuple[list[Image.Image], list[NDArray[np.bool_]]]:
    random = np.random.default_rng(count)
    images = [Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)) for _ in range(count)]
    regions = []
    for _ in range(count):
        region = np.zeros((size[1], size[0]), bool)
        region[10:70, 10:50] = True
        regions.append(region)
    return images, regions


def judged(classifier: Classifier, count: int, digests: list[str] | None = None) -> dict[str, NDArray[np.float32]]:
    """Predictions for the same pictures, all of them tops."""
    return classifier.predict(*pictures(count), ["top"] * count, digests or [])


def pair_of_members(prefixes: tuple[str, str] = ("0.", "1.")) -> dict[str, torch.Tensor]:
    """The tensors of a model file of two members, without the digests."""
    members = zip(prefixes, (network(4), network(5)), strict=True)
    return {prefix + name: tensor for prefix, member in members for name, tensor in member.state_dict().items()}


def test_probabilities_of_every_attribute_add_up_to_one() -> None:
    probabilities = judged(ensemble(), 3)
    assert {attribute: rows.shape for attribute, rows in probabilities.items()} == {"colour": (3, 3), "length": (3, 2)}
    for rows in probabilities.values():
        assert rows.dtype == np.float32
        assert rows.sum(1) == pytest.approx(np.ones(3), abs=1e-5)


def test_no_pictures_give_no_rows() -> None:
    probabilities = ensemble().predict([], [], [])
    assert {attribute: rows.shape for attribute, rows in probabilities.items()} == {"colour": (0, 3), "length": (0, 2)}


def test_more_pictures_than_a_batch_keep_their_order() -> None:
    images, regions = pictures(BATCH + 3)
    digests = [NEW] * (BATCH + 1) + LEARNT[:2]
    together = ensemble().predict(images, regions, ["top"] * (BATCH + 3), digests)
    for row in (0, BATCH, BATCH + 1, BATCH + 2):
        single = ensemble().predict([images[row]], [regions[row]], ["top"], [digests[row]])
        for attribute, rows in together.items():
            assert rows[row] == pytest.approx(single[attribute][0], abs=1e-5)


def test_a_new_picture_is_judged_by_the_mean_of_the_logits_of_all() -> None:
    one, other, both = judged(alone(0), 2), judged(alone(1), 2), judged(ensemble(), 2, [NEW, ""])
    for attribute, rows in both.items():
        geometric = np.sqrt(one[attribute] * other[attribute])
        assert rows == pytest.approx(geometric / geometric.sum(1, keepdims=True), abs=1e-5)
        assert np.abs(one[attribute] - other[attribute]).max() > 0.01


def test_a_learnt_picture_is_judged_only_by_the_member_that_did_not_learn_it() -> None:
    one, other, both = judged(alone(0), 4), judged(alone(1), 4), judged(ensemble(), 4, [*LEARNT, NEW])
    without = judged(ensemble(), 4)
    for attribute, rows in both.items():
        assert rows[0] == pytest.approx(one[attribute][0], abs=1e-5)
        assert rows[1] == pytest.approx(other[attribute][1], abs=1e-5)
        assert rows[2:] == pytest.approx(without[attribute][2:], abs=1e-5)


def test_a_picture_is_known_by_the_digest_of_its_bytes() -> None:
    one = ensemble()
    assert [one.member_for(digest) for digest in (*LEARNT, NEW, "")] == [0, 1, NOBODY, NOBODY, NOBODY]
    assert one.member_for(LEARNT[1].upper()) == 1


def test_it_rejects_a_digest_that_is_no_number() -> None:
    with pytest.raises(ValueError, match="picture"):
        digest_number("picture.jpg")


def test_member_and_ensemble_have_temperatures_of_their_own() -> None:
    """Temperatures divide logits, so the ratio of two probabilities has the temperature's root."""
    even = judged(ensemble(), 2, [LEARNT[0], NEW])["colour"]
    warm = judged(ensemble(top={"member": 4.0, "ensemble": 2.0}), 2, [LEARNT[0], NEW])["colour"]
    steps = np.log(warm[:, 0] / warm[:, 1]) / np.log(even[:, 0] / even[:, 1])
    assert steps == pytest.approx([1 / 4, 1 / 2], rel=1e-3)


def test_a_garment_group_without_temperatures_takes_those_of_all() -> None:
    classifier = ensemble(top={"member": 1.0, "ensemble": 5.0})
    images, regions = pictures(1)
    found = classifier.predict(images * 3, regions * 3, ["top", "bottom", ""])["colour"]
    assert found[0].max() < found[1].max()
    assert found[1] == pytest.approx(found[2], abs=1e-6)


def test_a_higher_temperature_is_less_sure_and_ranks_alike() -> None:
    sure = judged(ensemble(), 4)["colour"]
    unsure = judged(ensemble(top={"member": 3.0, "ensemble": 3.0}), 4)["colour"]
    assert (unsure.max(1) < sure.max(1)).all()
    assert (unsure.argmax(1) == sure.argmax(1)).all()


def test_pooled_probabilities_survive_huge_logits() -> None:
    logits = np.array([[[9000.0, 0.0]], [[8000.0, 0.0]]], np.float32)
    pooled = pool(logits, np.array([NOBODY]))
    assert calibrated(pooled, np.ones(1, np.float32)).tolist() == [[1.0, 0.0]]


def test_what_lies_outside_the_region_changes_nothing() -> None:
    images, regions = pictures(1)
    changed = np.asarray(images[0]).copy()
    changed[80:] = (255, 0, 255)
    changed[:, 56:] = (255, 0, 255)
    other = ensemble().predict([Image.fromarray(changed)], regions, ["top"])
    for attribute, rows in judged(ensemble(), 1).items():
        assert other[attribute] == pytest.approx(rows, abs=1e-5)


def test_background_inside_the_box_hardly_counts() -> None:
    """A slanted region leaves background within its bounding box; painting it must not turn the answer."""
    rows, columns = np.mgrid[0:90, 0:60]
    region = abs(rows - columns * 1.5) < 20
    plain = np.full((90, 60, 3), 255, np.uint8)
    loud = plain.copy()
    loud[:, :] = (255, 0, 0)
    plain[region] = loud[region] = (20, 20, 90)
    found = ensemble().predict([Image.fromarray(plain), Image.fromarray(loud)], [region, region], ["top"] * 2)
    for one, other in found.values():
        assert np.abs(one - other).max() < 0.05


def test_the_shape_that_stretching_hides_counts() -> None:
    """A plain colour fills the square alike in a slim and in a broad region; only the region's shape differs."""
    member = network()
    with torch.no_grad():
        member.head.weight[:, -SHAPE_WIDTH:] = 0
        member.head.weight[member.slices["length"], -SHAPE_WIDTH] = torch.tensor([-0.5, 0.5])
    image = Image.new("RGB", (100, 100), (120, 30, 60))
    slim, broad = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    slim[5:95, 40:60] = broad[40:60, 5:95] = True
    classifier = Classifier([member], card(), device="cpu")
    found = classifier.predict([image] * 2, [slim, broad], ["full_body"] * 2)
    assert found["length"][0, 1] > found["length"][1, 1] + 0.3
    assert found["colour"][0] == pytest.approx(found["colour"][1], abs=0.02)


def reread(attribute: str, **more: Any) -> Classifier:
    """The ensemble with a second reading of an attribute."""
    described = card()
    described["attributes"][attribute] |= more
    return Classifier([network(4), network(5)], described, device="cpu")


def test_a_second_reading_of_a_colour_goes_by_what_is_measured() -> None:
    measured = MeasuredColours(("red", "green"), np.array([[53.0, 80.0, 67.0], [88.0, -86.0, 83.0]]),
                               np.tile(np.eye(3) * 200, (2, 1, 1)))  # fmt: skip
    weight = np.zeros((len(VALUES["colour"]) + 2 * 2 + 8 + 3, len(VALUES["colour"])))
    weight[len(VALUES["colour"])] = (9.0, 0.0, 0.0)  # the share that fits the first word
    stack = Stack(weight, np.zeros(len(VALUES["colour"])))
    classifier = reread("colour", measured=measured.to_json(), stack=stack.to_json())
    image, region = Image.new("RGB", (60, 90), (255, 0, 0)), np.ones((90, 60), bool)
    other = Image.new("RGB", (60, 90), (0, 255, 0))
    found = classifier.predict([image, other], [region] * 2, ["top"] * 2)["colour"]
    assert found[0, 0] > 0.99
    assert found[1] == pytest.approx([1 / 3] * 3, abs=0.01)
    given = classifier.predict([other], [region], ["top"], palettes=[(PaletteEntry("#ff0000", 1.0),)])["colour"]
    assert given[0] == pytest.approx(found[0], abs=1e-4)


def test_a_second_reading_of_a_length_goes_by_the_outline() -> None:
    weight = np.zeros((sum(map(len, VALUES.values())) + PROFILE_WIDTH + 3, len(VALUES["length"])))
    weight[sum(map(len, VALUES.values()))] = (-4.0, 4.0)  # the logarithm of height over width
    classifier = reread("length", stack=Stack(weight, np.zeros(2)).to_json())
    slim, broad = np.zeros((100, 100), bool), np.zeros((100, 100), bool)
    slim[5:95, 40:60] = broad[40:60, 5:95] = True
    found = classifier.predict([Image.new("RGB", (100, 100), (9, 9, 9))] * 2, [slim, broad], ["full_body"] * 2)
    assert found["length"][0, 1] > 0.99
    assert found["length"][1, 1] < 0.01


def test_it_rejects_an_empty_region() -> None:
    images, regions = pictures(1)
    with pytest.raises(ValueError, match="empty"):
        ensemble().predict(images, [np.zeros_like(regions[0])], ["top"])


def test_it_rejects_unequal_numbers_of_pictures_and_regions() -> None:
    images, regions = pictures(2)
    with pytest.raises(ValueError, match="2 pictures but 1 regions"):
        ensemble().predict(images, regions[:1], ["top"] * 2)


@pytest.mark.parametrize(("groups", "digests"), [(1, 0), (3, 0), (2, 1), (2, 3)])
def test_it_rejects_unequal_numbers_of_pictures_and_groups_or_digests(groups: int, digests: int) -> None:
    with pytest.raises(ValueError, match="2 pictures but"):
        ensemble().predict(*pictures(2), ["top"] * groups, [NEW] * digests)


def test_attention_has_the_pictures_size_and_lies_around_the_region() -> None:
    images, regions = pictures(3)
    maps = ensemble().explain(images, regions, "colour", ["red", "black", "red"])
    assert len(maps) == 3
    for one in maps:
        assert one.shape == (90, 60)
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
        assert not one[80:].any()
        assert one[:, 55:].max() <= 0.2 * one.max()
    assert any(one.max() > 0.5 for one in maps)


def test_attention_stays_inside_the_mask() -> None:
    torch.manual_seed(2)
    masks = torch.zeros(2, 1, 64, 64)
    masks[0, :, :, :32] = 1
    masks[1, :, 16:, :] = 1
    found = np.concatenate([
        grad_cam(network().eval(), torch.rand(2, 3, 64, 64) * 255, masks, torch.zeros(2, 2), [target] * 2)
        for target in range(3)
    ])  # fmt: skip
    assert found.shape == (6, 4, 4)
    assert not found[::2, :, 2:].any()
    assert not found[1::2, :1].any()
    assert found.max() == 1


def test_attention_depends_on_the_attribute_and_the_value_asked_for() -> None:
    images, regions = pictures(1)
    red, black = ensemble().explain(images * 2, regions * 2, "colour", ["red", "black"])
    (maxi,) = ensemble().explain(images, regions, "length", ["maxi"])
    assert np.abs(red - black).max() > 0.01
    assert np.abs(maxi - red).max() > 0.01
    assert np.abs(maxi - black).max() > 0.01


def test_attention_is_that_of_the_first_member() -> None:
    images, regions = pictures(2)
    of_all, of_first = (one.explain(images, regions, "length", ["mini", "maxi"]) for one in (ensemble(), alone(0)))
    assert of_all == [pytest.approx(one, abs=1e-5) for one in of_first]


@pytest.mark.parametrize(("attribute", "value"), [("colour", "paisley"), ("colour", "maxi"), ("sleeve", "red")])
def test_attention_to_an_unknown_value_is_an_error(attribute: str, value: str) -> None:
    images, regions = pictures(1)
    with pytest.raises(ValueError, match=value):
        ensemble().explain(images, regions, attribute, [value])


def test_explaining_leaves_predictions_as_they_were() -> None:
    one, batch = ensemble(), pictures(2)
    before = one.predict(*batch, ["top"] * 2)
    one.explain(*batch, "colour", ["red", "red"])
    after = one.predict(*batch, ["top"] * 2)
    for attribute, rows in before.items():
        assert after[attribute] == pytest.approx(rows, abs=1e-6)


def test_a_model_file_judges_like_the_ensemble_it_was_made_from(tmp_path: Path) -> None:
    temperatures = {"top": {"member": 2.0, "ensemble": 1.5}}
    tensors = pair_of_members() | {
        DIGESTS: torch.tensor([digest_number(digest) for digest in LEARNT], dtype=torch.int64),
        LEFT_OUT: torch.tensor([0, 1, NOBODY], dtype=torch.int8),
    }
    version = save_artifact(tmp_path / "attributes.safetensors", KIND, tensors, card(**temperatures))
    loaded = Classifier.load(tmp_path / "attributes.safetensors", device="cpu")
    assert loaded.version == version
    assert loaded.garment_group == ""
    assert loaded.values == VALUES
    assert [loaded.member_for(digest) for digest in (*LEARNT, NEW)] == [0, 1, NOBODY, NOBODY]
    digests = [*LEARNT, NEW]
    expected = judged(ensemble(**temperatures), 4, digests)
    for attribute, rows in judged(loaded, 4, digests).items():
        assert rows == pytest.approx(expected[attribute], abs=0.01)


def test_a_model_file_without_digests_lets_all_members_judge(tmp_path: Path) -> None:
    save_artifact(tmp_path / "attributes.safetensors", KIND, pair_of_members(), card() | {"garment_group": "top"})
    loaded = Classifier.load(tmp_path / "attributes.safetensors", device="cpu")
    assert loaded.garment_group == "top"
    assert loaded.member_for(LEARNT[0]) == NOBODY


def test_it_rejects_a_model_of_another_kind(tmp_path: Path) -> None:
    save_artifact(tmp_path / "other.safetensors", "segmenter", pair_of_members(), card())
    with pytest.raises(ArtifactIncompatible):
        Classifier.load(tmp_path / "other.safetensors")


@pytest.mark.parametrize(
    "changed",
    [
        {"architecture": {**ARCHITECTURE, "embedding": 8}},
        {"architecture": {**ARCHITECTURE, "trunk": "test_resnet"}},
        {"attributes": {"colour": {"values": ["black", "white"], "temperatures": {"": EVEN}}}},
        {"members": 3},
    ],
    ids=["embedding", "trunk", "values", "members"],
)
def test_it_rejects_weights_of_another_architecture(tmp_path: Path, changed: dict[str, Any]) -> None:
    save_artifact(tmp_path / "other.safetensors", KIND, pair_of_members(), card() | changed)
    with pytest.raises(ArtifactIncompatible):
        Classifier.load(tmp_path / "other.safetensors")


def test_it_rejects_members_without_numbers(tmp_path: Path) -> None:
    save_artifact(tmp_path / "other.safetensors", KIND, pair_of_members(("", "other.")), card())
    with pytest.raises(ArtifactIncompatible):
        Classifier.load(tmp_path / "other.safetensors")


def test_it_rejects_the_classifiers_of_one_attribute_of_old(tmp_path: Path) -> None:
    old = {"attribute": "colour", "values": ["red"], "architecture": ARCHITECTURE, "side": 64, "temperature": 1.0}
    save_artifact(tmp_path / "colour_top.safetensors", KIND, network().state_dict(), old)
    with pytest.raises(ArtifactIncompatible, match="lacks attributes, members"):
        Classifier.load(tmp_path / "colour_top.safetensors")


@pytest.mark.parametrize("left_out", [[0], [0, 2], [0, -2]], ids=["too few", "no such member", "below nobody"])
def test_it_rejects_digests_without_a_member(tmp_path: Path, left_out: list[int]) -> None:
    digests = torch.tensor([digest_number(digest) for digest in LEARNT[:2]], dtype=torch.int64)
    tensors = pair_of_members() | {DIGESTS: digests, LEFT_OUT: torch.tensor(left_out, dtype=torch.int8)}
    save_artifact(tmp_path / "other.safetensors", KIND, tensors, card())
    with pytest.raises(ArtifactIncompatible, match="which member"):
        Classifier.load(tmp_path / "other.safetensors")


def test_a_missing_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        Classifier.load(tmp_path / "none.safetensors")


def test_every_output_belongs_to_one_attribute() -> None:
    assert network().slices == {"colour": slice(0, 3), "length": slice(3, 5)}
    assert network().head.out_features == 5


def test_the_histogram_counts_only_the_region() -> None:
    pixels = torch.full((1, 3, 32, 32), 255.0)
    pixels[:, :, :, :16] = 0
    mask = torch.zeros(1, 1, 32, 32)
    mask[:, :, :, :16] = 1
    histogram = lab_histogram(pixels, mask)
    assert histogram.shape == (1, HISTOGRAM_WIDTH)
    mean_lightness, deviation = float(histogram[0, -6]), float(histogram[0, -3])
    assert mean_lightness == pytest.approx(0, abs=0.01)
    assert deviation == pytest.approx(0, abs=0.02)
    assert float((histogram[0, :-6] ** 2).sum()) == pytest.approx(1, abs=0.01)


def test_the_network_measures_colours_as_the_palette_does() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (50, 3), dtype=np.uint8)
    measured = lab_from_rgb(torch.from_numpy(colours).float())
    assert measured.numpy() == pytest.approx(palette.lab_from_rgb(colours), abs=0.01)
