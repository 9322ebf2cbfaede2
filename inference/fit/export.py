"""Calibrate a trained ensemble and write it as a model file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.artifact import save_artifact
from inference.classify import DIGESTS, KIND, LEFT_OUT, NOBODY, digest_number
from inference.contract import GARMENT_GROUPS
from inference.fit.classification import logits_of
from inference.fit.classification_policy import RIVAL, choose_policy, fit_temperature, value_frequencies
from inference.fit.classification_run import Recipe, out_of_fold_logits
from inference.fit.data_shop import RENDERED, Crops, digest_of
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
        ``policy``, as a card holds them.
    """
    alone = out_of_fold_logits(members, learnt, recipe.side)
    together = np.mean([logits_of(member, watched, recipe.side).numpy() for member in members], axis=0)
    return {
        attribute: _calibrated(attribute, columns, alone, together, learnt, watched, recipe)
        for attribute, columns in members[0].slices.items()
    }


def _calibrated(
    attribute: str,
    columns: slice,
    alone: NDArray[np.float32],
    together: NDArray[np.float32],
    learnt: Crops,
    watched: Crops,
    recipe: Recipe,
) -> dict[str, Any]:
    values = list(recipe.values[attribute])
    rows, labels = single_labels(learnt, attribute)
    other_rows, other_labels = single_labels(watched, attribute)
    logits = alone[rows][:, columns]
    temperatures = {
        "": {
            "member": fit_temperature(logits, labels),
            "ensemble": fit_temperature(together[other_rows][:, columns], other_labels),
        }
    }
    groups = np.array([learnt.items[row].garment_group for row in rows])
    other_groups = np.array([watched.items[row].garment_group for row in other_rows])
    single = np.full(len(rows), temperatures[""]["member"])
    for group in GARMENT_GROUPS:
        mine, theirs = groups == group, other_groups == group
        if theirs.sum() >= ENOUGH:
            temperatures[group] = {
                "member": fit_temperature(logits[mine], labels[mine]),
                "ensemble": fit_temperature(together[other_rows[theirs]][:, columns], other_labels[theirs]),
            }
            single[mine] = temperatures[group]["member"]
    powers = np.exp((logits - logits.max(1, keepdims=True)) / single[:, None])
    probabilities = (powers / powers.sum(1, keepdims=True)).astype(np.float32)
    # Two words for a kind of garment or a length are hardly ever both right: only colours have defensible rivals.
    rival = RIVAL if attribute == "colour" else 1.0
    policy = choose_policy(probabilities, labels, values, value_frequencies(labels, values), rival=rival)
    return {"values": values, "temperatures": temperatures, "policy": policy.to_json()}


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
