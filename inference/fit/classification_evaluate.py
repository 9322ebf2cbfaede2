"""Measure the attribute classifiers as an audit uses them: pictures and masks from disk, calibrated, with flags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.classify import Classifier
from inference.fit.classification_policy import as_mappings, plant_errors
from inference.fit.data_shop import Item
from inference.suspicion import Policy, assess

#: Shares of labels made wrong when flags are measured: a usual catalogue, and the balanced test that talks like to
#: quote.
ERROR_RATES = (0.05, 0.5)
_BATCH = 64


def usable(items: Sequence[Item], values: Sequence[str]) -> list[Item]:
    """Items whose value the network knows and whose region is not empty."""
    return [item for item in items if item.value in values and bool(item.region().any())]


def predict_items(classifiers: Mapping[str, Classifier], items: Sequence[Item]) -> NDArray[np.float32]:
    """Probabilities (n, values) of items, each by the specialist of its garment group.

    Args:
        classifiers: garment group -> specialist; all with the same values.
        items: with regions that are not empty.
    """
    values = next(iter(classifiers.values())).values
    answers = np.zeros((len(items), len(values)), np.float32)
    for group, classifier in classifiers.items():
        rows = [row for row, item in enumerate(items) if item.garment_group == group]
        for start in range(0, len(rows), _BATCH):
            chosen = rows[start : start + _BATCH]
            images = []
            for row in chosen:
                with Image.open(items[row].path) as opened:
                    images.append(opened.convert("RGB"))
            answers[chosen] = classifier.predict(images, [items[row].region() for row in chosen])
    return answers


def calibration_error(probabilities: NDArray[np.float32], labels: NDArray[np.int64], bins: int = 15) -> float:
    """Expected calibration error, 0..1: mean distance between confidence and accuracy over equal bins of confidence."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for number in range(bins):
        inside = place == number
        if inside.any():
            total += inside.mean() * abs(float(confidence[inside].mean()) - float(right[inside].mean()))
    return total


def _recall_at(scores: NDArray[np.float64], wrong: NDArray[np.bool_], precision: float) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(wrong[order])
    good = np.flatnonzero(hits / np.arange(1, len(order) + 1) >= precision)
    return float(hits[good[-1]] / wrong.sum()) if good.size else 0.0


def measure_flags(
    probabilities: NDArray[np.float32],
    labels: NDArray[np.int64],
    values: Sequence[str],
    policies: Sequence[Policy],
    rate: float,
    repeats: int = 5,
    seed: int = 23,
) -> dict[str, float]:
    """Plant errors into labels and see which are flagged.

    The shop's own mistakes count as right labels, so precision is understated.

    Args:
        probabilities: (n, values).
        labels: (n,), the shop's labels.
        values: codes.
        policies: one per item.
        rate: share of labels made wrong, 0..1.
        repeats: simulations averaged.
        seed: of the simulations.

    Returns:
        precision and recall of flags, share of items flagged and disputed, recall of the ranking by p_wrong at
        precisions 0.9 and 0.99, and the distance of p_wrong from the truth (expected calibration error).
    """
    shares = np.array([policies[0].frequencies[value] for value in values])
    rows = as_mappings(probabilities, values)
    random = np.random.default_rng(seed)
    scores, wrongs, states = [], [], []
    for _ in range(repeats):
        planted = plant_errors(labels, shares, rate, random)
        judged = [
            assess(row, values[label], policy)
            for row, label, policy in zip(rows, planted.labels, policies, strict=True)
        ]
        scores += [one.p_wrong or 0.0 for one in judged]
        states += [one.state for one in judged]
        wrongs.append(planted.wrong)
    wrong, score, state = np.concatenate(wrongs), np.array(scores), np.array(states)
    flagged = state == "flagged"
    hits = float((flagged & wrong).sum())
    distance = 0.0
    for low in np.arange(0, 1, 0.1):
        inside = (score >= low) & (score < low + 0.1 + 1e-9 * (low > 0.85))
        if inside.any():
            distance += inside.mean() * abs(float(score[inside].mean()) - float(wrong[inside].mean()))
    return {
        "precision": hits / max(1.0, float(flagged.sum())),
        "recall": hits / max(1.0, float(wrong.sum())),
        "flagged": float(flagged.mean()),
        "disputed": float((state == "disputed").mean()),
        "ranking_recall_at_precision_0.90": _recall_at(score, wrong, 0.90),
        "ranking_recall_at_precision_0.99": _recall_at(score, wrong, 0.99),
        "p_wrong_calibration_error": float(distance),
    }


def evaluate_classifier(classifiers: Mapping[str, Classifier], items: Sequence[Item]) -> dict[str, Any]:
    """Measure specialists on held-out items.

    Args:
        classifiers: garment group -> specialist.
        items: pictures with masks and the shop's own labels; those of values unknown to the networks are left out.

    Returns:
        JSON types: share of items whose product was found in the mask, number of those items, accuracy (overall, per
        garment group), per value its number, recall and precision, the confusion matrix (rows: labels, columns:
        predictions, in the order of ``values``), the expected calibration error and, where the cards hold a policy,
        flags at each of :data:`ERROR_RATES`.

    Raises:
        ValueError: nothing is left to measure.
    """
    values = next(iter(classifiers.values())).values
    known = [item for item in items if item.garment_group in classifiers and item.value in values]
    kept = usable(known, values)
    if not kept:
        raise ValueError("no items to measure the classifiers on")
    return {"regions_found": len(kept) / len(known), **_summarise(predict_items(classifiers, kept), kept, classifiers)}


def _summarise(
    probabilities: NDArray[np.float32], items: Sequence[Item], classifiers: Mapping[str, Classifier]
) -> dict[str, Any]:
    """Figures of predictions that were made already; see :func:`evaluate_classifier`."""
    values = next(iter(classifiers.values())).values
    labels = np.array([values.index(item.value) for item in items], np.int64)
    best = probabilities.argmax(1)
    matrix = np.zeros((len(values), len(values)), int)
    np.add.at(matrix, (labels, best), 1)
    groups = np.array([item.garment_group for item in items])
    per_value = {
        value: {
            "items": int(matrix[row].sum()),
            "recall": float(matrix[row, row] / max(1, matrix[row].sum())),
            "precision": float(matrix[row, row] / max(1, matrix[:, row].sum())),
        }
        for row, value in enumerate(values)
        if matrix[row].sum() or matrix[:, row].sum()
    }
    figures: dict[str, Any] = {
        "items": len(items),
        "accuracy": float((best == labels).mean()),
        "accuracy_per_group": {
            group: float((best == labels)[groups == group].mean()) for group in sorted(set(groups.tolist()))
        },
        "per_value": per_value,
        "values": list(values),
        "confusion": matrix.tolist(),
        "calibration_error": calibration_error(probabilities, labels),
    }
    if all("policy" in classifier.card for classifier in classifiers.values()):
        known = {group: Policy.from_json(one.card["policy"]) for group, one in classifiers.items()}
        policies = [known[item.garment_group] for item in items]
        figures["flags"] = {
            f"{rate:.2f}": measure_flags(probabilities, labels, values, policies, rate) for rate in ERROR_RATES
        }
    return figures
