"""What training starts from: ImageNet weights, and the teacher that outlines packshots."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from inference.fit import pseudo
from inference.fit.pretrained import imagenet_state
from inference.segment import DEFAULT_ARCHITECTURE, build_network


class RedMatters:
    """Stands in for the teacher's session: how red a pixel is."""

    def get_inputs(self) -> list[Any]:
        return [SimpleNamespace(name="pixels")]

    def run(self, outputs: None, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        (pixels,) = feed.values()
        assert pixels.shape == (1, 3, pseudo.TEACHER_SIDE, pseudo.TEACHER_SIDE)
        assert pixels.dtype == np.float32
        return [pixels[:, :1] - pixels[:, 2:]]


def test_the_encoder_takes_every_imagenet_tensor() -> None:
    trunk = build_network(DEFAULT_ARCHITECTURE).get_submodule("encoder.model")
    before = {name: tensor.clone() for name, tensor in trunk.state_dict().items()}
    trunk.load_state_dict(imagenet_state(before), strict=True)
    after = trunk.state_dict()
    assert not torch.equal(before["conv_stem.weight"], after["conv_stem.weight"])
    assert float(after["bn1.running_var"].max()) > 10


def test_tensors_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        imagenet_state({"conv_stem.weight": torch.zeros(1)})


def test_a_matte_has_the_pictures_size_and_is_stretched_to_its_range() -> None:
    picture = Image.new("RGB", (60, 90), (255, 255, 255))
    picture.paste((255, 0, 0), (20, 30, 40, 60))
    matte = pseudo.matte(RedMatters(), picture)
    assert matte.shape == (90, 60)
    assert (matte.min(), matte.max()) == (pytest.approx(0, abs=1e-3), pytest.approx(1, abs=1e-3))
    assert matte[45, 30] > 0.9
    assert matte[5, 5] < 0.1


@pytest.mark.shared_data
def test_the_teacher_outlines_packshots_and_goes_on_where_it_stopped(shared_data: Path, tmp_path: Path) -> None:
    pictures = sorted((shared_data / "hm" / "images").iterdir())[40:42]
    teacher = shared_data.parent / "weights" / "u2netp.onnx"
    (tmp_path / f"{pictures[0].stem}.png").write_bytes(b"kept")
    assert list(pseudo.write_pseudo_masks(pictures, teacher, tmp_path, workers=1)) == [(1, 1)]
    assert (tmp_path / f"{pictures[0].stem}.png").read_bytes() == b"kept"
    with Image.open(tmp_path / f"{pictures[1].stem}.png") as mask, Image.open(pictures[1]) as picture:
        assert mask.size == picture.size
        garment = np.asarray(mask) > 0
    assert pseudo.USABLE_SHARE[0] < garment.mean() < pseudo.USABLE_SHARE[1]
    assert len(list(tmp_path.iterdir())) == 2
