"""Train a new ensemble from a training set: from the one in use, its outputs alone, or from ImageNet.

Every finished network is kept in the work folder with the recipe and the hash of the set, and a network in work with
its last whole epoch, so that an interrupted training goes on there and no result is taken for another's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.artifact import Artifact
from inference.classify import NOBODY, digest_number, load_members, pool
from inference.fit.checkpoint import load_checkpoint, save_checkpoint
from inference.fit.classification import Schedule, fit, logits_of
from inference.fit.classification_run import STORED_SIDE, History, Recipe, rounded, train_member
from inference.fit.crew import ALONE, Crew, own_device
from inference.fit.data_shop import CALIBRATION, FOLDS, TEST, TRAIN, Crops
from inference.fit.examples import (
    Example,
    Examples,
    check_enough,
    in_folds_of,
    load_examples,
    map_of,
    only_wanted,
    read_examples,
    thinned,
    without_scarce,
)
from inference.fit.heads import fit_heads
from inference.fit.regions import write_maps
from inference.fit.values import VALUES
from inference.network import AttributeNetwork

Report = Callable[[dict[str, Any]], None]

#: From the ensemble in use; its outputs alone; from ImageNet.
FINETUNE, HEADS, FULL = MODES = ("finetune", "heads", "full")

#: Shares of the attributes in the loss, as in a first training.
_SHARES = Schedule().weights

#: A few epochs on the full side, with half of the trunk as it was: what it sees in fabrics holds for every shop.
FINETUNE_SCHEDULE = Schedule(
    sides=(160, 160, 160), rate=2e-4, smoothing=0.05, ema=0.98, seed=27, weights=_SHARES, frozen=4
)

#: For outputs alone; an epoch is done in a moment.
HEADS_SCHEDULE = Schedule(sides=(160,) * 15, rate=5e-4, smoothing=0.05, seed=37, weights=_SHARES)

#: At most so many pictures calibrate and are measured on, and so many are watched while networks learn.
_MOST_APART, _MOST_WATCHED = 4000, 600


@dataclass(frozen=True, slots=True)
class Order:
    """What a training from a set does.

    Attributes:
        examples: ``examples.csv`` of the set.
        set_hash: SHA-256 of that file, in hexadecimal digits.
        root: folder that relative paths of pictures start from.
        maps: folder for group maps; those of each segmentation network have a folder of their own in it.
        work: folder for checkpoints; those of each order have a folder of their own in it.
        segmenter: the segmentation network in use.
        segmenter_version: its version.
        base: the ensemble in use, from which the training goes on, or None; :data:`FULL` alone can do without.
        base_version: its version, or "".
        mode: one of :data:`MODES`.
        attributes: codes of the attributes to learn.
        groups: the garment groups to learn from.
        meanings: attribute -> value of the dictionary -> the value that the networks have for it.
        device: ``cpu`` or ``cuda``.
        schedule: fields of the schedule that are other than usual, for trials.
    """

    examples: Path
    set_hash: str
    root: Path
    maps: Path
    work: Path
    segmenter: Path
    segmenter_version: str
    base: Path | None
    base_version: str
    mode: str
    attributes: tuple[str, ...]
    groups: tuple[str, ...]
    meanings: Mapping[str, Mapping[str, str]]
    device: str = "cpu"
    schedule: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Order:
        """Read an order from JSON types.

        Raises:
            ValueError: there is no such mode, or nothing to begin from.
        """
        paths = {name: Path(found[name]) for name in ("examples", "root", "maps", "work", "segmenter")}
        order = cls(
            **{one.name: found[one.name] for one in fields(cls) if one.name in found}
            | paths
            | {"base": Path(found["base"]) if found.get("base") else None}
            | {name: tuple(found[name]) for name in ("attributes", "groups")}
        )
        if order.mode not in MODES:
            raise ValueError(f"no such mode: {order.mode} (there are {', '.join(MODES)})")
        if order.base is None and order.mode != FULL:
            raise ValueError("there is no ensemble to go on from")
        return order

    @property
    def recipe(self) -> Recipe:
        """How networks are trained."""
        usual = {FINETUNE: FINETUNE_SCHEDULE, HEADS: HEADS_SCHEDULE, FULL: Recipe().schedule}[self.mode]
        own: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self.schedule.items()
        }
        schedule = replace(usual, **own)
        if self.mode == FULL:
            finish = replace(Recipe().finish, **{name: own[name] for name in own if name != "rate"})
            return replace(Recipe(), schedule=schedule, finish=finish)
        return replace(Recipe(), schedule=schedule, finish=schedule)

    @property
    def about(self) -> dict[str, str]:
        """What results of this order are known by."""
        what = [self.mode, self.attributes, self.groups, self.base_version, self.segmenter_version, self.meanings]
        text = json.dumps([what, asdict(self.recipe)], sort_keys=True, default=dict)
        return {"set": self.set_hash, "recipe": hashlib.sha256(text.encode()).hexdigest()}

    @property
    def key(self) -> str:
        """Twelve hexadecimal digits that stand for :attr:`about`."""
        return hashlib.sha256(json.dumps(self.about, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Base:
    """The ensemble that a training goes on from.

    Attributes:
        members: its networks.
        learnt: number of each picture's digest -> the member that did not learn it, NOBODY where all did.
        artifact: card and version.
    """

    members: Sequence[AttributeNetwork]
    learnt: Mapping[int, int]
    artifact: Artifact

    @classmethod
    def load(cls, path: Path | None) -> Base | None:
        """Read it, where there is one."""
        return cls(*load_members(path)) if path else None

    @property
    def values(self) -> dict[str, tuple[str, ...]]:
        """Attribute -> codes of its values."""
        return {name: tuple(one["values"]) for name, one in self.artifact.card["attributes"].items()}

    def like(self, recipe: Recipe) -> Recipe:
        """A recipe for networks of the same values and architecture."""
        return replace(recipe, values=self.values, architecture=self.artifact.card["architecture"])


@dataclass(frozen=True, slots=True)
class Material:
    """The examples, sorted out.

    Attributes:
        learnt: TRAIN, with the labels that are to be learnt alone.
        watched: CALIBRATION; None where nothing is left of it.
        test: TEST, not yet decoded, with all labels.
        read: what the file held.
        scarce: attribute -> value -> number of training pictures, of values with too few to learn.
        judges: int (watched,), the only member that did not learn each picture before, NOBODY where all may judge.
    """

    learnt: Crops
    watched: Crops | None
    test: tuple[Example, ...]
    read: Examples
    scarce: Mapping[str, Mapping[str, int]]
    judges: NDArray[np.int64]


def prepare(order: Order, base: Base | None, report: Report, crew: Crew = ALONE) -> Material:
    """Read the examples, cut up their pictures and decode them.

    Raises:
        inference.fit.examples.TooFewExamples: there is too little to learn an attribute or a value from.
        ValueError: the file of examples is damaged, or none of its pictures can be used.
    """
    maps = order.maps / order.segmenter_version
    read = read_examples(order.examples, order.root, maps, order.meanings)
    items: list[Example] = list(read.items)
    left_out: dict[str, int] = {}
    if base is not None:
        left_out = {item.digest: member for item in items if (member := _member_for(base, item)) != NOBODY}
        items = in_folds_of(items, left_out)
    wanted = only_wanted(items, order.attributes, order.groups)
    scarce: dict[str, dict[str, int]] = {}
    if order.mode == FULL:
        check_enough(wanted, order.attributes, base.values if base is not None else VALUES)
    else:
        _, scarce = without_scarce(wanted)
        check_enough(wanted, order.attributes, {})
    train = thinned([item for item in items if item.part == TRAIN])
    watched, test = (
        thinned([item for item in items if item.part == part], _MOST_APART) for part in (CALIBRATION, TEST)
    )
    if crew.leads:
        places = {item.path: map_of(maps, item.digest) for item in (*train, *watched, *test)}
        for done, total in write_maps(places, order.segmenter, order.device):
            report({"stage": "regions", "done": done, "total": total})
    crew.told()
    total = len(train) + len(watched)
    report({"stage": "reading", "done": 0, "total": total})

    def tell(done: int) -> None:
        report({"stage": "reading", "done": done, "total": total})

    values = base.values if base is not None else VALUES
    learnt = restricted(load_examples(train, values, STORED_SIDE, tell), order, scarce)
    seen = None
    if any(item.mask.exists() for item in watched):
        seen = load_examples(watched, values, STORED_SIDE, lambda done: tell(len(train) + done))
    judges = [left_out.get(item.sha256, NOBODY) for item in seen.items] if seen is not None else []
    return Material(learnt, seen, tuple(test), read, scarce, np.array(judges, np.int64))


def _member_for(base: Base, item: Example) -> int:
    return base.learnt.get(digest_number(item.digest), NOBODY)


def restricted(crops: Crops, order: Order, scarce: Mapping[str, Mapping[str, int]]) -> Crops:
    """Crops less the labels of other attributes and garment groups and of scarce values."""
    groups = np.array([item.garment_group in order.groups for item in crops.items], bool)
    targets = {}
    for attribute, part in crops.targets.items():
        wanted = groups & (attribute in order.attributes)
        for value in scarce.get(attribute, ()):
            rare = [value in item.values.get(attribute, "").split("|") for item in crops.items]
            wanted = wanted & ~np.array(rare, bool)
        targets[attribute] = part & wanted[:, None]
    return replace(crops, targets=targets)


def train_members(
    order: Order, base: Base | None, material: Material, report: Report, crew: Crew = ALONE
) -> list[AttributeNetwork]:
    """Train the networks of the ensemble one after the other, each without its fold; finished ones are loaded.

    ``report`` is told ``stage`` "training", ``member`` (from 1), ``members``, and ``fraction`` (0..1, of all the
    training) with what :func:`inference.fit.classification.fit` tells; epochs of a second schedule count on.
    """
    work, members = order.work / order.set_hash[:12] / order.key, []
    recipe = order.recipe
    sides = recipe.schedule.sides + (recipe.finish.sides if order.mode == FULL else ())
    for fold in range(FOLDS):

        def named(news: dict[str, Any], member: int = fold) -> None:
            second = str(news.get("stage", "")).endswith("_finish")
            epoch = int(news["epoch"]) + (len(recipe.schedule.sides) if second else 0)
            own = _done(sides, epoch, news.get("step", 1) / news.get("steps", 1))
            places = {"member": member + 1, "members": FOLDS, "epoch": epoch, "epochs": len(sides)}
            report({**news, "stage": "training", **places, "fraction": (member + own) / FOLDS})

        watched = watched_by(material, fold)
        members.append(rounded(_member(order, base, fold, material.learnt, watched, work, named, crew)))
    return members


def watched_by(material: Material, fold: int) -> Crops | None:
    """Crops whose accuracy is reported while a network learns: none that it learnt before; None where none are left."""
    if material.watched is None:
        return None
    rows = np.flatnonzero((material.judges == NOBODY) | (material.judges == fold))[:_MOST_WATCHED]
    return material.watched.only(rows) if rows.size else None


def _done(sides: Sequence[int], epoch: int, share: float) -> float:
    """Share of a network's training that is done when so much of an epoch is; a picture costs what its area does."""
    costs = [side * side for side in sides]
    return (sum(costs[: epoch - 1]) + costs[epoch - 1] * share) / sum(costs)


