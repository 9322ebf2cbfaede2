"""Name the values of all attributes for the product inside a region: an ensemble of networks.

Each network of the ensemble was trained without one fold of the designs. A picture that none of them learnt is looked
at by all, and their answers are pooled; one that took part in training is looked at by the network that did not learn
it, because a network repeats the wrong labels that it was taught (out-of-fold prediction; Northcutt, Jiang, Chuang,
"Confident Learning", JAIR 2021). Which pictures those are, the model file says itself, by the digests of their bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from inference.artifact import Artifact, ArtifactIncompatible, load_artifact, load_weights
from inference.contract import PaletteEntry
from inference.crops import Crop, crop_region, shape_of
from inference.ensemble import Ensemble
from inference.explain import grad_cam, to_picture
from inference.measured import MeasuredColours
from inference.network import AttributeNetwork
from inference.outline import PROFILE_WIDTH, outline_profile
from inference.palette import measure
from inference.stacking import Stack, colour_features, shape_features

#: What a classifier's card says it is.
KIND = "classifier"

#: Pictures that go through the networks together.
BATCH = 16

#: Digits of a picture's SHA-256 that the model file keeps: 60 bits.
DIGEST_DIGITS = 15

#: Names of the tensors that say which pictures took part in training, and the member that did not learn each.
DIGESTS, LEFT_OUT = "training.digests", "training.left_out"

#: Stands for "no member learnt it".
NOBODY = -1


class Classifier:
    """A trained ensemble, ready to predict.

    Attributes:
        ensemble: the networks.
        values: attribute -> codes of its values, in the order of the columns of :meth:`predict`.
        garment_group: the garment group that it was trained for; "" for all.
        version: identifies the weights.
        side: side of the networks' input in pixels.
        card: everything else that the model's card says.
    """

    def __init__(
        self,
        members: Sequence[AttributeNetwork],
        card: Mapping[str, Any],
        version: str = "",
        device: str | None = None,
        learnt: Mapping[int, int] | None = None,
    ) -> None:
        """Use networks that are already built.

        Args:
            members: the networks; all with the attributes of the card.
            card: see :func:`inference.fit.export.save_ensemble`.
            version: identifies the weights.
            device: ``cpu``, ``cuda`` ...; CUDA when present and nothing is given.
            learnt: number of a picture that took part in training (see :func:`digest_number`) -> the member that did
                not learn it, NOBODY where all did not.
        """
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.ensemble = Ensemble(
            [
                member.to(self.device).to(memory_format=torch.channels_last).eval().requires_grad_(False)
                for member in members
            ]
        )
        self.card = dict(card)
        self.version = version
        self.garment_group: str = card.get("garment_group", "")
        self.values: dict[str, tuple[str, ...]] = {
            attribute: tuple(one["values"]) for attribute, one in card["attributes"].items()
        }
        self.side: int = card["side"]
        self._learnt = dict(learnt or {})
        known = card["attributes"].items()
        self._measured = {name: MeasuredColours.from_json(one["measured"]) for name, one in known if "measured" in one}
        self._stacks = {name: Stack.from_json(one["stack"]) for name, one in known if "stack" in one}

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> Classifier:
        """Read an ensemble from its ``.safetensors`` file and the card beside it.

        Args:
            path: the weights.
            device: ``cpu``, ``cuda`` ...; CUDA when present and nothing is given.

        Raises:
            inference.artifact.ArtifactError: the files are missing, damaged or of another kind.
        """
        members, learnt, artifact = load_members(path)
        return cls(members, artifact.card, artifact.version, device, learnt)

    @property
    def members(self) -> tuple[AttributeNetwork, ...]:
        """The networks of the ensemble."""
        return self.ensemble.members

    def member_for(self, digest: str) -> int:
        """The member that alone may judge a picture, or NOBODY where all may.

        Args:
            digest: SHA-256 of the picture's bytes in hexadecimal digits, or "" where it is not known.
        """
        return self._learnt.get(digest_number(digest), NOBODY) if digest else NOBODY

    def has_learnt(self, digest: str) -> bool:
        """True for a picture that took part in training; ``digest`` as in :meth:`member_for`."""
        return bool(digest) and digest_number(digest) in self._learnt

    def predict(
        self,
        images: Sequence[Image.Image],
        regions: Sequence[NDArray[np.bool_]],
        groups: Sequence[str],
        digests: Sequence[str] = (),
        palettes: Sequence[Sequence[PaletteEntry]] | None = None,
    ) -> dict[str, NDArray[np.float32]]:
        """Classify products.

        Args:
            images: the pictures, RGB.
            regions: bool (height, width) per picture, True where the product is; never empty.
            groups: garment group per picture; chooses the temperature.
            digests: SHA-256 of each picture's file, or nothing where none took part in training.
            palettes: the colours measured in each region; measured here where they are not given.

        Returns:
            Attribute -> float32 (n, values): calibrated probabilities; every row adds up to 1.

        Raises:
            ValueError: a region is empty or does not fit its picture, or the numbers of arguments differ.
        """
        if len(groups) != len(images) or len(digests) not in (0, len(images)):
            raise ValueError(f"{len(images)} pictures but {len(groups)} garment groups and {len(digests)} digests")
        alone = np.array([self.member_for(digest) for digest in digests] or [NOBODY] * len(images), np.int64)
        logits = np.zeros((len(self.members), len(images), self.ensemble.width), np.float32)
        profiles = np.zeros((len(images), PROFILE_WIDTH), np.float64)
        start = 0
        for crops, pixels, masks, shapes in self._batches(images, regions):
            rows = slice(start, start + len(crops))
            asked = set(alone[rows].tolist())
            wanted = range(len(self.members)) if NOBODY in asked else asked
            with torch.inference_mode(), torch.autocast(self.device.type, enabled=self.device.type == "cuda"):
                for number, found in self.ensemble.logits(pixels, masks, shapes, wanted).items():
                    logits[number, rows] = found.float().cpu().numpy()
            profiles[rows] = outline_profile(np.stack([crop.mask for crop in crops]), shapes.cpu().numpy())
            start += len(crops)
        if palettes is None:
            palettes = [measure(image, region) for image, region in zip(images, regions, strict=True)]
        pooled = pool(logits, alone)
        return {
            attribute: calibrated(
                self._second_reading(attribute, pooled, palettes, profiles, groups),
                np.where(alone == NOBODY, *reversed(self._temperatures(attribute, groups))),
            )
            for attribute in self.ensemble.slices
        }

    def _second_reading(
        self,
        attribute: str,
        logits: NDArray[np.float32],
        palettes: Sequence[Sequence[PaletteEntry]],
        profiles: NDArray[np.float64],
        groups: Sequence[str],
    ) -> NDArray[np.float32]:
        """Logits (n, values) of an attribute from those of all (n, all values), by its stack where it has one."""
        own = logits[:, self.ensemble.slices[attribute]]
        if attribute not in self._stacks:
            return own
        if attribute in self._measured:
            return self._stacks[attribute](colour_features(own, palettes, groups, self._measured[attribute]))
        return self._stacks[attribute](shape_features(logits, profiles, groups))

    def _temperatures(self, attribute: str, groups: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Temperatures of a single member and of the pooled ensemble, float32 (n,) each."""
        known = self.card["attributes"][attribute]["temperatures"]
        found = [known.get(group, known[""]) for group in groups]
        table = np.array([(one["member"], one["ensemble"]) for one in found], np.float32).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def explain(
        self,
        images: Sequence[Image.Image],
        regions: Sequence[NDArray[np.bool_]],
        attribute: str,
        values: Sequence[str],
    ) -> list[NDArray[np.float32]]:
        """Show where the evidence for a value lies, as the first network of the ensemble sees it.

        Args:
            images: the pictures, RGB.
            regions: as for :meth:`predict`.
            attribute: code of the attribute.
            values: the value to explain, one per picture.

        Returns:
            float32 (height, width) of 0..1 per picture.

        Raises:
            ValueError: a value is none of the networks', or a region is unusable.
        """
        unknown = set(values).difference(self.values.get(attribute, ()))
        if unknown:
            raise ValueError(f"these networks do not know {', '.join(sorted(unknown))}")
        member = self.members[0]
        first = member.slices[attribute].start
        targets = [first + self.values[attribute].index(value) for value in values]
        maps: list[NDArray[np.float32]] = []
        for crops, pixels, masks, shapes in self._batches(images, regions):
            start = len(maps)
            small = grad_cam(member, pixels, masks, shapes, targets[start : start + len(crops)])
            for crop, one, image in zip(crops, small, images[start : start + len(crops)], strict=True):
                maps.append(to_picture(one, crop.box, (image.height, image.width)))
        return maps

    def _batches(
        self, images: Sequence[Image.Image], regions: Sequence[NDArray[np.bool_]]
    ) -> Iterator[tuple[list[Crop], Tensor, Tensor, Tensor]]:
        if len(images) != len(regions):
            raise ValueError(f"{len(images)} pictures but {len(regions)} regions")
        for start in range(0, len(images), BATCH):
            pairs = list(zip(images[start : start + BATCH], regions[start : start + BATCH], strict=True))
            crops = [crop_region(image, region, self.side) for image, region in pairs]
            pixels = torch.from_numpy(np.stack([crop.pixels for crop in crops])).to(self.device).permute(0, 3, 1, 2)
            masks = torch.from_numpy(np.stack([crop.mask for crop in crops])).to(self.device).unsqueeze(1)
            shapes = torch.from_numpy(np.stack([shape_of(region) for _, region in pairs])).to(self.device)
            yield crops, pixels.float(), masks.float() / 255, shapes


