"""The recipe of the attribute networks: an ensemble of networks, each of which leaves out one fold of the designs.

Every stage leaves its result in the work folder and is skipped when the result is there, so an interrupted run goes
on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from inference.fit.checkpoint import load_checkpoint, save_checkpoint
from inference.fit.classification import Report, Schedule, fit, logits_of, new_network
from inference.fit.crew import ALONE, Crew
from inference.fit.data_shop import (
    CALIBRATION,
    MYNTRA_LOOSELY,
    MYNTRA_STRICTLY,
    RENDERED,
    TRAIN,
    Crops,
    Item,
    load_crops,
    with_meanings,
)
from inference.fit.split import hash_number
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
        finish: a second schedule, on larger pictures, which takes the second shop's colour words strictly.
        finish_share: origin -> share of its items that the second schedule sees; all where it is not named.
        towards: the weights that are kept lie this far, 0..1, from those of the first schedule to those of the second.
            Between the two a network is often better on the data of either (Wortsman et al., "Robust fine-tuning of
            zero-shot models", CVPR 2022).
    """

    values: Mapping[str, Sequence[str]] = field(default_factory=lambda: VALUES)
    architecture: Mapping[str, Any] = field(default_factory=lambda: {"trunk": TRUNK, "embedding": EMBEDDING})
    schedule: Schedule = field(default_factory=Schedule)
    finish: Schedule = field(default_factory=lambda: Schedule(sides=(160,), rate=4e-4, smoothing=0.05, seed=17))
    finish_share: Mapping[str, float] = field(default_factory=lambda: {RENDERED: 0.5})
    towards: float = 0.75

    @property
    def side(self) -> int:
        """Side of the networks' input."""
        return self.finish.sides[-1]

    def text(self) -> str:
        """All of it as one line of JSON, by which a result is known as its own."""
        return json.dumps(asdict(self), sort_keys=True, default=dict)

    def untrained(self) -> AttributeNetwork:
        """A network as a training begins with it."""
        counts = {attribute: len(codes) for attribute, codes in self.values.items()}
        return new_network(counts, **self.architecture)


def without_copies(items: Sequence[Item]) -> list[Item]:
    """The items less those of TRAIN whose picture, byte for byte, belongs to another part or fold too.

    Shops sell a design under several codes with the same picture. Every network would learn it, and none could judge
    it; copies of held-out pictures would flatter the figures.
    """
    digests = [item.sha256 for item in items]
    places: dict[str, set[tuple[str, int]]] = {}
    for digest, item in zip(digests, items, strict=True):
        places.setdefault(digest, set()).add((item.part, item.fold if item.part == TRAIN else -1))
    return [item for digest, item in zip(digests, items, strict=True) if item.part != TRAIN or len(places[digest]) == 1]


def load_data(items: Sequence[Item], recipe: Recipe) -> tuple[Crops, Crops]:
    """Decode what is learnt from (the TRAIN part, see :func:`without_copies`), and what is watched meanwhile and
    calibrates (CALIBRATION)."""
    own = without_copies(items)
    learnt, watched = (
        load_crops([item for item in own if item.part == part], recipe.values, STORED_SIDE)
        for part in (TRAIN, CALIBRATION)
    )
    colours = recipe.values["colour"]
    return with_meanings(learnt, colours, MYNTRA_STRICTLY), with_meanings(watched, colours, MYNTRA_STRICTLY)


def data_hash(crops: Crops) -> str:
    """SHA-256, in hexadecimal digits, of what there is to learn: designs, names of files and labels."""
    lines = sorted(json.dumps([item.design, item.path.name, dict(item.values)], sort_keys=True) for item in crops.items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def train_member(
    fold: int,
    crops: Crops,
    watched: Crops | None,
    work: Path,
    recipe: Recipe,
    report: Report,
    device: str = "cpu",
    crew: Crew = ALONE,
) -> AttributeNetwork:
    """Train the network that leaves out one fold, or load it where it is finished.

    Args:
        fold: 0..FOLDS-1; below 0 nothing is left out.
        crops: the TRAIN part, all folds.
        watched: see :func:`inference.fit.classification.fit`.
        work: folder for the checkpoint and the result, ``fold0.pt`` ...
        recipe: what to do.
        report: called with the progress, to which ``stage`` (``fold0``, ``fold0_finish`` ...) is added. What a finished
            network told after its epochs is told again.
        device: where to train.
        crew: the processes that train together.

    Raises:
        inference.fit.checkpoint.CheckpointMismatch: the folder holds results of another recipe or other data.
    """
    name = f"fold{fold}" if fold >= 0 else "whole"
    about = {"recipe": recipe.text(), "data": data_hash(crops)}
    network = recipe.untrained().to(device)
    done = load_checkpoint(work / f"{name}.pt", about)
    if done is not None:
        network.load_state_dict(done["network"])
        for past in done["history"]:
            report(past)
        return network
    colours = recipe.values["colour"]
    stages: tuple[tuple[str, Schedule, Crops, Mapping[str, float]], ...] = (
        (name, recipe.schedule, with_meanings(crops, colours, MYNTRA_LOOSELY), {}),
        (f"{name}_finish", recipe.finish, crops, recipe.finish_share),
    )
    states, history = [], History(report)
    for stage, schedule, own, shares in stages:
        halfway = load_checkpoint(work / f"{stage}_done.pt", about)
        if halfway is not None:
            network.load_state_dict(halfway["network"])
            states.append(halfway["network"])
            for past in halfway["history"]:
                history.tell(past)
            continue
        start = len(history.epochs)
        network = fit(
            network,
            own.only(_rows(own, fold, shares)),
            watched,
            replace(schedule, seed=schedule.seed + max(0, fold)),
            work / f"{stage}.checkpoint",
            _named(history.tell, stage),
            resume=True,
            about=about,
            crew=crew,
        )
        # A copy: the next stage goes on with these very tensors.
        states.append({name: part.detach().clone() for name, part in network.state_dict().items()})
        if crew.leads:
            told = history.epochs[start:]
            save_checkpoint(work / f"{stage}_done.pt", {"network": states[-1], "history": told, "settings": about})
    network.load_state_dict(between(states[0], states[1], recipe.towards))
    if crew.leads:
        kept = {"network": network.state_dict(), "history": history.epochs, "settings": about}
        save_checkpoint(work / f"{name}.pt", kept)
    return network


class History:
    """Passes progress on and keeps what was told after each epoch."""

    def __init__(self, report: Report) -> None:
        self.epochs: list[dict[str, Any]] = []
        self._report = report

    def tell(self, news: dict[str, Any]) -> None:
        """Pass on."""
        if news.get("finished"):
            self.epochs.append(news)
        self._report(news)


def between(one: Mapping[str, Tensor], other: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Weights that lie ``share`` (0..1) of the way from one state to another; counters are the other's."""
    return {
        name: torch.lerp(part, other[name], share) if part.is_floating_point() else other[name]
        for name, part in one.items()
    }


def _named(report: Report, stage: str) -> Report:
    return lambda news: report({"stage": stage, **news})


def _rows(crops: Crops, fold: int, shares: Mapping[str, float]) -> list[int]:
    """Items that a network learns: of all folds but one, and of some origins only a share, chosen by the design."""
    return [
        row
        for row, item in enumerate(crops.items)
        if item.fold != fold and hash_number(f"share:{item.design}") / 2**32 < shares.get(item.origin, 1.0)
    ]


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
