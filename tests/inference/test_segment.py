"""The segmentation network takes pictures of any shape and gives group maps in their own size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from inference.artifact import ArtifactIncompatible, save_artifact
from inference.segment import KIND, Segmenter, build_network

TINY = {"encoder": "tu-tf_efficientnet_lite0", "decoder_channels": [8, 8, 8], "classes": 7}
CARD = {"architecture": TINY, "views": [[96, 64], [64, 96]]}


class RedIsTop(nn.Module):
    """Calls red pixels a top; sees the input as the network does."""

    def forward(self, pixels: Tensor) -> Tensor:
        red = pixels[:, 0] - pixels[:, 2] > 0.5
        logits = torch.zeros(len(pixels), 7, *pixels.shape[2:])
        logits[:, 2] = torch.where(red, 5.0, -5.0)
        return logits


def half_red(width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (width, height), (240, 240, 240))
    image.paste((220, 10, 10), (0, 0, width // 2, height))
    return image


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "segmentation.safetensors"
    torch.manual_seed(1)
    save_artifact(path, KIND, build_network(TINY).state_dict(), CARD)
    return path


def test_a_loaded_network_gives_maps_of_every_size(weights: Path) -> None:
    segmenter = Segmenter.load(weights, "cpu")
    sizes = [(40, 60), (300, 100), (61, 59), (17, 200)]
    maps = segmenter.predict([half_red(*size) for size in sizes])
    assert [one.shape[::-1] for one in maps] == sizes
    assert all(one.dtype == np.uint8 and one.max() <= 6 for one in maps)
    assert len(segmenter.version) == 12


def test_the_same_picture_gives_the_same_map_alone_and_in_a_batch(weights: Path) -> None:
    segmenter = Segmenter.load(weights, "cpu")
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 60, 3), dtype=np.uint8))
    alone = segmenter.predict([noise])[0]
    together = segmenter.predict([half_red(50, 70), noise, half_red(70, 50)])[1]
    assert (alone == together).mean() > 0.99


@pytest.mark.parametrize("size", [(200, 300), (300, 200), (80, 400), (64, 96), (33, 47)])
def test_the_map_lies_where_the_garment_is(size: tuple[int, int]) -> None:
    (groups,) = Segmenter(RedIsTop(), CARD, device="cpu").predict([half_red(*size)])
    truth = np.zeros((size[1], size[0]), np.uint8)
    truth[:, : size[0] // 2] = 2
    assert (groups == truth).mean() > 0.95


def test_a_picture_goes_into_the_input_that_it_fills_best() -> None:
    segmenter = Segmenter(RedIsTop(), CARD, device="cpu")
    assert segmenter.view_of(half_red(200, 300)) == (96, 64)
    assert segmenter.view_of(half_red(300, 200)) == (64, 96)


def test_no_pictures_give_no_maps() -> None:
    assert Segmenter(RedIsTop(), CARD, device="cpu").predict([]) == []


def test_a_model_of_another_kind_is_refused(tmp_path: Path) -> None:
    save_artifact(tmp_path / "a.safetensors", "classifier", {"x": torch.ones(1)}, CARD)
    with pytest.raises(ArtifactIncompatible):
        Segmenter.load(tmp_path / "a.safetensors", "cpu")