def pool(logits: NDArray[np.float32], alone: NDArray[np.int64]) -> NDArray[np.float32]:
    """One answer of all members: the mean of their logits (the geometric mean, in terms of probabilities).

    Args:
        logits: float (members, n, values).
        alone: int (n,), the only member that may judge, or NOBODY where all may.

    Returns:
        float32 (n, values).
    """
    single = logits[np.maximum(alone, 0), np.arange(logits.shape[1])]
    return np.asarray(np.where((alone == NOBODY)[:, None], logits.mean(0), single), np.float32)


def calibrated(
    logits: NDArray[np.float32], temperatures: NDArray[np.floating[Any]] | None = None
) -> NDArray[np.float32]:
    """Probabilities, float32 (n, values), rows adding up to 1, by a temperature for each row (Guo et al., ICML 2017).

    A single network is surer than an ensemble, so each has a temperature of its own; without any it is 1.
    """
    chosen = logits if temperatures is None else logits / temperatures[:, None]
    powers = np.exp(chosen - chosen.max(1, keepdims=True))
    return (powers / powers.sum(1, keepdims=True)).astype(np.float32)


def digest_number(digest: str) -> int:
    """The first digits of a picture's SHA-256 as a number, as model files keep it.

    Raises:
        ValueError: the digest is no hexadecimal number.
    """
    return int(digest[:DIGEST_DIGITS], 16)


