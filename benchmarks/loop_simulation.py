"""A catalogue with planted errors, a reviewer who is sometimes wrong, and a model that learns from the verdicts.

NumPy only; which model is asked, and by what the labels are ranked, the caller says.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from inference.fit.flag_figures import Planted, calibration_error, plant

#: Share of the catalogue that is reviewed in a round, and of the verdicts that are wrong.
STEP, MISTAKEN = 0.05, 0.03

#: What a label counts in training once a person has seen it; any other counts 1. What is shown is what people name
#: differently, and the shop's own errors are accepted: at 3 the heads learn those and get worse with every round.
VERIFIED_WEIGHT = 1.5

#: Pairs of colours that people confuse, between which errors are planted in the harder of the two plantings.
PAIRS = (("navy", "black"), ("beige", "white"), ("blue", "light_blue"))

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Truths = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Standing:
    """All that a ranking may know.

    Attributes:
        heads: for each head float64 (n, values), probabilities of items whose fold it did not learn.
        labels: int64 (n,), as they stand.
        given: int64 (n,), as the shop gave them.
        seen: bool (n,), where a person decided.
        overturned: bool (n,), where the person called the label wrong.
    """

    heads: Sequence[Floats]
    labels: Labels
    given: Labels
    seen: Truths
    overturned: Truths

    @property
    def pooled(self) -> Floats:
        """The heads' mean, float64 (n, values)."""
        return np.asarray(np.mean(self.heads, axis=0), np.float64)


#: How probably each label is wrong, float (n,) of 0..1.
Score = Callable[[Standing], Floats]


class Learner(Protocol):
    """What is trained anew in every round."""

    def __call__(self, labels: Labels, weights: Floats) -> tuple[list[Floats], Floats]:
        """Learn from labels (n,) that count ``weights`` (n,).

        Returns:
            For each head, float64 (n, values): probabilities of items whose fold it did not learn. And float64
            (held out, values): the probabilities of the items that are never learnt.
        """


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Items that are never learnt, on which accuracy is measured.

    Attributes:
        labels: int64 (m,), the shop's own.
        defensible: bool (m, values): what a person who looked calls right; a row of an item that nobody looked at, or
            whose label is a matter of opinion, is empty.
    """

    labels: Labels
    defensible: Truths

    def accuracy(self, probabilities: Floats) -> tuple[float, float]:
        """Share of the most probable values that are right, 0..1: by the verified labels, and by the shop's own."""
        best = probabilities.argmax(1)
        known = self.defensible.any(1)
        verified = self.defensible[known, best[known]]
        return float(verified.mean()) if known.any() else math.nan, float((best == self.labels).mean())


@dataclass(frozen=True, slots=True)
class Arm:
    """A way to go about it.

    Attributes:
        name: of the table.
        score: ranks the labels.
        retrains: False keeps the first model and its ranking.
    """

    name: str
    score: Score
    retrains: bool = True


@dataclass(frozen=True, slots=True)
class Round:
    """How things stand after a round; round 0 is before the first review. All shares are 0..1.

    Attributes:
        arm: its name.
        number: of the round.
        reviewed: share of the catalogue seen by the reviewer so far.
        found: share of the planted errors that the reviewer corrected so far.
        precision: share of the labels reviewed in this round that were planted errors; NaN in round 0.
        accuracy: of the model after this round, on verified held-out labels.
        ece: calibration error of the suspicion over the labels not yet reviewed.
        shown: share of the planted errors that the reviewer saw so far; ``found`` and what was missed.
        accuracy_raw: as ``accuracy``, on the shop's own labels.
        rows: items reviewed in this round.
    """

    arm: str
    number: int
    reviewed: float
    found: float
    precision: float
    accuracy: float
    ece: float
    shown: float
    accuracy_raw: float
    rows: Labels


def plant_by_frequency(labels: Labels, values: int, rate: float, random: np.random.Generator) -> Planted:
    """Make a share of labels wrong, each by a value drawn as often as the shop uses it."""
    shares = np.bincount(labels, minlength=values).astype(np.float64)
    weights = np.tile(shares, (values, 1))
    np.fill_diagonal(weights, 0.0)
    return plant(labels, weights / np.maximum(weights.sum(1, keepdims=True), 1e-12), rate, random)


