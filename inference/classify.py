"""Name an attribute's value for the product inside a region: one specialist network per garment group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from inference.artifact import load_artifact, load_weights
from inference.crops import Crop, crop_region
from inference.explain import grad_cam, to_picture
from inference.network import AttributeNetwork

#: What a classifier's card says it is.
KIND = "classifier"

#: Pictures that go through the network together.
BATCH = 16


class Classifier:
    """A trained specialist, ready to predict.

    Attributes:
        attribute: code of the attribute, for example ``colour``.
        garment_group: the garment group that it was trained for.
        values: codes of the values, in the order of the columns of :meth:`predict`.
        version: identifies the weights.
        side: side of the network's input in pixels.
        temperature: the logits are divided by it, so that probabilities are calibrated (Guo et al., ICML 2017).
        card: everything else that the model's card says.
    """

    def __init__(
        self, network: AttributeNetwork, card: dict[str, Any], version: str = "", device: str | None = None
    ) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        network.to(self.device).to(memory_format=torch.channels_last)
        self.network = network.eval().requires_grad_(False)
        self.card = card
        self.version = version
        self.attribute: str = card["attribute"]
        self.garment_group: str = card["garment_group"]
        self.values: tuple[str, ...] = tuple(card["values"])
        self.side: int = card["side"]
        self.temperature: float = card["temperature"]

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> Classifier:
        """Read a specialist from its ``.safetensors`` file and the card beside it.

        Args:
            path: the weights.
            device: ``cpu``, ``cuda`` ...; CUDA when present and nothing is given.

        Raises:
            inference.artifact.ArtifactError: the files are missing, damaged or of another kind.
        """
        artifact = load_artifact(path, kind=KIND)
        network = AttributeNetwork(len(artifact.card["values"]), **artifact.card["architecture"])
        load_weights(network, artifact)
        return cls(network, artifact.card, artifact.version, device)

    def predict(self, images: Sequence[Image.Image], regions: Sequence[NDArray[np.bool_]]) -> NDArray[np.float32]:
        """Classify products.

        Args:
            images: the pictures, RGB.
            regions: bool (height, width) per picture, True where the product is; never empty.

        Returns:
            float32 (n, len(values)): calibrated probabilities; every row adds up to 1.

        Raises:
            ValueError: a region is empty or does not fit its picture.
        """
        rows = [np.zeros((0, len(self.values)), np.float32)]
        for _, pixels, masks in self._batches(images, regions):
            with torch.inference_mode(), torch.autocast(self.device.type, enabled=self.device.type == "cuda"):
                logits = self.network(pixels, masks)
            rows.append((logits.float() / self.temperature).softmax(1).cpu().numpy())
        return np.concatenate(rows)

    def explain(
        self, images: Sequence[Image.Image], regions: Sequence[NDArray[np.bool_]], values: Sequence[str]
    ) -> list[NDArray[np.float32]]:
        """Show where the evidence for a value lies.

        Args:
            images: the pictures, RGB.
            regions: as for :meth:`predict`.
            values: the value to explain, one per picture.

        Returns:
            float32 (height, width) of 0..1 per picture.

        Raises:
            ValueError: a value is none of the network's, or a region is unusable.
        """
        unknown = set(values).difference(self.values)
        if unknown:
            raise ValueError(f"this network does not know {', '.join(sorted(unknown))}")
        targets = [self.values.index(value) for value in values]
        maps: list[NDArray[np.float32]] = []
        for crops, pixels, masks in self._batches(images, regions):
            start = len(maps)
            small = grad_cam(self.network, pixels, masks, targets[start : start + len(crops)])
            for crop, one, image in zip(crops, small, images[start : start + len(crops)], strict=True):
                maps.append(to_picture(one, crop.box, (image.height, image.width)))
        return maps

    def _batches(
        self, images: Sequence[Image.Image], regions: Sequence[NDArray[np.bool_]]
    ) -> Iterator[tuple[list[Crop], Tensor, Tensor]]:
        if len(images) != len(regions):
            raise ValueError(f"{len(images)} pictures but {len(regions)} regions")
        for start in range(0, len(images), BATCH):
            pairs = zip(images[start : start + BATCH], regions[start : start + BATCH], strict=True)
            crops = [crop_region(image, region, self.side) for image, region in pairs]
            pixels = torch.from_numpy(np.stack([crop.pixels for crop in crops])).to(self.device).permute(0, 3, 1, 2)
            masks = torch.from_numpy(np.stack([crop.mask for crop in crops])).to(self.device).unsqueeze(1)
            yield crops, pixels.float(), masks.float() / 255
