"""Model files: weights as safetensors (never pickle) and, beside them, a card in JSON that says what they are.

A pair is written whole or not at all: both files go to temporary names, are flushed to the disk and renamed, the card
last. The card carries the SHA-256 of the weights, so a half-written or exchanged pair is noticed when it is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor

#: Raised when the meaning of a card's fields changes; older and newer files are then refused.
FORMAT = 1

#: Digits of the SHA-256 that name a version.
VERSION_DIGITS = 12


class ArtifactError(Exception):
    """A model file cannot be used; the text says why and names the file."""


class ArtifactMissing(ArtifactError):
    """The weights or their card do not exist."""


class ArtifactCorrupt(ArtifactError):
    """The weights or their card are damaged, or do not belong together."""


class ArtifactIncompatible(ArtifactError):
    """The files are whole but of another kind, format or architecture than wanted."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A model read from disk.

    Attributes:
        tensors: the state dictionary, floating point tensors as float32.
        card: everything that the card says.
        version: first twelve digits of the weights' SHA-256.
    """

    tensors: dict[str, Tensor]
    card: dict[str, Any]
    version: str


def card_path(weights: Path) -> Path:
    """The card that belongs to a ``.safetensors`` file."""
    return weights.with_suffix(".json")


def save_artifact(path: Path, kind: str, tensors: Mapping[str, Tensor], card: Mapping[str, Any]) -> str:
    """Write weights (float16) and card.

    Args:
        path: name of the weights, ending in ``.safetensors``.
        kind: what the model is, for example ``segmenter``; :func:`load_artifact` asks for it.
        tensors: a state dictionary; floating point tensors are stored as float16, others as they are.
        card: architecture, classes, data and licences, split, figures, how to reproduce ...; JSON values only. The
            fields ``format``, ``kind``, ``sha256`` and ``created`` are added.

    Returns:
        The version.

    Raises:
        OSError: the disk is full or the folder cannot be written; an older pair then stays as it was.
        ValueError: the file name has another ending.
    """
    if path.suffix != ".safetensors":
        raise ValueError(f"{path.name} should end in .safetensors")
    small = {name: _shrunk(tensor) for name, tensor in tensors.items()}
    content = safetensors.torch.save(small)
    digest = hashlib.sha256(content).hexdigest()
    created = datetime.now(UTC).isoformat(timespec="seconds")
    whole = {"format": FORMAT, "kind": kind, **card, "sha256": digest, "created": created}
    text = json.dumps(whole, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_pair((path, content), (card_path(path), text.encode("utf-8")))
    return digest[:VERSION_DIGITS]


def _shrunk(tensor: Tensor) -> Tensor:
    tensor = tensor.detach().cpu().contiguous()
    return tensor.to(torch.float16) if tensor.is_floating_point() else tensor


def _write_pair(*files: tuple[Path, bytes]) -> None:
    unfinished = [path.with_name(f".{path.name}.{os.getpid()}.part") for path, _ in files]
    try:
        for (_, content), temporary in zip(files, unfinished, strict=True):
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for (path, _), temporary in zip(files, unfinished, strict=True):
            os.replace(temporary, path)
    finally:
        for temporary in unfinished:
            temporary.unlink(missing_ok=True)


def read_card(path: Path, kind: str | None = None) -> dict[str, Any]:
    """Read the card of a ``.safetensors`` file without its weights.

    Raises:
        ArtifactMissing: there is no card.
        ArtifactCorrupt: it is not a JSON object with the fields that :func:`save_artifact` adds.
        ArtifactIncompatible: another format, or another kind than asked for.
    """
    card_file = card_path(path)
    try:
        card = json.loads(card_file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArtifactMissing(f"the model card {card_file} does not exist") from None
    except ValueError as error:
        raise ArtifactCorrupt(f"the model card {card_file} is not readable: {error}") from error
    if not isinstance(card, dict) or not isinstance(card.get("sha256"), str):
        raise ArtifactCorrupt(f"the model card {card_file} lacks the checksum of its weights")
    if card.get("format") != FORMAT:
        raise ArtifactIncompatible(f"{card_file} has format {card.get('format')}; this program reads format {FORMAT}")
    if kind is not None and card.get("kind") != kind:
        raise ArtifactIncompatible(f"{card_file} describes a {card.get('kind')}, wanted is a {kind}")
    return card


def load_artifact(path: Path, kind: str | None = None) -> Artifact:
    """Read weights and card and check that they belong together.

    Args:
        path: the ``.safetensors`` file.
        kind: what the model must be, or None for any.

    Raises:
        ArtifactMissing: a file does not exist.
        ArtifactCorrupt: a file is damaged, half-written or does not fit the other.
        ArtifactIncompatible: another kind or format.
    """
    card = read_card(path, kind)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ArtifactMissing(f"the weights {path} do not exist") from None
    digest = hashlib.sha256(content).hexdigest()
    if digest != card["sha256"]:
        raise ArtifactCorrupt(f"{path} does not have the checksum that its card states; copy both files again")
    try:
        tensors = safetensors.torch.load(content)
    except SafetensorError as error:
        raise ArtifactCorrupt(f"{path} is not a safetensors file: {error}") from error
    wide = {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    return Artifact(wide, card, digest[:VERSION_DIGITS])


def load_weights(network: torch.nn.Module, artifact: Artifact) -> None:
    """Put an artefact's tensors into a network built from its card.

    Raises:
        ArtifactIncompatible: names or shapes differ.
    """
    try:
        network.load_state_dict(artifact.tensors)
    except RuntimeError as error:
        raise ArtifactIncompatible(f"version {artifact.version} does not fit its architecture: {error}") from error
