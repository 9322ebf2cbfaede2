"""Several processes that train one network together, as ``torchrun`` starts them: one for each GPU, or on a processor.

Every process reads the same data; a step's batch is shared out among them and their gradients are averaged (Li et al.,
"PyTorch Distributed", VLDB 2020). Only the first process writes files and tells of the progress.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

#: The others wait so long for the first process, which alone cuts up pictures and calibrates.
_PATIENCE = timedelta(hours=12)

#: A network's statistics need so many pictures of a batch in each process.
_LEAST = 2


@dataclass(frozen=True, slots=True)
class Crew:
    """Which of how many processes this one is.

    Attributes:
        rank: 0 for the first, which writes.
        size: 1 for a process that trains alone.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process writes files and tells of the progress."""
        return self.rank == 0

    def share(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The rows of a batch that are this process's; rows are repeated where there are too few for all."""
        if self.size == 1:
            return rows
        return np.resize(rows, max(len(rows), _LEAST * self.size))[self.rank :: self.size]

    def joined(self, network: nn.Module) -> nn.Module:
        """The network to call for a step: itself, or one that averages gradients with the others."""
        if self.size == 1:
            return network
        device = next(network.parameters()).device
        return cast(
            nn.Module, DistributedDataParallel(network, device_ids=[device.index] if device.type == "cuda" else None)
        )

    def told(self, news: Any = None) -> Any:
        """What the first process has to say (anything that can be pickled), in all of them."""
        if self.size == 1:
            return news
        box = [news]
        distributed.broadcast_object_list(box, src=0)
        return box[0]


ALONE = Crew()


def own_rank() -> int:
    """Number of this process among those that ``torchrun`` started; 0 without it."""
    return int(os.environ.get("RANK", "0")) if crew_size() > 1 else 0


def crew_size() -> int:
    """How many processes ``torchrun`` started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def own_device(device: str) -> str:
    """The device of this process: each takes a GPU of its own."""
    return f"cuda:{os.environ.get('LOCAL_RANK', '0')}" if device.startswith("cuda") and crew_size() > 1 else device


def device_name(device: str) -> str:
    """What a person would call a device, with the number of the processes that train together."""
    name = torch.cuda.get_device_name(own_device(device)) if device.startswith("cuda") else "CPU"
    return f"{crew_size()} × {name}" if crew_size() > 1 else name


@contextmanager
def assembled(device: str) -> Iterator[Crew]:
    """Meet the other processes for the block; a process that is alone has nobody to meet.

    Args:
        device: ``cpu`` or ``cuda``.
    """
    if crew_size() == 1:
        yield Crew()
        return
    on_gpu = device.startswith("cuda")
    if on_gpu:
        torch.cuda.set_device(own_device(device))
    distributed.init_process_group("nccl" if on_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield Crew(distributed.get_rank(), distributed.get_world_size())
    finally:
        distributed.destroy_process_group()


class Precision:
    """The arithmetic of a training: float32 on processors, 16 bits where a GPU computes faster in them.

    bfloat16 has the range of float32; where a GPU lacks it, float16 is used and the loss is scaled so that small
    gradients do not vanish (Micikevicius et al., "Mixed Precision Training", ICLR 2018).
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.mixed = device.type == "cuda"
        self.dtype = torch.bfloat16 if not self.mixed or torch.cuda.is_bf16_supported() else torch.float16
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.mixed and self.dtype == torch.float16)

    def forward(self) -> torch.autocast:
        """The context of a forward pass."""
        return torch.autocast(self.device.type, dtype=self.dtype, enabled=self.mixed)

    def step(self, loss: Tensor, optimiser: torch.optim.Optimizer) -> None:
        """Descend once."""
        optimiser.zero_grad(set_to_none=True)
        self.scaler.scale(loss).backward()
        self.scaler.step(optimiser)
        self.scaler.update()
