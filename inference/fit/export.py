"""Calibrate a trained ensemble and write it as a model file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.artifact import save_artifact
from inference.classify import DIGESTS, KIND, LEFT_OUT, NOBODY, calibrated, digest_number
from inference.contract import GARMENT_GROUPS
from inference.fit.classification import logits_of
from inference.fit.classification_policy import (
    choose_measured_weight,
    choose_policy,
    fit_temperature,
    settle_policy,
    value_frequencies,
)
from inference.fit.classification_run import Recipe, out_of_fold_logits
from inference.fit.data_shop import RENDERED, Crops, Item
from inference.fit.flag_figures import Judge
from inference.fit.looked import Labelled, Looked
from inference.fit.measured_colours import learn_colours
from inference.fit.stacking import cross_fitted, learn_stack
from inference.fit.verified_labels import ARGUABLE, WRONG, calibration_labels
from inference.measured import MeasuredColours
from inference.network import AttributeNetwork
from inference.suspicion import Policy

#: Name of the tensor with the number of the calibration.
CALIBRATION = "calibration"

#: A second reading that names so little more of the labels does so by chance.
GAIN = 0.01

#: A garment group gets a temperature of its own from so many labels on.
ENOUGH = 200


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
        ``policy``, as a card holds them; for colours also ``measured`` (:class:`inference.measured.MeasuredColours`);
        ``stack`` (:class:`inference.stacking.Stack`) where it names clearly more labels of ``watched``.
    """
    alone = out_of_fold_logits(members, learnt, recipe.side)
    together = np.mean([logits_of(member, watched, recipe.side).numpy() for member in members], axis=0)
    return calibrate_logits(members[0].slices, alone, together, learnt, watched, recipe.values)


def calibrate_logits(
    slices: Mapping[str, slice],
    alone: NDArray[np.float32],
    together: NDArray[np.float32],
    learnt: Crops,
    watched: Crops,
    known: Mapping[str, Sequence[str]],
) -> dict[str, dict[str, Any]]:
    """The second half of :func:`calibrate`: what follows from logits that are there.

    Args:
        slices: attribute -> columns of the logits.
        alone: float32 (n, values of all attributes), of ``learnt``.
        together: the same of ``watched``.
        learnt: see :func:`calibrate`.
        watched: see :func:`calibrate`.
        known: attribute -> codes of its values.
    """
    own, other = Looked.at(learnt, alone), Looked.at(watched, together)
    cards = {}
    for attribute, columns in slices.items():
        values = known[attribute]
        card: dict[str, Any] = {"values": list(values)}
        mine, theirs = own.labelled(attribute, columns), other.labelled(attribute, columns)
        if attribute == "colour":
            measured = learn_colours(mine.palettes, mine.labels, calibrated(mine.logits), values)
            if measured.values:  # none where the set has too few plain garments of each colour
                mine, theirs = mine.with_colours(measured), theirs.with_colours(measured)
                card["measured"] = measured.to_json()
        stack = learn_stack(mine.features, mine.labels, len(values))
        second = theirs.read_again(stack(theirs.features))
        if second.accuracy >= theirs.accuracy + GAIN:
            card["stack"] = stack.to_json()
            folds = np.array([item.fold for item in mine.crops.items])
            mine = mine.read_again(cross_fitted(mine.features, mine.labels, folds, len(values)))
            theirs = second
        mine, theirs = mine.certain(), theirs.certain()
        card["temperatures"] = _temperatures(mine, theirs)
        if attribute == "colour":
            card["policy"] = _colour_policy(mine, theirs, values, card["temperatures"], measured).to_json()
        else:
            # Two words for a kind of garment or a length are hardly ever both right: only colours have rivals.
            shares = mine.probabilities(card["temperatures"], "member")
            frequencies = value_frequencies(mine.labels, values)
            card["policy"] = choose_policy(shares, mine.labels, values, frequencies, rival=1.0).to_json()
        cards[attribute] = card
    return cards


def _temperatures(own: Labelled, other: Labelled) -> dict[str, dict[str, float]]:
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
    own: Labelled,
    other: Labelled,
    values: Sequence[str],
    temperatures: Mapping[str, Mapping[str, float]],
    measured: MeasuredColours,
) -> Policy:
    """The policy of the colours; thresholds come from verified labels where there are any."""
    shares = own.probabilities(temperatures, "member")
    frequencies = value_frequencies(own.labels, values)
    verdicts = [_verdict_of(item) for item in other.crops.items]
    rows = np.array([row for row, one in enumerate(verdicts) if one], np.int64)
    if not rows.size:
        return choose_policy(shares, own.labels, values, frequencies)
    judge = Judge(
        other.probabilities(temperatures, "ensemble")[rows],
        tuple(values),
        choose_policy(shares, own.labels, values, frequencies),
        np.eye(len(values), dtype=bool),
        measured.shares_of([other.palettes[row] for row in rows.tolist()], values),
    )
    wrong, arguable = (np.array([verdicts[row] == verdict for row in rows]) for verdict in (WRONG, ARGUABLE))
    weight = choose_measured_weight(judge, other.labels[rows], wrong)
    own_measured = measured.shares_of(own.palettes, values)
    policy = choose_policy(shares, own.labels, values, frequencies, measured=own_measured, measured_weight=weight)
    return settle_policy(replace(judge, policy=policy), other.labels[rows], wrong, arguable)


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
        number = digest_number(item.sha256)
        member = item.fold if item.fold < folds else NOBODY
        # The same bytes under two designs: nobody is unbiased then, and all may speak.
        found[number] = member if found.get(number, member) == member else NOBODY
    return found


def calibration_number(attributes: Mapping[str, Mapping[str, Any]]) -> int:
    """A number that stands for what :func:`calibrate` gave. It lies among the weights, so that the version, which is
    their digest, tells two calibrations of the same networks apart."""
    text = json.dumps(attributes, sort_keys=True).encode()
    return digest_number(hashlib.sha256(text).hexdigest())


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
    tensors[CALIBRATION] = torch.tensor([calibration_number(attributes)], dtype=torch.int64)
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
