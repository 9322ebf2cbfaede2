"""What speaks for and against a label once a whole catalogue has been looked at. NumPy only, no network.

A first look (:mod:`inference.suspicion`) has the networks' probabilities and the share of the garment that the label's
word fits. Whether two careful people would call a label plainly wrong, or a matter of shade, hangs on more than that:
how this shop uses its words (:mod:`inference.usage`), how far the measured colours lie from what the word is used for,
and whether the garment has one colour or several. Each is a column here; :mod:`inference.second_look` weighs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inference.contract import PaletteEntry
from inference.measured import MeasuredColours, lab_of
from inference.suspicion import Policy, log_ratios, measured_evidence

#: The columns of :func:`witnesses`.
NAMES: tuple[str, ...] = ("ratio", "measured", "usage", "distance", "spread", "mixture")

#: Stands for the distance where nothing was measured or the word is no single colour: about that of two plain colours.
_UNKNOWN_DISTANCE = 1.3

#: Units of CIE Lab that count as one.
_LAB_UNIT = 20.0

_LEAST = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Labels with what the networks saw, of one attribute.

    Attributes:
        values: codes of the columns.
        probabilities: float32 (n, values), rows add up to 1.
        labels: int64 (n,), column of the label's value; -1 for a heading, which is none of the values.
        covered: bool (n, values), at least one True per row: what the label means.
        palettes: the measured colours of each.
        groups: garment group of each.
        folds: int64 (n,), number of the fold that a design belongs to.
    """

    values: tuple[str, ...]
    probabilities: NDArray[np.float32]
    labels: NDArray[np.int64]
    covered: NDArray[np.bool_]
    palettes: Sequence[Sequence[PaletteEntry]]
    groups: Sequence[str]
    folds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.probabilities)

    def only(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Labelled:
        """The same for some of the labels."""
        index = np.arange(len(self))[rows].tolist()
        return Labelled(
            self.values,
            self.probabilities[rows],
            self.labels[rows],
            self.covered[rows],
            [self.palettes[row] for row in index],
            [self.groups[row] for row in index],
            self.folds[rows],
        )

    @property
    def agrees(self) -> NDArray[np.bool_]:
        """Where the most probable value is what the label means: bool (n,)."""
        return np.asarray(self.covered[np.arange(len(self)), self.probabilities.argmax(1)])


def witnesses(
    labelled: Labelled, policy: Policy, colours: MeasuredColours, usage: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One row of evidence a label; higher is more suspicious, but for the last two columns.

    Args:
        labelled: the labels.
        policy: frequencies of the values.
        colours: which colours words are used for.
        usage: float64 (n, values), rows add up to 1: how probably this shop gives each value, see
            :mod:`inference.usage`.

    Returns:
        float64 (n, 6), the columns of :data:`NAMES`: the log-likelihood ratio of a slip by the networks alone; the
        measured evidence against the word; minus the logarithm of how probably the shop would give the word; the mean
        distance of the measured colours from the word's own in CIE Lab, over 20; their spread about their mean, over
        20; and the entropy of their shares, both of which are high where a garment has several colours and two words
        may be right.
    """
    frequencies = policy.frequencies_of(labelled.values)
    shares = colours.shares_of(labelled.palettes, labelled.values)
    told = (labelled.covered * usage).sum(1)
    return np.column_stack(
        [
            log_ratios(labelled.probabilities, labelled.covered, frequencies),
            measured_evidence(shares, labelled.covered),
            -np.log(np.maximum(told, _LEAST)),
            *_colours(labelled, colours),
        ]
    )


def _colours(labelled: Labelled, colours: MeasuredColours) -> tuple[NDArray[np.float64], ...]:
    """Distance, spread and entropy of each palette."""
    place = {value: number for number, value in enumerate(colours.values)}
    distance = np.full(len(labelled), _UNKNOWN_DISTANCE)
    spread, mixture = np.zeros(len(labelled)), np.zeros(len(labelled))
    for row, palette in enumerate(labelled.palettes):
        if not palette:
            continue
        lab, shares = lab_of(palette), np.array([entry.share for entry in palette])
        shares = shares / shares.sum()
        spread[row] = np.sqrt(shares @ ((lab - shares @ lab) ** 2).sum(1)) / _LAB_UNIT
        mixture[row] = -(shares * np.log(np.maximum(shares, _LEAST))).sum()
        words = [place[labelled.values[column]] for column in np.flatnonzero(labelled.covered[row])
                 if labelled.values[column] in place]  # fmt: skip
        if words:
            away = np.linalg.norm(lab[:, None] - colours.means[words], axis=2)
            distance[row] = (shares @ away).min() / _LAB_UNIT
    return distance, spread, mixture
