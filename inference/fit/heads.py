"""Learn nothing but the outputs of some attributes, on features that stay as they are.

Every picture goes through a trunk once, so that this takes seconds where a training takes hours; other attributes stay
exactly as they were. It suits shops that have little to learn from, and whoever wants to see a training through.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from inference.fit.classification import Report, Schedule, accuracy_of_logits, keep_outputs, set_rate
from inference.fit.classification_augment import plain
from inference.fit.data_shop import Crops
from inference.fit.losses import Lesson, joint_loss
from inference.network import AttributeNetwork


@torch.no_grad()
def features_of(network: AttributeNetwork, crops: Crops, side: int, batch: int = 64) -> Tensor:
    """What the outputs are a linear function of, float32 (n, width) on the CPU, of undisturbed crops."""
    device = next(network.parameters()).device
    network.eval()
    parts = []
    for start in range(0, len(crops), batch):
        rows = slice(start, start + batch)
        pixels, masks = plain(torch.from_numpy(crops.pixels[rows]), torch.from_numpy(crops.masks[rows]), side)
        pixels, masks = pixels.to(device), masks.to(device)
        shapes = torch.from_numpy(crops.shapes[rows]).to(device)
        seen = network.trunk.forward_features(network.visible(pixels, masks))
        parts.append(network.joined(seen, masks, network.measure(pixels, masks), shapes).float().cpu())
    return torch.cat(parts)


def fit_heads(
    network: AttributeNetwork,
    crops: Crops,
    watched: Crops | None,
    schedule: Schedule,
    report: Report,
    kept: Sequence[str] = (),
) -> AttributeNetwork:
    """Train the outputs of ``network`` in place and return it.

    Args:
        network: what to train; its device is used.
        crops: what to learn.
        watched: crops whose accuracy is reported after every epoch, or None.
        schedule: how; of its sides the last one is used, their number is that of the epochs.
        report: called after every epoch as by :func:`inference.fit.classification.fit`.
        kept: attributes whose outputs stay as they were.
    """
    device, side = next(network.parameters()).device, schedule.sides[-1]
    features = features_of(network, crops, side)
    seen = features_of(network, watched, side) if watched is not None else None
    head, put_back = network.head, keep_outputs(network, kept)
    optimiser = torch.optim.AdamW(head.parameters(), weight_decay=0.0)
    for group in optimiser.param_groups:
        group["top"] = schedule.rate
    per_epoch, epochs = max(1, len(crops) // schedule.batch), len(schedule.sides)
    for epoch in range(epochs):
        started, total = time.monotonic(), 0.0
        rows = np.random.default_rng((schedule.seed, epoch)).permutation(len(crops))
        for number in range(per_epoch):
            set_rate(optimiser, epoch * per_epoch + number, epochs * per_epoch)
            chosen = rows[number * schedule.batch : (number + 1) * schedule.batch]
            logits = head(features[torch.from_numpy(chosen)].to(device))
            lesson = Lesson.of(crops, chosen, device)
            loss = joint_loss(logits, lesson, network.slices, schedule.smoothing, schedule.weights)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            put_back()
            total += float(loss.detach())
        news: dict[str, Any] = {"epoch": epoch + 1, "epochs": epochs, "loss": round(total / per_epoch, 4)}
        if watched is not None and seen is not None:
            with torch.inference_mode():
                news["accuracy"] = accuracy_of_logits(network, head(seen.to(device)).cpu(), watched)
        report({**news, "seconds": round(time.monotonic() - started, 2), "finished": True})
    return network