def load_members(path: Path) -> tuple[list[AttributeNetwork], dict[int, int], Artifact]:
    """Read the networks of an ensemble as they were trained.

    Returns:
        The networks; number of each picture that took part in training -> the member that did not learn it, NOBODY
        where all did not; card and version.

    Raises:
        inference.artifact.ArtifactError: the files are missing, damaged or of another kind.
    """
    artifact = load_artifact(path, kind=KIND)
    members = _networks(artifact)
    for number, network in enumerate(members):
        prefix = f"{number}."
        own = {name[len(prefix) :]: part for name, part in artifact.tensors.items() if name.startswith(prefix)}
        load_weights(network, replace(artifact, tensors=own))
    return members, _learnt(artifact, len(members)), artifact


def _networks(artifact: Artifact) -> list[AttributeNetwork]:
    """Untrained networks as the card describes them; the classifiers of one attribute had another card."""
    lacking = {"attributes", "members", "architecture", "side"}.difference(artifact.card)
    if lacking:
        named = ", ".join(sorted(lacking))
        raise ArtifactIncompatible(f"the card of version {artifact.version} describes no ensemble: it lacks {named}")
    counts = {attribute: len(one["values"]) for attribute, one in artifact.card["attributes"].items()}
    return [AttributeNetwork(counts, **artifact.card["architecture"]) for _ in range(artifact.card["members"])]


def _learnt(artifact: Artifact, members: int) -> dict[int, int]:
    """Number of a picture that took part in training -> the member that did not learn it."""
    digests = artifact.tensors.get(DIGESTS, torch.zeros(0, dtype=torch.int64)).tolist()
    left_out = artifact.tensors.get(LEFT_OUT, torch.zeros(0, dtype=torch.int8)).tolist()
    if len(digests) != len(left_out) or not set(left_out).issubset(range(NOBODY, members)):
        raise ArtifactIncompatible(f"version {artifact.version} does not say which member did not learn each picture")
    return dict(zip(digests, left_out, strict=True))
