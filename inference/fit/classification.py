"""Training loop of the attribute networks.

Every network learns all attributes at once: one trunk, one layer of outputs. Labels are smoothed because shops
mislabel, and an exponential average of the weights is what is kept.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from inference.fit.checkpoint import AverageOfWeights, load_checkpoint, save_checkpoint
from inference.fit.classification_augment import augment, plain
from inference.fit.crew import ALONE, Crew, Precision
from inference.fit.data_shop import Crops
from inference.fit.losses import Lesson, joint_loss
from inference.fit.pretrained import imagenet_state
from inference.network import EMBEDDING, TRUNK, AttributeNetwork

Report = Callable[[dict[str, Any]], None]

#: Seconds between two reports within an epoch.
_SILENCE = 2.0


@dataclass(frozen=True, slots=True)
class Schedule:
    """How a network is trained.

    Attributes:
        sides: side of the input in each epoch; growing sides save time (progressive resizing).
        rate: highest learning rate of the trunk; the new layers take ``head_factor`` times as much.
        head_factor: see ``rate``.
        batch: pictures a step.
        smoothing: share of a label's weight given to all values alike.
        decay: weight decay.
        ema: decay of the weights' exponential average, per step.
        seed: of the order and the augmentation.
        weights: attribute -> its share in the loss; 1 where it is not named.
        frozen: so many first stages of the trunk, and its stem, stay as they came from ImageNet. They see the largest
            maps: with two frozen a step on a processor takes 0.59 of the time.
        kept: attributes whose outputs stay as they were.
    """

    sides: tuple[int, ...] = (112, 128, 128, 128, 144, 144)
    rate: float = 6e-4
    head_factor: float = 3.0
    batch: int = 32
    smoothing: float = 0.08
    decay: float = 0.02
    ema: float = 0.99
    seed: int = 7
    weights: Mapping[str, float] = field(default_factory=lambda: {"garment_type": 0.4, "pattern": 0.4, "length": 0.3})
    frozen: int = 2
    kept: tuple[str, ...] = ()

    def settings(self) -> dict[str, str]:
        """What a checkpoint remembers of it, so that a training never goes on with another schedule."""
        return {"schedule": json.dumps(asdict(self), sort_keys=True)}


def new_network(values: Mapping[str, int], trunk: str = TRUNK, embedding: int = EMBEDDING) -> AttributeNetwork:
    """A network for so many values per attribute; the default trunk begins with ImageNet weights, others at random."""
    network = AttributeNetwork(values, trunk, embedding)
    if trunk == TRUNK:
        network.trunk.load_state_dict(imagenet_state(network.trunk.state_dict()), strict=True)
    return network


def _optimiser(network: AttributeNetwork, schedule: Schedule) -> torch.optim.AdamW:
    learning = [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
    trunk = [weight for name, weight in learning if name.startswith("trunk.")]
    rest = [weight for name, weight in learning if not name.startswith("trunk.")]
    groups = [
        {"params": trunk, "lr": schedule.rate, "top": schedule.rate},
        {"params": rest, "lr": schedule.rate, "top": schedule.rate * schedule.head_factor},
    ]
    return torch.optim.AdamW(groups, weight_decay=schedule.decay)


def _frozen_parts(network: AttributeNetwork, stages: int) -> list[nn.Module]:
    """Stem and first stages of a trunk; nothing for trunks that are not built of a stem and ``blocks``."""
    if not stages or not hasattr(network.trunk, "blocks"):
        return []
    stem = [getattr(network.trunk, name) for name in ("conv_stem", "bn1") if hasattr(network.trunk, name)]
    return [*stem, *network.trunk.blocks[:stages]]


def set_rate(optimiser: torch.optim.Optimizer, step: int, steps: int) -> None:
    """Linear warm-up over the first 8% of the steps, then a cosine down to 2%."""
    warm = max(1, round(steps * 0.08))
    past = (step - warm) / max(1, steps - warm)
    factor = (step + 1) / warm if step < warm else 0.02 + 0.98 * (1 + math.cos(math.pi * past)) / 2
    for group in optimiser.param_groups:
        group["lr"] = group["top"] * factor


def _tensors(crops: Crops, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
    pixels, masks, shapes = (torch.from_numpy(part[rows]) for part in (crops.pixels, crops.masks, crops.shapes))
    return pixels, masks, shapes


@torch.inference_mode()
def logits_of(network: AttributeNetwork, crops: Crops, side: int, batch: int = 64) -> Tensor:
    """Logits, float32 (n, values of all attributes) on the CPU, of undisturbed crops."""
    device = next(network.parameters()).device
    network.eval()
    parts = []
    for start in range(0, len(crops), batch):
        pixels, masks, shapes = _tensors(crops, np.arange(start, min(start + batch, len(crops))))
        pixels, masks = plain(pixels, masks, side)
        parts.append(network(pixels.to(device), masks.to(device), shapes.to(device)).float().cpu())
    return torch.cat(parts)


def accuracies_of(network: AttributeNetwork, crops: Crops, side: int) -> dict[str, float]:
    """Attribute -> share, 0..1, of the undisturbed crops with a label whose most probable value is one it may mean."""
    return accuracy_of_logits(network, logits_of(network, crops, side), crops)


def accuracy_of_logits(network: AttributeNetwork, logits: Tensor, crops: Crops) -> dict[str, float]:
    """The same from logits that are there."""
    found = {}
    for attribute, columns in network.slices.items():
        known = crops.targets[attribute].any(1)
        if known.any():
            best = logits[:, columns].argmax(1).numpy()
            found[attribute] = float(crops.targets[attribute][np.arange(len(crops)), best][known].mean())
    return found


def keep_outputs(network: AttributeNetwork, attributes: Sequence[str]) -> Callable[[], None]:
    """A function that puts the outputs of some attributes back to what they are now."""
    rows = [row for name in attributes for row in range(*network.slices[name].indices(network.head.out_features))]
    weight, bias = network.head.weight[rows].detach().clone(), network.head.bias[rows].detach().clone()

    @torch.no_grad()
    def put_back() -> None:
        network.head.weight[rows], network.head.bias[rows] = weight, bias

    return put_back


def fit(
    network: AttributeNetwork,
    crops: Crops,
    watched: Crops | None,
    schedule: Schedule,
    checkpoint: Path,
    report: Report,
    resume: bool = False,
    about: Mapping[str, str] | None = None,
    crew: Crew = ALONE,
) -> AttributeNetwork:
    """Train ``network`` in place and return the averaged weights' network.

    The state is written after every epoch, so an interrupted training goes on from the last whole epoch. What is
    random in an epoch follows from the seed and its number alone.

    Args:
        network: what to train; its device is used.
        crops: what to learn.
        watched: crops whose accuracy is reported after every epoch, or None.
        schedule: how.
        checkpoint: file for the state.
        report: called with a dictionary of progress, every few seconds. The one after an epoch has ``finished``, and
            ``accuracy``, ``loss`` and ``seconds`` of the epoch; those of epochs that were done before are told again.
        resume: go on from ``checkpoint`` where it exists.
        about: what else a checkpoint must agree on, such as the recipe and the data.
        crew: the processes that train together.

    Raises:
        inference.fit.checkpoint.CheckpointMismatch: the checkpoint was written with another schedule, recipe or data.
    """
    device = next(network.parameters()).device
    network = network.to(memory_format=torch.channels_last)
    frozen = _frozen_parts(network, schedule.frozen)
    for part in frozen:
        part.requires_grad_(False)
    put_back = keep_outputs(network, schedule.kept)
    optimiser = _optimiser(network, schedule)
    precision = Precision(device)
    averaged = AverageOfWeights(network, schedule.ema)
    settings = schedule.settings() | dict(about or {})
    history: list[dict[str, Any]] = []
    state = load_checkpoint(checkpoint, settings) if resume else None
    if state is not None:
        network.load_state_dict(state["network"])
        averaged.load_state_dict(state["averaged"])
        optimiser.load_state_dict(state["optimiser"])
        precision.scaler.load_state_dict(state["scaler"])
        history = state["history"]
    for past in history:
        report(past)
    kept = copy.deepcopy(network)
    averaged.copy_to(kept)
    joined = crew.joined(network)
    per_epoch = max(1, len(crops) // schedule.batch)
    epochs = len(schedule.sides)
    for epoch in range(len(history), epochs):
        side, started, total = schedule.sides[epoch], time.monotonic(), 0.0
        told = started
        torch.manual_seed(schedule.seed + 1009 * epoch + 100_003 * crew.rank)
        network.train()
        for part in frozen:
            part.eval()  # keeps its normalisation statistics too
        rows = np.random.default_rng((schedule.seed, epoch)).permutation(len(crops))
        for number in range(per_epoch):
            set_rate(optimiser, epoch * per_epoch + number, epochs * per_epoch)
            chosen = crew.share(rows[number * schedule.batch : (number + 1) * schedule.batch])
            pixels, masks, shapes = _tensors(crops, chosen)
            pixels, masks = augment(pixels, masks, side)
            lesson = Lesson.of(crops, chosen, device)
            with precision.forward():
                logits = joined(pixels.to(device), masks.to(device), shapes.to(device))
            loss = joint_loss(logits.float(), lesson, network.slices, schedule.smoothing, schedule.weights)
            precision.step(loss, optimiser)
            put_back()
            averaged.update(network)
            total += float(loss.detach())
            if time.monotonic() - told > _SILENCE or number + 1 == per_epoch:
                told = time.monotonic()
                report(
                    {
                        "epoch": epoch + 1,
                        "epochs": epochs,
                        "step": number + 1,
                        "steps": per_epoch,
                        "side": side,
                        "loss": round(total / (number + 1), 4),
                        "seconds": round(time.monotonic() - started, 1),
                    }
                )
        averaged.copy_to(kept)
        news: dict[str, Any] = {"epoch": epoch + 1, "epochs": epochs, "loss": round(total / per_epoch, 4)}
        if crew.leads and watched is not None:
            news["accuracy"] = accuracies_of(kept, watched, schedule.sides[-1])
        history.append({**news, "seconds": round(time.monotonic() - started, 1), "finished": True})
        if crew.leads:
            save_checkpoint(
                checkpoint,
                {
                    "network": network.state_dict(),
                    "averaged": averaged.state_dict(),
                    "optimiser": optimiser.state_dict(),
                    "scaler": precision.scaler.state_dict(),
                    "history": history,
                    "settings": settings,
                },
            )
        report(history[-1])
    return kept.requires_grad_(True)
