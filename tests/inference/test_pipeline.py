"""Files become readings; a bad picture becomes a problem and never stops the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from inference import pipeline as pipeline_module
from inference.contract import GROUPS, ExplainRequest, PaletteEntry, PictureRequest
from inference.pipeline import Pipeline

RED, BLUE = (200, 20, 30), (20, 40, 200)


class RedIsTop:
    """Stands in for the network: reddish pixels are a top, bluish ones a bottom."""

    version = "seg"

    def predict(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        maps = []
        for image in images:
            red, _, blue = np.moveaxis(np.asarray(image, int), 2, 0)
            groups = np.where(red - blue > 60, GROUPS.index("top"), 0)
            groups = np.where(blue - red > 60, GROUPS.index("bottom"), groups)
            maps.append(groups.astype(np.uint8))
        return maps


class MeanColour:
    """Stands in for a classifier: the share of red and of blue inside the region, and whether red prevails."""

    values = {"colour": ("red", "blue"), "mood": ("warm", "cold")}

    def __init__(self, version: str) -> None:
        self.version = version
        self.asked: list[tuple[str, str]] = []
        self.explained: list[int] = []
        self.palettes: list[Sequence[PaletteEntry]] = []

    def predict(
        self,
        images: Sequence[Image.Image],
        regions: Sequence[NDArray[np.bool_]],
        groups: Sequence[str],
        digests: Sequence[str] = (),
        palettes: Sequence[Sequence[PaletteEntry]] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        self.asked += zip(groups, digests, strict=True)
        self.palettes += palettes or []
        means = [np.asarray(image, float)[region].mean(0) for image, region in zip(images, regions, strict=True)]
        shares = np.array([[mean[0], mean[2]] / (mean[0] + mean[2]) for mean in means], np.float32)
        return {"colour": shares, "mood": shares.round()}

    def explain(
        self,
        images: Sequence[Image.Image],
        regions: Sequence[NDArray[np.bool_]],
        attribute: str,
        values: Sequence[str],
    ) -> list[NDArray[np.float32]]:
        self.explained.append(len(images))
        places = [self.values[attribute].index(value) for value in values]
        return [region.astype(np.float32) / (1 + place) for region, place in zip(regions, places, strict=True)]


@pytest.fixture
def of_tops() -> MeanColour:
    return MeanColour("t")


@pytest.fixture
def of_all() -> MeanColour:
    return MeanColour("a")


@pytest.fixture
def pipeline(of_tops: MeanColour, of_all: MeanColour) -> Pipeline:
    """A specialist for tops and a classifier for everything else."""
    return Pipeline(RedIsTop(), {"top": of_tops, "": of_all})  # type: ignore[arg-type]


def outfit(path: Path, size: tuple[int, int] = (80, 120)) -> Path:
    """A red top above blue trousers on white."""
    width, height = size
    image = Image.new("RGB", size, (255, 255, 255))
    image.paste(RED, (width // 4, height // 8, 3 * width // 4, height // 2))
    image.paste(BLUE, (width // 4, height // 2, 3 * width // 4, 7 * height // 8))
    image.save(path)
    return path


def test_only_the_wanted_garment_is_classified(tmp_path: Path, pipeline: Pipeline) -> None:
    path = outfit(tmp_path / "a.png")
    top, bottom = pipeline.read([PictureRequest("1", path, "top"), PictureRequest("2", path, "bottom")])
    assert (top.key, bottom.key) == ("1", "2")
    assert top.probabilities["colour"]["red"] == pytest.approx(200 / 230, abs=1e-4)
    assert bottom.probabilities["colour"]["blue"] == pytest.approx(200 / 220, abs=1e-4)
    assert top.probabilities["mood"] == {"warm": 1.0, "cold": 0.0}
    assert top.region_share == pytest.approx(0.5 * 0.375, abs=0.01)
    assert not (top.region & bottom.region).any()
    assert sum(entry.share for entry in top.palette) == pytest.approx(1)


def test_maps_come_back_in_the_pictures_own_size(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "WORKING_SIDE", 120)
    (reading,) = pipeline.read([PictureRequest("1", outfit(tmp_path / "a.png", (400, 600)), "top")])
    assert reading.groups.shape == reading.region.shape == (600, 400)
    assert reading.groups.dtype == np.uint8
    assert reading.region.dtype == np.bool_
    assert reading.region[150, 200]
    assert not reading.region[400, 200]


def test_bad_pictures_say_what_is_wrong_and_the_others_are_read(tmp_path: Path, pipeline: Pipeline) -> None:
    good = outfit(tmp_path / "good.png")
    (tmp_path / "text.jpg").write_text("not found")
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "half.png").write_bytes(good.read_bytes()[:60])
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    names = ["text.jpg", "good.png", "empty.jpg", "gone.jpg", "half.png", "dot.png", "good.png"]
    readings = pipeline.read([PictureRequest(name, tmp_path / name, "top") for name in names])
    assert [reading.key for reading in readings] == names
    wanted = ["not_a_picture", None, "empty", "missing", "truncated", "too_small", None]
    assert [reading.problem for reading in readings] == wanted
    assert all(bool(reading.probabilities) == (reading.problem is None) for reading in readings)


def test_a_picture_without_the_product_says_so(tmp_path: Path, pipeline: Pipeline) -> None:
    Image.new("RGB", (80, 120), (250, 250, 250)).save(tmp_path / "a.png")
    (reading,) = pipeline.read([PictureRequest("1", tmp_path / "a.png", "top")])
    assert reading.problem == "no_region"
    assert reading.groups is not None
    assert reading.region is None
    assert not reading.probabilities


def test_order_is_kept_over_many_batches(
    tmp_path: Path, pipeline: Pipeline, of_tops: MeanColour, of_all: MeanColour
) -> None:
    path = outfit(tmp_path / "a.png")
    requests = [PictureRequest(str(number), path, ("top", "bottom")[number % 2]) for number in range(50)]
    readings = pipeline.read(requests)
    assert [reading.key for reading in readings] == [str(number) for number in range(50)]
    likeliest = [max(reading.probabilities["colour"], key=reading.probabilities["colour"].get) for reading in readings]
    assert likeliest == ["red", "blue"] * 25
    assert len(of_tops.asked) == len(of_all.asked) == 25


def test_a_specialist_wins_over_the_classifier_for_all(
    tmp_path: Path, pipeline: Pipeline, of_tops: MeanColour, of_all: MeanColour
) -> None:
    path = outfit(tmp_path / "a.png")
    pipeline.read([PictureRequest("1", path, "top"), PictureRequest("2", path, "bottom")])
    assert [group for group, _ in of_tops.asked] == ["top"]
    assert [group for group, _ in of_all.asked] == ["bottom"]
    assert pipeline.classifier_for("full_body") is of_all


def test_a_classifier_is_told_group_and_digest_of_each_picture(tmp_path: Path, of_all: MeanColour) -> None:
    path = outfit(tmp_path / "a.png")
    requests = [
        PictureRequest("1", path, "top", "aa"),
        PictureRequest("2", tmp_path / "gone.png", "top", "bb"),
        PictureRequest("3", path, "bottom", "cc"),
        PictureRequest("4", path, "top"),
    ]
    Pipeline(RedIsTop(), {"": of_all}).read(requests)  # type: ignore[arg-type]
    assert of_all.asked == [("top", "aa"), ("bottom", "cc"), ("top", "")]


def test_a_classifier_is_told_the_colours_that_were_measured(
    tmp_path: Path, pipeline: Pipeline, of_tops: MeanColour
) -> None:
    (reading,) = pipeline.read([PictureRequest("1", outfit(tmp_path / "a.png"), "top")])
    assert of_tops.palettes == [reading.palette]


def test_a_picture_without_a_classifier_has_no_probabilities(tmp_path: Path, of_tops: MeanColour) -> None:
    path = outfit(tmp_path / "a.png")
    lacking = Pipeline(RedIsTop(), {"top": of_tops})  # type: ignore[arg-type]
    top, bottom = lacking.read([PictureRequest("1", path, "top"), PictureRequest("2", path, "bottom")])
    assert set(top.probabilities) == {"colour", "mood"}
    assert bottom.probabilities == {}
    assert bottom.problem is None
    assert bottom.region.any()
    assert bottom.palette
    (explained,) = lacking.explain([ExplainRequest("2", path, bottom.region, "bottom", "colour", "blue")])
    assert not explained.any()


def test_nothing_is_read_of_no_requests(pipeline: Pipeline) -> None:
    assert pipeline.read([]) == []
    assert pipeline.explain([]) == []


def test_explanations_have_the_size_of_the_region(
    tmp_path: Path, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_module, "WORKING_SIDE", 120)
    path = outfit(tmp_path / "a.png", (400, 600))
    (reading,) = pipeline.read([PictureRequest("1", path, "top")])
    known = ExplainRequest("1", path, reading.region, "top", "colour", "red")
    unknown = ExplainRequest("2", path, reading.region, "top", "colour", "ultraviolet")
    elsewhere = ExplainRequest("3", path, reading.region, "top", "mood", "red")
    gone = ExplainRequest("4", tmp_path / "gone.png", reading.region, "top", "colour", "red")
    nothing = ExplainRequest("5", path, np.zeros_like(reading.region), "top", "colour", "red")
    maps = pipeline.explain([unknown, known, elsewhere, gone, nothing])
    assert [one.shape for one in maps] == [(600, 400)] * 5
    assert [bool(one.any()) for one in maps] == [False, True, False, False, False]
    assert maps[1][150, 200] == pytest.approx(1)


def test_each_explanation_is_of_its_own_attribute_and_value(
    tmp_path: Path, pipeline: Pipeline, of_tops: MeanColour, of_all: MeanColour
) -> None:
    path = outfit(tmp_path / "a.png")
    region = np.ones((120, 80), bool)
    wanted = [("top", "colour", "blue"), ("bottom", "colour", "red"), ("top", "mood", "warm"), ("top", "colour", "red")]
    maps = pipeline.explain([ExplainRequest("", path, region, *one) for one in wanted * 9])
    assert [float(one.max()) for one in maps] == [0.5, 1.0, 1.0, 1.0] * 9
    assert sum(of_tops.explained) == 27
    assert sum(of_all.explained) == 9


def test_versions_name_every_network(pipeline: Pipeline) -> None:
    assert pipeline.versions == {"segmenter": "seg", "classifier/top": "t", "classifier/": "a"}
