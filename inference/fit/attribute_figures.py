"""Measure an ensemble as an audit uses it: pictures and group maps from disk, calibrated probabilities, flags."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.classify import Classifier
from inference.contract import PaletteEntry
from inference.fit import flag_figures
from inference.fit.data_shop import CALIBRATION, EITHER, TEST, Item, targets_of
from inference.fit.flag_figures import DRAWS, Judge, calibration_error, confusion
from inference.fit.second_figures import UNLEARNT, AuditJudge, Verdicts, audit_judge
from inference.fit.verified_labels import ARGUABLE, WRONG, Verified, calibration_labels, verified_labels
from inference.measured import MeasuredColours
from inference.noise import score_labels
from inference.palette import measure
from inference.pictures import read_picture
from inference.second_look import SecondLook, shipped
from inference.suspicion import Policy
from inference.usage import fold_of
from inference.witnesses import Labelled

#: Shares of labels made wrong: a usual catalogue, and the balanced test that talks like to quote.
ERROR_RATES = (0.05, 0.5)

_BATCH = 64


@dataclass(frozen=True, slots=True)
class Predicted:
    """What an ensemble said of items.

    Attributes:
        items: those whose product was found.
        looked_at: number of items before that.
        probabilities: attribute -> float32 (n, values).
        palettes: the colours measured in each.
    """

    items: tuple[Item, ...]
    looked_at: int
    probabilities: Mapping[str, NDArray[np.float32]]
    palettes: tuple[tuple[PaletteEntry, ...], ...]

    def only(self, rows: Sequence[int] | NDArray[np.int64]) -> Predicted:
        """The same for some of the items."""
        index = np.asarray(rows, np.int64)
        kept = {attribute: part[index] for attribute, part in self.probabilities.items()}
        items = tuple(self.items[row] for row in index)
        return Predicted(items, self.looked_at, kept, tuple(self.palettes[row] for row in index))


def joined(parts: Sequence[Predicted]) -> Predicted:
    """What was said of several lots of items, at least one, in one."""
    return Predicted(
        tuple(item for part in parts for item in part.items),
        sum(part.looked_at for part in parts),
        {name: np.concatenate([part.probabilities[name] for part in parts]) for name in parts[0].probabilities},
        tuple(palette for part in parts for palette in part.palettes),
    )


def never_learnt(classifier: Classifier, items: Sequence[Item]) -> list[Item]:
    """Items whose picture no member learnt, not even as a copy, byte for byte, under another design."""
    return [item for item in items if not classifier.has_learnt(item.sha256)]


def predict_items(classifier: Classifier, items: Sequence[Item]) -> Predicted:
    """Have an ensemble look at items; those that it learnt are judged by the member that did not.

    Items whose mask shows no product of their type are left out.
    """
    kept: list[Item] = []
    parts: list[dict[str, NDArray[np.float32]]] = []
    palettes: list[tuple[PaletteEntry, ...]] = []
    for start in range(0, len(items), _BATCH):
        images, regions, batch = [], [], []
        for item in items[start : start + _BATCH]:
            region = item.region()
            if region.any():
                images.append(read_picture(item.path))
                regions.append(region)
                batch.append(item)
        groups = [item.garment_group for item in batch]
        measured = [measure(image, region) for image, region in zip(images, regions, strict=True)]
        digests = [item.sha256 for item in batch]
        parts.append(classifier.predict(images, regions, groups, digests, measured))
        palettes += measured
        kept += batch
    probabilities = {attribute: np.concatenate([part[attribute] for part in parts]) for attribute in classifier.values}
    return Predicted(tuple(kept), len(items), probabilities, tuple(palettes))


def judge_of(classifier: Classifier, predicted: Predicted, covers: Mapping[str, Collection[str]]) -> Judge:
    """The colours of predicted items, ready to weigh labels; ``covers``: value -> finer values in its word."""
    values = classifier.values["colour"]
    covered = np.eye(len(values), dtype=bool)
    for row, value in enumerate(values):
        for finer in set(covers.get(value, ())) & set(values):
            covered[row, values.index(finer)] = True
    card = classifier.card["attributes"]["colour"]
    colours = MeasuredColours.from_json(card.get("measured", {}))
    measured = colours.shares_of(predicted.palettes, values)
    return Judge(predicted.probabilities["colour"], values, Policy.from_json(card["policy"]), covered, measured)


def audit_judge_of(
    classifier: Classifier,
    predicted: Predicted,
    covers: Mapping[str, Collection[str]],
    look: SecondLook | None = None,
) -> AuditJudge:
    """The colours of all pictures of a shop, weighed together as at the end of an audit.

    Args:
        classifier: the ensemble.
        predicted: what it said of them; each has a colour that it knows.
        covers: as for :func:`judge_of`.
        look: how witnesses are weighed; the shipped one where None.
    """
    judge = judge_of(classifier, predicted, covers)
    labels = np.array([judge.values.index(_colour(item)) for item in predicted.items], np.int64)
    labelled = Labelled(
        judge.values,
        judge.probabilities,
        labels,
        judge.covered[labels],
        predicted.palettes,
        [item.garment_group for item in predicted.items],
        np.array([fold_of(item.design) for item in predicted.items], np.int64),
    )
    colours = MeasuredColours.from_json(classifier.card["attributes"]["colour"].get("measured", {}))
    return audit_judge(judge, labelled, colours, look or shipped()["colour"])


def with_colour(classifier: Classifier, predicted: Predicted) -> Predicted:
    """Items whose label is a colour that the networks know."""
    known = classifier.values["colour"]
    return predicted.only([row for row, item in enumerate(predicted.items) if _colour(item) in known])


def _colour(item: Item) -> str:
    return item.values.get("colour", "").split(EITHER)[0]


def verdicts_of(
    classifier: Classifier, predicted: Predicted, shop: str, covers: Mapping[str, Collection[str]]
) -> Verdicts:
    """What was seen by eye of a shop's labels, without those that figures are measured on.

    That is the calibrating part, all of it, and the most suspicious labels of the part that trains.
    """
    known, suspects = calibration_labels(shop), verified_labels(f"suspects_{shop}")
    found: list[tuple[int, Verified, bool]] = []
    for row, item in enumerate(predicted.items):
        natural = item.part == CALIBRATION
        one = None if item.part == TEST else (known if natural else suspects).get(item.path.name)
        if one is not None:
            found.append((row, one, natural))
    return Verdicts(
        audit_judge_of(classifier, predicted, covers, UNLEARNT),
        np.array([row for row, _one, _natural in found], np.int64),
        np.array([one.verdict == WRONG for _row, one, _natural in found]),
        np.array([one.verdict == ARGUABLE for _row, one, _natural in found]),
        np.array([natural for _row, _one, natural in found]),
    )


def accuracy_figures(classifier: Classifier, predicted: Predicted, attribute: str) -> dict[str, Any]:
    """Accuracy of one attribute on the shops' own labels (those that mean one value).

    Returns:
        ``items``, ``accuracy``, the same by garment group, ``values`` with ``confusion`` and ``per_value`` (see
        :func:`inference.fit.flag_figures.confusion`), ``calibration_error`` of the highest probability.
    """
    values = classifier.values[attribute]
    targets = targets_of(predicted.items, values, attribute)
    rows = np.flatnonzero(targets.sum(1) == 1)
    if not rows.size:
        return {"items": 0}
    labels = targets[rows].argmax(1)
    shares = predicted.probabilities[attribute][rows]
    right = shares.argmax(1) == labels
    groups = np.array([predicted.items[row].garment_group for row in rows])
    matrix, per_value = confusion(labels, shares.argmax(1), values)
    return {
        "items": len(rows),
        "accuracy": float(right.mean()),
        "by_group": {group: float(right[groups == group].mean()) for group in sorted(set(groups.tolist()))},
        "values": list(values),
        "confusion": matrix,
        "per_value": per_value,
        "calibration_error": calibration_error(shares.max(1).astype(np.float64), right),
    }


def verified_figures(
    classifier: Classifier, predicted: Predicted, shop: str, covers: Mapping[str, Collection[str]]
) -> dict[str, Any]:
    """Colour on the verified test set of a shop: see ``verified/README.md`` and :mod:`inference.fit.flag_figures`.

    Args:
        classifier: the ensemble.
        predicted: all of the shop whose colour is known, what trained out of fold; the verified part only scores.
        shop: ``hm`` or ``myntra``.
        covers: as for :func:`judge_of`.

    Returns:
        Numbers of each verdict; accuracy on verified labels (arguable ones left out, wrong ones corrected) with its
        interval, and with the arguable ones where any defensible value counts; flags with planted errors per rate and
        draw, on verified right labels (also as a shop too small for a second look gets them) and on the raw ones; the
        talk's test on skirts (all garments where a shop has too few) by the first look; the shop's own errors, and how
        many of them :mod:`inference.noise` finds, which looks at all labels of the shop together.
    """
    verified = verified_labels(shop)
    rows = [row for row, item in enumerate(predicted.items) if item.path.name in verified]
    whole = audit_judge_of(classifier, predicted, covers)
    judge = whole.only(np.array(rows, np.int64))
    first = judge_of(classifier, predicted.only(rows), covers)
    seen = [verified[predicted.items[row].path.name] for row in rows]
    place = {value: number for number, value in enumerate(judge.values)}
    labels = np.array([place[one.label] for one in seen], np.int64)
    wrong = np.array([one.verdict == WRONG for one in seen])
    arguable = np.array([one.verdict == ARGUABLE for one in seen])
    best = judge.probabilities.argmax(1)
    defensible = np.array([judge.values[value] in one.values for value, one in zip(best, seen, strict=True)])
    agrees = np.where(wrong | arguable, defensible, judge.covered[labels, best])
    clear = np.flatnonzero(~arguable)
    right = np.flatnonzero(~arguable & ~wrong)
    skirts = [row for row in right if "skirt" in predicted.items[rows[row]].values.get("garment_type", "")]
    return {
        "found": len(rows),
        "right": len(right),
        "wrong": int(wrong.sum()),
        "arguable": int(arguable.sum()),
        "accuracy_raw": float(judge.covered[labels, best].mean()),
        "accuracy": float(agrees[clear].mean()),
        "accuracy_interval": flag_figures.bootstrap(lambda part: float(agrees[clear][part].mean()), len(clear)),
        "accuracy_any_defensible": float(agrees.mean()),
        "planted": {
            f"{rate:.2f}": {
                draw: flag_figures.planted_figures(judge.only(right), labels[right], rate, draw) for draw in DRAWS
            }
            for rate in ERROR_RATES
        },
        "planted_first_look": {
            f"{rate:.2f}": {
                draw: flag_figures.planted_figures(first.only(right), labels[right], rate, draw) for draw in DRAWS
            }
            for rate in ERROR_RATES
        },
        "planted_raw": {
            f"{rate:.2f}": {draw: flag_figures.planted_figures(judge, labels, rate, draw) for draw in DRAWS}
            for rate in ERROR_RATES
        },
        # A catalogue of two hundred products is too small for a second look.
        "talk_all": flag_figures.talk_figures(first.only(right), labels[right]),
        "talk_skirts": flag_figures.talk_figures(first.only(np.array(skirts)), labels[skirts]) if skirts else None,
        "genuine": flag_figures.genuine_figures(judge, labels, wrong, arguable),
        "genuine_first_look": flag_figures.genuine_figures(first, labels, wrong, arguable),
        "error_calibration": calibration_error(judge.scores(labels, adapt=False)[0], wrong),
        "found_by_mixture": flag_figures.found_among_as_many(
            score_labels(judge.probabilities, labels).p_wrong[clear], wrong[clear]
        ),
    }
