"""From trained networks to a candidate: calibrated on the set's calibration part, measured on its test part, written.

Thresholds that were chosen on thousands of labels are not thrown away for a few: where a set is too small to say
better, those of the ensemble that the training went on from stay, and the card says so.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inference.classify import NOBODY, Classifier
from inference.contract import GARMENT_GROUPS
from inference.fit.attribute_figures import accuracy_figures, predict_items
from inference.fit.classification_policy import fit_temperature
from inference.fit.classification_run import out_of_fold_logits
from inference.fit.crew import ALONE, Crew, own_device
from inference.fit.data_shop import FOLDS, Crops
from inference.fit.examples import Example, TooFewExamples
from inference.fit.export import calibrate_logits, save_ensemble, training_digests
from inference.fit.retraining import FULL, Base, Material, Order, Report, prepare, together, train_members
from inference.network import AttributeNetwork

#: Labels of one value, out of fold and of the calibration part, from which on an attribute is calibrated anew, and from
#: which on at least its temperatures are.
CALIBRATES, WARMS = (1000, 150), (60, 20)

#: Where there is no ensemble whose calibration could stay, so many of the calibration part must do.
LEAST_CALIBRATION = 30


def retrain(order: Order, out: Path, report: Report, crew: Crew = ALONE) -> dict[str, Any]:
    """Do all of it.

    Args:
        order: what to do.
        out: folder for the finished model.
        report: told of the progress: ``stage`` ("regions", "reading", "training", "calibration", "figures") and what
            each has to tell. What it raises stops the training, which can be taken up again.
        crew: the processes that train together; the first writes the model.

    Returns:
        ``path`` of the model, its ``figures``, and what was not learnt (``unknown``, ``scarce``); nothing in the other
        processes of a crew.

    Raises:
        inference.fit.examples.TooFewExamples: the set holds too little.
        MemoryError: the device has too little memory.
    """
    try:
        return _retrain(order, out, report, crew)
    except torch.OutOfMemoryError as error:
        raise MemoryError(str(error)) from error


def _retrain(order: Order, out: Path, report: Report, crew: Crew) -> dict[str, Any]:
    base = Base.load(order.base)
    material = prepare(order, base, report, crew)
    if base is None:
        _check_calibration(material, order)
    members = train_members(order, base, material, report, crew)
    if not crew.leads:
        return {}
    report({"stage": "calibration"})
    # The networks of `base` have been trained in place; card and digests are what is needed of it from here on.
    attributes, fresh = calibration(members, material, base, order)
    digests = _digests(material.learnt, base if order.mode != FULL else None)
    card = card_of(order, base, material, fresh)
    path = out / f"attributes_{order.set_hash[:12]}_{order.key}.safetensors"
    recipe = base.like(order.recipe) if base else order.recipe
    save_ensemble(path, members, attributes, digests, recipe, card)
    report({"stage": "figures"})
    figures = measured(path, material.test, own_device(order.device))
    before = measured(order.base, material.test, own_device(order.device)) if order.base else {}
    save_ensemble(path, members, attributes, digests, recipe, {**card, "figures": figures, "figures_before": before})
    return {
        "path": str(path),
        "figures": {name: _short(one) for name, one in figures.items()},
        "before": {name: _short(one) for name, one in before.items()},
        "unknown": unknown(order, material),
        "scarce": material.scarce,
        "calibrated": sorted(fresh),
    }


def unknown(order: Order, material: Material) -> dict[str, Mapping[str, int]]:
    """Attribute -> value -> number of labels, of values that the networks do not have."""
    return {name: values for name, values in material.read.unknown.items() if name in order.attributes}


def _short(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: figures[name] for name in ("items", "accuracy") if name in figures}


def _check_calibration(material: Material, order: Order) -> None:
    for attribute in order.attributes:
        found = int((material.watched.targets[attribute].sum(1) == 1).sum()) if material.watched is not None else 0
        if found < LEAST_CALIBRATION:
            raise TooFewExamples(attribute, "", found, LEAST_CALIBRATION)


def calibration(
    members: Sequence[AttributeNetwork], material: Material, base: Base | None, order: Order
) -> tuple[dict[str, dict[str, Any]], set[str]]:
    """Temperatures and policies of all attributes, as a card holds them, and which of them are new.

    An attribute is calibrated anew where it was learnt of all garment groups and the set holds enough labels of it;
    with fewer only its temperatures are; with hardly any, or where it was not learnt, all stays as it was.
    """
    side, slices = order.recipe.side, members[0].slices
    watched = material.watched
    attributes = copy.deepcopy(base.artifact.card["attributes"]) if base else {}
    values = base.values if base else order.recipe.values
    if watched is None:
        return attributes, set()
    alone = out_of_fold_logits(members, material.learnt, side)
    pooled = together(members, watched, side, material.judges)
    own, other = (
        {name: (part.sum(1) == 1) for name, part in crops.targets.items()} for crops in (material.learnt, watched)
    )
    fresh = {
        name
        for name in order.attributes
        if base is None
        or (
            set(order.groups) == set(GARMENT_GROUPS)
            and own[name].sum() >= CALIBRATES[0]
            and other[name].sum() >= CALIBRATES[1]
        )
    }
    if fresh:
        chosen = {name: columns for name, columns in slices.items() if name in fresh}
        attributes |= calibrate_logits(chosen, alone, pooled, material.learnt, watched, values)
    for name in set(order.attributes) - fresh:
        if "stack" in attributes[name]:
            continue  # its temperatures are those of the second reading, which stays as it is
        _warm(attributes[name]["temperatures"], name, slices[name], (material.learnt, alone), (watched, pooled), order)
    return {name: attributes[name] for name in slices}, fresh


def _warm(
    temperatures: dict[str, dict[str, float]],
    attribute: str,
    columns: slice,
    own: tuple[Crops, NDArray[np.float32]],
    other: tuple[Crops, NDArray[np.float32]],
    order: Order,
) -> None:
    """Fit temperatures anew where there are enough labels: of all groups together, or of each that was learnt."""
    whole = set(order.groups) == set(GARMENT_GROUPS)
    for group in ("", *GARMENT_GROUPS) if whole else order.groups:
        found = {}
        for whose, (crops, logits), least in zip(("member", "ensemble"), (own, other), WARMS, strict=True):
            known = crops.targets[attribute].sum(1) == 1
            rows = np.flatnonzero(known & np.array([group in ("", item.garment_group) for item in crops.items]))
            if len(rows) >= least:
                labels = crops.targets[attribute][rows].argmax(1).astype(np.int64)
                found[whose] = fit_temperature(logits[rows][:, columns], labels)
        if len(found) == len(WARMS):
            temperatures[group] = found


def _digests(learnt: Crops, base: Base | None) -> dict[int, int]:
    """Which member did not learn each picture, before or now."""
    found = training_digests(learnt, FOLDS)
    for number, member in (base.learnt if base else {}).items():
        found[number] = member if found.get(number, member) == member else NOBODY
    return found


def measured(model: Path | None, items: Sequence[Example], device: str) -> dict[str, Any]:
    """Accuracy of each attribute on the labels of the test part; nothing where the part is empty."""
    there = [item for item in items if item.mask.exists() and item.path.exists()]
    if model is None or not there:
        return {}
    classifier = Classifier.load(model, device)
    predicted = predict_items(classifier, there)
    return {attribute: accuracy_figures(classifier, predicted, attribute) for attribute in classifier.values}


def card_of(order: Order, base: Base | None, material: Material, fresh: set[str]) -> dict[str, Any]:
    """What the card says beside weights and attributes."""
    before = base.artifact.card if base else {}
    shops = sorted({item.origin.removeprefix("set:") for item in material.learnt.items})
    labels = {
        name: {
            "labels": int(part.any(1).sum()),
            "verified": int((part.any(1) & (material.learnt.weights[name] > 1)).sum()),
        }
        for name, part in material.learnt.targets.items()
        if name in order.attributes
    }
    parts = Counter(item.part for item in material.read.items)
    own = {
        "name": f"training set {order.set_hash[:12]}",
        "use": f"labelled pictures of {', '.join(shops)}",
        "licence": "the shops' own",
        "labels": labels,
        "pictures": dict(parts),
    }
    began = f"--mode {order.mode}" + "".join(
        f" --{name} {' '.join(chosen)}" for name, chosen in (("attributes", order.attributes), ("groups", order.groups))
    )
    return {
        "title": before.get("title", "Colour, garment type, pattern and length of a garment"),
        "data": [*before.get("data", []), own],
        "training_set": {"hash": order.set_hash, "shops": shops},
        "mode": order.mode,
        "learnt": {"attributes": list(order.attributes), "garment_groups": list(order.groups)},
        "not_learnt": {"unknown": unknown(order, material), "too_few": material.scarce},
        "began_from": order.base_version,
        "calibrated_on_the_set": sorted(fresh),
        "split": "parts and folds as the training set has settled them, by designs",
        "schedule": asdict(order.recipe.schedule),
        "limits": before.get("limits", ""),
        "reproduce": f"python manage.py train --set {order.set_hash[:12]} {began}",
    }
