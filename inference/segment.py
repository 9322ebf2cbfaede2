"""The U-Net that finds person, top, bottom, full-body garment, footwear and accessories in a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as functional
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

from inference.artifact import load_artifact, load_weights
from inference.contract import GROUPS
from inference.fused import EXAMPLE_SIDE, fused

#: What a segmentation network's card says it is.
KIND = "segmenter"

#: The shape of the network that training builds; written into the card, from which an audit builds it again.
DEFAULT_ARCHITECTURE: Mapping[str, Any] = {
    "network": "segmentation_models_pytorch.Unet",
    "encoder": "tu-tf_efficientnet_lite0",
    "decoder_channels": [128, 64, 32, 24, 16],
    "classes": len(GROUPS),
}

#: Inputs (height, width) of about the same number of pixels; a picture goes into the one that it fills best.
DEFAULT_VIEWS: tuple[tuple[int, int], ...] = ((288, 192), (256, 224), (224, 256), (192, 288))

#: Input of the network: RGB 0..255, less MEAN, over SCALE.
MEAN = 127.0
SCALE = 128.0

#: Pictures that go through the network together.
BATCH = 16


def normalise(pixels: Tensor) -> Tensor:
    """Turn RGB 0..255 (any shape, any dtype) into the float32 input that the encoder was trained with, about -1..1."""
    return (pixels.float() - MEAN) / SCALE


def build_network(architecture: Mapping[str, Any]) -> nn.Module:
    """Build an untrained U-Net (Ronneberger et al., MICCAI 2015).

    Args:
        architecture: "encoder" (a name that segmentation-models-pytorch knows), "decoder_channels" (one number per
            level, five for a whole encoder) and "classes".

    Returns:
        A module from float32 (n, 3, h, w), sides multiples of 32, to logits (n, classes, h, w).
    """
    import segmentation_models_pytorch

    channels = tuple(architecture["decoder_channels"])
    return segmentation_models_pytorch.Unet(
        encoder_name=architecture["encoder"],
        encoder_depth=len(channels),
        encoder_weights=None,
        decoder_channels=channels,
        classes=int(architecture["classes"]),
    )


def best_device() -> str:
    """ "cuda" where it is present, else "cpu"."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def half_precision(device: torch.device) -> torch.dtype | None:
    """The 16-bit type in which a device computes faster than in float32, or None.

    Processors with bfloat16 instructions take less than half the time for the same map (99.8% of pixels equal); others
    would emulate it and take longer.
    """
    if device.type == "cuda":
        return torch.float16
    abilities = torch.cpu.get_capabilities()
    return torch.bfloat16 if abilities.get("avx512_bf16") or abilities.get("amx_bf16") else None


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A picture laid into an input: its pixels, and where in the input it lies."""

    pixels: NDArray[np.uint8]
    top: int
    left: int
    height: int
    width: int


def _fit(image: Image.Image, view: tuple[int, int]) -> _Fitted:
    """Shrink or enlarge a picture into a view, keeping its proportions; the rest repeats its border."""
    scale = min(view[0] / image.height, view[1] / image.width)
    height = min(view[0], max(1, round(image.height * scale)))
    width = min(view[1], max(1, round(image.width * scale)))
    small = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=2.0), np.uint8)
    top, left = (view[0] - height) // 2, (view[1] - width) // 2
    padding = ((top, view[0] - height - top), (left, view[1] - width - left), (0, 0))
    return _Fitted(np.pad(small, padding, mode="edge"), top, left, height, width)


class Segmenter:
    """A trained segmentation network, ready to predict.

    Attributes:
        version: identifies the weights.
        views: the inputs, (height, width), that pictures are laid into.
        card: everything that the model's card says.
    """

    def __init__(
        self, network: nn.Module, card: Mapping[str, Any], version: str = "", device: str | None = None
    ) -> None:
        self.device = torch.device(device or best_device())
        ready = network.to(memory_format=torch.channels_last).to(self.device).eval().requires_grad_(False)
        self.network = fused(ready, torch.zeros(1, 3, EXAMPLE_SIDE, EXAMPLE_SIDE, device=self.device))
        self.card = dict(card)
        self.version = version
        self.views = tuple((int(height), int(width)) for height, width in self.card.get("views", DEFAULT_VIEWS))

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> Segmenter:
        """Read a network from its ``.safetensors`` file and the card beside it.

        Args:
            path: the weights.
            device: ``cpu``, ``cuda`` ...; CUDA when present and nothing is given.

        Raises:
            inference.artifact.ArtifactError: the files are missing, damaged or of another kind.
        """
        artifact = load_artifact(path, kind=KIND)
        network = build_network(artifact.card["architecture"])
        load_weights(network, artifact)
        return cls(network, artifact.card, artifact.version, device)

    def view_of(self, image: Image.Image) -> tuple[int, int]:
        """The input (height, width) in which a picture keeps most of its detail."""
        return max(self.views, key=lambda view: min(view[0] / image.height, view[1] / image.width))

    def predict(self, images: Sequence[Image.Image]) -> list[NDArray[np.uint8]]:
        """Find the groups.

        Args:
            images: RGB pictures of any size.

        Returns:
            Per picture uint8 (height, width) of group numbers 0..6, in the picture's own size.
        """
        maps: list[NDArray[np.uint8] | None] = [None] * len(images)
        by_view: dict[tuple[int, int], list[int]] = {}
        for number, image in enumerate(images):
            by_view.setdefault(self.view_of(image), []).append(number)
        for view, numbers in by_view.items():
            for start in range(0, len(numbers), BATCH):
                part = numbers[start : start + BATCH]
                for number, groups in zip(part, self._predict_batch([images[i] for i in part], view), strict=True):
                    maps[number] = groups
        return [groups for groups in maps if groups is not None]

    def _predict_batch(self, images: Sequence[Image.Image], view: tuple[int, int]) -> list[NDArray[np.uint8]]:
        fitted = [_fit(image, view) for image in images]
        pixels = torch.from_numpy(np.stack([one.pixels for one in fitted])).to(self.device).permute(0, 3, 1, 2)
        pixels = normalise(pixels)
        half = half_precision(self.device)
        with torch.inference_mode(), torch.autocast(self.device.type, half, enabled=half is not None):
            logits = self.network(pixels.contiguous(memory_format=torch.channels_last)).float()
        return [_to_picture(one, place, image) for one, place, image in zip(logits, fitted, images, strict=True)]


def _to_picture(logits: Tensor, place: _Fitted, image: Image.Image) -> NDArray[np.uint8]:
    """Turn logits (classes, h, w) of an input into group numbers of the picture that lies in it."""
    inside = logits[None, :, place.top : place.top + place.height, place.left : place.left + place.width]
    with torch.inference_mode():
        own = functional.interpolate(inside, (image.height, image.width), mode="bilinear", align_corners=False)
        return own[0].max(0).indices.to(torch.uint8).cpu().numpy()  # four times as fast as argmax on CPU
