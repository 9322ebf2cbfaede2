"""The recipe of the attribute networks: an ensemble of networks, each of which leaves out one fold of the designs.

Every stage leaves its result in the work folder and is skipped when the result is there, so an interrupted run goes
on where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.fit.checkpoint import load_checkpoint, save_checkpoint
from inference.fit.classification import Report, Schedule, fit, logits_of, new_network
from inference.fit.data_shop import CALIBRATION, MYNTRA, TRAIN, Crops, Item, load_crops, loosened
from inference.fit.values import VALUES
from inference.network import EMBEDDING, TRUNK, AttributeNetwork

#: Side of the squares kept in memory.
STORED_SIDE = 160


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a training run does.

    Attributes:
        values: attribute -> codes of its values.
        architecture: ``trunk`` (any timm encoder) and ``embedding``, see :class:`inference.network.AttributeNetwork`.
        schedule: of each network; the seed is moved by the number of the fold.
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=lambda: VALUES)
    architecture: Mapping[str, Any] = field(default_factory=lambda: {"trunk": TRUNK, "embedding": EMBEDDING})
    schedule: Schedule = field(default_factory=Schedule)

    @property
    def side(self) -> int:
        """Side of the networks' input."""
        return self.schedule.sides[-1]

    def untrained(self) -> AttributeNetwork:
        """A network as a training begins with it."""
        counts = {attribute: len(codes) for attribute, codes in self.values.items()}
        return new_network(counts, **self.architecture)


def learnt(items: Sequence[Item]) -> list[Item]:
    """Items as training sees them: those of TRAIN, the loose colour words of Myntra with all that they may mean."""
    found = []
    for item in items:
        if item.part == TRAIN:
            if item.origin == MYNTRA and "colour" in item.values:
                item = replace(item, values={**item.values, "colour": loosened(item.values["colour"])})
            found.append(item)
    return found


def load_data(items: Sequence[Item], recipe: Recipe) -> tuple[Crops, Crops]:
    """Decode what is learnt from, and what is watched meanwhile (the CALIBRATION part)."""
    watched = [item for item in items if item.part == CALIBRATION]
    return load_crops(learnt(items), recipe.values, STORED_SIDE), load_crops(watched, recipe.values, STORED_SIDE)


def train_member(
    fold: int, crops: Crops, watched: Crops | None, work: Path, recipe: Recipe, report: Report, device: str = "cpu"
) -> AttributeNetwork:
    """Train the network that leaves out one fold, or load it where it is finished.

    Args:
        fold: 0..FOLDS-1; below 0 nothing is left out.
        crops: the TRAIN part, all folds.
        watched: see :func:`inference.fit.classification.fit`.
        work: folder for the checkpoint and the result, ``fold0.pt`` ...
        recipe: what to do.
        report: called with dictionaries of progress.
        device: where to train.
    """
    name = f"fold{fold}" if fold >= 0 else "whole"
    network = recipe.untrained().to(device)
    done = load_checkpoint(work / f"{name}.pt")
    if done is not None:
        network.load_state_dict(done["network"])
        return network
    rows = [row for row, item in enumerate(crops.items) if item.fold != fold]
    schedule = replace(recipe.schedule, seed=recipe.schedule.seed + max(0, fold))
    network = fit(
        network,
        crops.only(rows),
        watched,
        schedule,
        work / f"{name}.checkpoint",
        lambda news: report({"member": name, **news}),
        resume=True,
    )
    save_checkpoint(work / f"{name}.pt", {"network": network.state_dict()})
    return network


def rounded(network: AttributeNetwork) -> AttributeNetwork:
    """The weights rounded as a model file rounds them, so that figures belong to what is shipped."""
    state = {
        name: part.half().float() if part.is_floating_point() else part for name, part in network.state_dict().items()
    }
    network.load_state_dict(state)
    return network.eval()


def out_of_fold_logits(members: Sequence[AttributeNetwork], crops: Crops, side: int) -> NDArray[np.float32]:
    """Logits, float32 (n, values of all attributes), of items each by the member that did not learn it."""
    logits = np.zeros((len(crops), members[0].head.out_features), np.float32)
    folds = np.array([item.fold for item in crops.items])
    for fold, member in enumerate(members):
        rows = np.flatnonzero(folds == fold)
        if rows.size:
            logits[rows] = logits_of(member, crops.only(rows), side).numpy()
    return logits
