"""Calibrate a trained ensemble and write it as a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.artifact import save_artifact
from inference.classify import DIGESTS, KIND, LEFT_OUT, NOBODY, digest_number
from inference.contract import GARMENT_GROUPS, PaletteEntry
from inference.fit.classification import logits_of
from inference.fit.classification_policy import (
    choose_measured_weight,
    choose_policy,
    fit_temperature,
    settle_policy,
    value_frequencies,
)
from inference.fit.classification_run import Recipe, out_of_fold_logits
from inference.fit.data_shop import RENDERED, Crops, Item, digest_of
from inference.fit.flag_figures import Judge
from inference.fit.measured_colours import learn_colours, palettes_of
from inference.fit.verified_labels import ARGUABLE, WRONG, calibration_labels
from inference.measured import MeasuredColours
from inference.network import AttributeNetwork

#: A garment group gets a temperature of its own from so many labels on.
ENOUGH = 200


def single_labels(crops: Crops, attribute: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows whose label of an attribute means exactly one value, and its column; drawn garments are left out."""
    targets = crops.targets[attribute]
    real = np.array([item.origin != RENDERED for item in crops.items])
    rows = np.flatnonzero((targets.sum(1) == 1) & real)
    return rows, targets[rows].argmax(1)


def calibrate(
    members: Sequence[AttributeNetwork], learnt: Crops, watched: Crops, recipe: Recipe
) -> dict[str, dict[str, Any]]:
    """Temperatures and policies of all attributes.

    Args:
        members: the networks, in the order of the folds that they left out.
        learnt: the TRAIN part; each item is judged by the member that did not learn it.
        watched: the CALIBRATION part, judged by all members together.
        recipe: how they were trained.

    Returns:
        Attribute -> ``values``, ``temperatures`` (garment group or "" for all -> ``member`` and ``ensemble``) and
        ``policy``, as a card holds them; for colours also ``measured`` (:class:`inference.measured.MeasuredColours`).
    """
    alone = out_of_fold_logits(members, learnt, recipe.side)
    together = np.mean([logits_of(member, watched, recipe.side).numpy() for member in members], axis=0)
    cards = {}
    for attribute, columns in members[0].slices.items():
        values = recipe.values[attribute]
        own = _labelled(learnt, alone[:, columns], attribute)
        other = _labelled(watched, together[:, columns], attribute)
        temperatures = _temperatures(own, other)
        card: dict[str, Any] = {"values": list(values), "temperatures": temperatures}
        if attribute == "colour":
            card |= _colour_policy(own, other, values, temperatures)
        else:
            # Two words for a kind of garment or a length are hardly ever both right: only colours have rivals.
            shares = own.probabilities(temperatures, "member")
            frequencies = value_frequencies(own.labels, values)
            card["policy"] = choose_policy(shares, own.labels, values, frequencies, rival=1.0).to_json()
        cards[attribute] = card
    return cards


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Crops with one label of an attribute: the crops, logits (n, values), labels int64 (n,) and garment groups."""

    crops: Crops
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    groups: NDArray[np.str_]

    def probabilities(self, temperatures: Mapping[str, Mapping[str, float]], whose: str) -> NDArray[np.float32]:
        """Calibrated probabilities, by ``member`` or ``ensemble`` temperatures."""
        chosen = np.array([temperatures.get(group, temperatures[""])[whose] for group in self.groups.tolist()])
        powers = np.exp((self.logits - self.logits.max(1, keepdims=True)) / chosen[:, None])
        return np.asarray(powers / powers.sum(1, keepdims=True), np.float32)


def _labelled(crops: Crops, logits: NDArray[np.float32], attribute: str) -> _Labelled:
    rows, labels = single_labels(crops, attribute)
    kept = crops.only(rows)
    return _Labelled(kept, logits[rows], labels, np.array([item.garment_group for item in kept.items], str))


def _temperatures(own: _Labelled, other: _Labelled) -> dict[str, dict[str, float]]:
    """Garment group, or "" for all -> temperatures of a single member and of the ensemble."""
    found = {
        "": {
            "member": fit_temperature(own.logits, own.labels),
            "ensemble": fit_temperature(other.logits, other.labels),
        }
    }
    for group in GARMENT_GROUPS:
        mine, theirs = own.groups == group, other.groups == group
        if theirs.sum() >= ENOUGH:
            found[group] = {
                "member": fit_temperature(own.logits[mine], own.labels[mine]),
                "ensemble": fit_temperature(other.logits[theirs], other.labels[theirs]),
            }
    return found


def _colour_policy(
    own: _Labelled, other: _Labelled, values: Sequence[str], temperatures: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """``measured`` and ``policy`` of the colours; thresholds come from verified labels where there are any."""
    shares = own.probabilities(temperatures, "member")
    frequencies = value_frequencies(own.labels, values)
    palettes = palettes_of(own.crops)
    measured = learn_colours(palettes, own.labels, shares, values)
    own_measured = _shares_of(measured, palettes, values)
    verdicts = [_verdict_of(item) for item in other.crops.items]
    rows = np.array([row for row, one in enumerate(verdicts) if one], np.int64)
    weight = 0.0
    if rows.size:
        seen = other.crops.only(rows)
        judge = Judge(
            other.probabilities(temperatures, "ensemble")[rows],
            tuple(values),
            choose_policy(shares, own.labels, values, frequencies),
            np.eye(len(values), dtype=bool),
            _shares_of(measured, palettes_of(seen), values),
        )
        wrong, arguable = (np.array([verdicts[row] == verdict for row in rows]) for verdict in (WRONG, ARGUABLE))
        weight = choose_measured_weight(judge, other.labels[rows], wrong)
    policy = choose_policy(shares, own.labels, values, frequencies, measured=own_measured, measured_weight=weight)
    if rows.size:
        policy = settle_policy(replace(judge, policy=policy), other.labels[rows], wrong, arguable)
    return {"measured": measured.to_json(), "policy": policy.to_json()}


def _shares_of(
    measured: MeasuredColours, palettes: Sequence[Sequence[PaletteEntry]], values: Sequence[str]
) -> NDArray[np.float64]:
    return np.stack([measured.shares(palette, values) for palette in palettes])


def _verdict_of(item: Item) -> str:
    """What was seen of an item of the CALIBRATION part, or ""."""
    found = calibration_labels(item.origin).get(item.path.name)
    return found.verdict if found else ""


def training_digests(learnt: Crops, folds: int) -> dict[int, int]:
    """Number of each picture's digest -> the member that did not learn it; NOBODY where all learnt it."""
    found: dict[int, int] = {}
    for item in learnt.items:
        if item.origin == RENDERED:
            continue
        number = digest_number(digest_of(item.path))
        member = item.fold if item.fold < folds else NOBODY
        # The same bytes under two designs: nobody is unbiased then, and all may speak.
        found[number] = member if found.get(number, member) == member else NOBODY
    return found


def save_ensemble(
    out: Path,
    members: Sequence[AttributeNetwork],
    attributes: Mapping[str, Mapping[str, Any]],
    digests: Mapping[int, int],
    recipe: Recipe,
    more: Mapping[str, Any],
) -> str:
    """Write the ensemble (``.safetensors``, float16) and its card; returns the version.

    Args:
        out: name of the weights.
        members: the networks.
        attributes: from :func:`calibrate`.
        digests: from :func:`training_digests`.
        recipe: how they were trained.
        more: further fields of the card: title, data and licences, split, figures, limits, how to reproduce.
    """
    tensors = {
        f"{number}.{name}": tensor
        for number, member in enumerate(members)
        for name, tensor in member.state_dict().items()
    }
    order = sorted(digests)
    tensors[DIGESTS] = torch.tensor(order, dtype=torch.int64)
    tensors[LEFT_OUT] = torch.tensor([digests[number] for number in order], dtype=torch.int8)
    card = {
        "garment_group": "",
        "architecture": dict(recipe.architecture),
        "members": len(members),
        "side": recipe.side,
        "attributes": {name: dict(one) for name, one in attributes.items()},
        **more,
    }
    return save_artifact(out, KIND, tensors, card)
