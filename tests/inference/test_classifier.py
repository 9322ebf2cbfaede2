"""A specialist in use: prediction, calibration, attention, model files. Tiny random networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from inference import palette
from inference.artifact import ArtifactIncompatible, ArtifactMissing, save_artifact
from inference.classify import BATCH, KIND, Classifier
from inference.network import HISTOGRAM_WIDTH, AttributeNetwork, lab_from_rgb, lab_histogram

ARCHITECTURE = {"trunk": "test_efficientnet", "embedding": 16}
CARD = {
    "attribute": "colour",
    "garment_group": "top",
    "architecture": ARCHITECTURE,
    "values": ["black", "white", "red"],
    "side": 64,
    "temperature": 1.0,
}


def network() -> AttributeNetwork:
    torch.manual_seed(4)
    return AttributeNetwork(3, **ARCHITECTURE)


def classifier(**card: object) -> Classifier:
    return Classifier(network(), {**CARD, **card}, device="cpu")


def pictures(count: int, size: tuple[int, int] = (60, 90)) -> tuple[list[Image.Image], list[np.ndarray]]:
    random = np.random.default_rng(count)
    images = [Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)) for _ in range(count)]
    regions = []
    for _ in range(count):
        region = np.zeros((size[1], size[0]), bool)
        region[10:70, 10:50] = True
        regions.append(region)
    return images, regions


def test_probabilities_add_up_to_one() -> None:
    probabilities = classifier().predict(*pictures(3))
    assert probabilities.shape == (3, 3)
    assert probabilities.dtype == np.float32
    assert probabilities.sum(1) == pytest.approx(np.ones(3), abs=1e-5)


def test_no_pictures_give_no_rows() -> None:
    assert classifier().predict([], []).shape == (0, 3)


def test_more_pictures_than_a_batch_keep_their_order() -> None:
    images, regions = pictures(BATCH + 3)
    together = classifier().predict(images, regions)
    assert together[-1] == pytest.approx(classifier().predict(images[-1:], regions[-1:])[0], abs=1e-5)


def test_a_higher_temperature_is_less_sure_and_ranks_alike() -> None:
    batch = pictures(4)
    sure, unsure = classifier().predict(*batch), classifier(temperature=3.0).predict(*batch)
    assert (unsure.max(1) < sure.max(1)).all()
    assert (unsure.argmax(1) == sure.argmax(1)).all()


def test_what_lies_outside_the_region_changes_nothing() -> None:
    images, regions = pictures(1)
    changed = np.asarray(images[0]).copy()
    changed[80:] = (255, 0, 255)
    changed[:, 56:] = (255, 0, 255)
    other = classifier().predict([Image.fromarray(changed)], regions)
    assert other == pytest.approx(classifier().predict(images, regions), abs=1e-5)


def test_background_inside_the_box_hardly_counts() -> None:
    """A slanted region leaves background within its bounding box; painting it must not turn the answer."""
    rows, columns = np.mgrid[0:90, 0:60]
    region = abs(rows - columns * 1.5) < 20
    plain = np.full((90, 60, 3), 255, np.uint8)
    loud = plain.copy()
    loud[:, :] = (255, 0, 0)
    plain[region] = loud[region] = (20, 20, 90)
    one, other = classifier().predict([Image.fromarray(plain), Image.fromarray(loud)], [region, region])
    assert np.abs(one - other).max() < 0.05


def test_it_rejects_an_empty_region() -> None:
    images, regions = pictures(1)
    with pytest.raises(ValueError, match="empty"):
        classifier().predict(images, [np.zeros_like(regions[0])])


def test_it_rejects_unequal_numbers_of_pictures_and_regions() -> None:
    images, regions = pictures(2)
    with pytest.raises(ValueError, match="2 pictures but 1 regions"):
        classifier().predict(images, regions[:1])


def test_attention_has_the_pictures_size_and_lies_around_the_region() -> None:
    images, regions = pictures(3)
    maps = classifier().explain(images, regions, ["red", "black", "red"])
    assert len(maps) == 3
    for one in maps:
        assert one.shape == (90, 60)
        assert one.dtype == np.float32
        assert one.min() >= 0
        assert one.max() <= 1
        assert not one[80:].any()
        assert one[:, 55:].max() < 0.2 * one.max()
    assert any(one.max() > 0.5 for one in maps)


def test_attention_depends_on_the_value_asked_for() -> None:
    images, regions = pictures(1)
    one, other = classifier().explain(images * 2, regions * 2, ["red", "black"])
    assert np.abs(one - other).max() > 0.01


def test_attention_to_an_unknown_value_is_an_error() -> None:
    images, regions = pictures(1)
    with pytest.raises(ValueError, match="paisley"):
        classifier().explain(images, regions, ["paisley"])


def test_explaining_leaves_predictions_as_they_were() -> None:
    one, batch = classifier(), pictures(2)
    before = one.predict(*batch)
    one.explain(*batch, ["red", "red"])
    assert one.predict(*batch) == pytest.approx(before, abs=1e-6)


def test_a_model_file_predicts_like_the_network_it_was_made_from(tmp_path: Path) -> None:
    version = save_artifact(tmp_path / "colour_top.safetensors", KIND, network().state_dict(), CARD)
    loaded = Classifier.load(tmp_path / "colour_top.safetensors", device="cpu")
    assert (loaded.attribute, loaded.garment_group, loaded.values) == ("colour", "top", ("black", "white", "red"))
    assert loaded.version == version
    batch = pictures(3)
    assert loaded.predict(*batch) == pytest.approx(classifier().predict(*batch), abs=0.01)


def test_it_rejects_a_model_of_another_kind(tmp_path: Path) -> None:
    save_artifact(tmp_path / "other.safetensors", "segmenter", network().state_dict(), CARD)
    with pytest.raises(ArtifactIncompatible):
        Classifier.load(tmp_path / "other.safetensors")


def test_it_rejects_weights_of_another_shape(tmp_path: Path) -> None:
    card = {**CARD, "values": ["black", "white"]}
    save_artifact(tmp_path / "other.safetensors", KIND, network().state_dict(), card)
    with pytest.raises(ArtifactIncompatible):
        Classifier.load(tmp_path / "other.safetensors")


def test_a_missing_model_says_so(tmp_path: Path) -> None:
    with pytest.raises(ArtifactMissing):
        Classifier.load(tmp_path / "none.safetensors")


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
