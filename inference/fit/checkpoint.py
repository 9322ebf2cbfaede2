"""Checkpoints from which an interrupted training goes on, and the running average of weights.

A checkpoint is a private file of the machine that trains, never shipped: shipped weights are safetensors
(:mod:`inference.artifact`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class CheckpointMismatch(Exception):
    """The checkpoint belongs to another network or to other settings."""


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` (tensors, numbers, strings, lists, dictionaries); the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with unfinished.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def load_checkpoint(path: Path, settings: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Read a checkpoint written by :func:`save_checkpoint`, or None when there is none.

    Args:
        path: the file.
        settings: when given, must equal ``state["settings"]``.

    Raises:
        CheckpointMismatch: it was written with other settings.
    """
    if not path.exists():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    if settings is not None and state.get("settings") != settings:
        raise CheckpointMismatch(f"{path} was written with {state.get('settings')}, not with {settings}")
    return state


class AverageOfWeights:
    """Exponential moving average of a network's weights and normalisation statistics (Polyak & Juditsky, 1992).

    The average warms up: after n updates the decay is at most (1 + n) / (10 + n).
    """

    def __init__(self, network: nn.Module, decay: float = 0.998) -> None:
        """Start from the present weights of ``network``."""
        self.decay = decay
        self.updates = 0
        self.state = {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Move the average towards the present weights."""
        self.updates += 1
        step = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, tensor in network.state_dict().items():
            if tensor.is_floating_point():
                self.state[name].lerp_(tensor.detach(), step)
            else:
                self.state[name].copy_(tensor)

    def copy_to(self, network: nn.Module) -> None:
        """Load the average into ``network``."""
        network.load_state_dict(self.state)

    def state_dict(self) -> dict[str, Tensor | int]:
        """The average as one flat dictionary, for a checkpoint."""
        return {"updates": self.updates, **{f"average.{name}": tensor for name, tensor in self.state.items()}}

    def load_state_dict(self, saved: dict[str, Any]) -> None:
        """Take back what :meth:`state_dict` gave."""
        self.updates = int(saved["updates"])
        for name, tensor in self.state.items():
            tensor.copy_(saved[f"average.{name}"])