def plant_in_pairs(
    labels: Labels, values: Sequence[str], pairs: Sequence[tuple[str, str]], rate: float, random: np.random.Generator
) -> Planted:
    """Make a share ``rate`` of all labels wrong, each by the other value of its pair; labels in no pair stay right.

    Raises:
        ValueError: a pair names a value that is none of ``values``.
    """
    weights = np.zeros((len(values), len(values)))
    for one, other in pairs:
        if unknown := {one, other}.difference(values):
            raise ValueError(f"no label of this catalogue means {', '.join(sorted(unknown))}")
        weights[values.index(one), values.index(other)] = weights[values.index(other), values.index(one)] = 1.0
    return plant(labels, weights, rate, random)


def review(
    shown: Labels, labels: Labels, truth: Labels, suggested: Labels, mistaken: float, random: np.random.Generator
) -> Labels:
    """What the labels of ``shown`` (rows) are after a person looked at them, int64 (shown,).

    The person corrects a wrong label and accepts a right one. With probability ``mistaken`` it is the other way round:
    a wrong label stays, and a right one gives way to the suggested value.

    Args:
        shown: rows.
        labels: int (n,), as they stand.
        truth: int (n,).
        suggested: int (n,), never the label itself.
        mistaken: 0..1.
        random: decides who errs where.
    """
    errs = random.random(len(shown)) < mistaken
    wrong = labels[shown] != truth[shown]
    return np.where(errs, np.where(wrong, labels[shown], suggested[shown]), truth[shown])


def simulate(
    arm: Arm, learner: Learner, planted: Planted, truth: Labels, held_out: HeldOut, rounds: int, seed: int
) -> Iterator[Round]:
    """Review and learn in turn, and yield how things stand: before the first round, and after each.

    Args:
        arm: how.
        learner: what learns.
        planted: the labels with their errors.
        truth: int (n,), the labels before.
        held_out: where accuracy is measured.
        rounds: so many reviews of :data:`STEP` of the catalogue.
        seed: of the reviewer's slips.
    """
    random = np.random.default_rng(seed)
    labels, count = planted.labels.copy(), len(truth)
    seen, overturned = np.zeros(count, bool), np.zeros(count, bool)
    errors = max(1, int(planted.wrong.sum()))
    heads, outside = learner(labels, np.ones(count))
    suspicion = arm.score(Standing(heads, labels, planted.labels, seen, overturned))
    shown = np.zeros(0, np.int64)
    for number in range(rounds + 1):
        if number:
            shown = most_suspicious(suspicion, seen, round(STEP * count))
            suggested = best_but(np.mean(heads, axis=0), labels)
            decided = review(shown, labels, truth, suggested, MISTAKEN, random)
            overturned[shown] = decided != labels[shown]
            labels[shown], seen[shown] = decided, True
            if arm.retrains:
                heads, outside = learner(labels, np.where(seen, VERIFIED_WEIGHT, 1.0))
                suspicion = arm.score(Standing(heads, labels, planted.labels, seen, overturned))
        accuracy, raw = held_out.accuracy(outside)
        yield Round(
            arm=arm.name,
            number=number,
            reviewed=float(seen.mean()),
            found=float((seen & planted.wrong & (labels == truth)).sum() / errors),
            precision=float(planted.wrong[shown].mean()) if shown.size else math.nan,
            accuracy=accuracy,
            ece=math.nan if seen.all() else calibration_error(suspicion[~seen], planted.wrong[~seen]),
            shown=float((seen & planted.wrong).sum() / errors),
            accuracy_raw=raw,
            rows=shown,
        )


def most_suspicious(suspicion: Floats, seen: Truths, count: int) -> Labels:
    """Rows of the ``count`` most suspicious labels that nobody has seen; equal ones in their order."""
    order = np.argsort(np.where(seen, np.inf, -suspicion), kind="stable")
    return order[: min(count, int((~seen).sum()))]


def best_but(probabilities: Floats, labels: Labels) -> Labels:
    """The most probable value (n,) that is not the label, from probabilities (n, values)."""
    others = probabilities.copy()
    others[np.arange(len(labels)), labels] = -1.0
    return others.argmax(1)