def taught_by(crops: Crops, base: Base | None, fold: int, order: Order) -> Crops:
    """Crops that a member learns, with what the same member of the ensemble in use says where there is no label."""
    if base is None:
        return crops
    teacher = base.members[fold].to(own_device(order.device))
    return replace(crops, taught=logits_of(teacher, crops, order.recipe.side).numpy())


def _member(
    order: Order,
    base: Base | None,
    fold: int,
    crops: Crops,
    watched: Crops | None,
    work: Path,
    report: Report,
    crew: Crew,
) -> AttributeNetwork:
    device, recipe = own_device(order.device), order.recipe
    if order.mode == FULL or base is None:
        own = recipe if base is None else base.like(recipe)
        return train_member(fold, taught_by(crops, base, fold, order), watched, work, own, report, device, crew)
    network = base.members[fold].to(device).requires_grad_(True)
    done = load_checkpoint(work / f"fold{fold}.pt", order.about)
    if done is not None:
        network.load_state_dict(done["network"])
        for past in done["history"]:
            report(past)
        return network
    history = History(report)
    schedule = replace(recipe.schedule, seed=recipe.schedule.seed + fold, kept=_kept(base, order))
    rows = [row for row, item in enumerate(crops.items) if item.fold != fold]
    learning = taught_by(crops.only(rows), base, fold, order)
    if order.mode == HEADS:
        if crew.leads:
            network = fit_heads(network, learning, watched, schedule, history.tell, schedule.kept)
    else:
        network = fit(
            network,
            learning,
            watched,
            schedule,
            work / f"fold{fold}.checkpoint",
            history.tell,
            resume=True,
            about=order.about,
            crew=crew,
        )
    if crew.leads:
        finished = {"network": network.state_dict(), "history": history.epochs, "settings": order.about}
        save_checkpoint(work / f"fold{fold}.pt", finished)
    return network


def _kept(base: Base, order: Order) -> tuple[str, ...]:
    return tuple(name for name in base.values if name not in order.attributes)


def together(
    members: Sequence[AttributeNetwork], crops: Crops, side: int, judges: NDArray[np.int64]
) -> NDArray[np.float32]:
    """Logits, float32 (n, values of all attributes), of all members, or of the one that did not learn a picture."""
    return pool(np.stack([logits_of(member, crops, side).numpy() for member in members]), judges)
