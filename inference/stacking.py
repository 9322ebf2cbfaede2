"""A second reading: one linear layer on what the networks say, what is measured, and what kind of garment it is.

Wolpert, "Stacked generalization", Neural Networks 1992. A network decides alone and is right about many things; where
shops draw the line between two words it is taught too slowly. The layer is learnt from the networks' answers to
pictures that they did not learn, and corrects what they mix up. NumPy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.contract import GARMENT_GROUPS, PaletteEntry
from inference.measured import MeasuredColours, lab_of

#: Numbers that :func:`colour_features` has of a palette beside those of each word.
_COLOUR_NUMBERS = 8

#: Keeps the logarithm of a share finite.
_LEAST = 0.02


@dataclass(frozen=True, slots=True)
class Stack:
    """The layer: logits are ``features @ weight + bias``.

    Attributes:
        weight: float64 (features, values).
        bias: float64 (values,).
    """

    weight: NDArray[np.float64]
    bias: NDArray[np.float64]

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float32]:
        """Logits, float32 (n, values), from features (n, features)."""
        return (features @ self.weight + self.bias).astype(np.float32)

    def to_json(self) -> dict[str, Any]:
        """As JSON types, for a model's card."""
        return {"weight": self.weight.round(5).tolist(), "bias": self.bias.round(5).tolist()}

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> Stack:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError: a part is missing.
            ValueError: weight and bias do not fit together.
        """
        weight, bias = np.array(card["weight"], np.float64), np.array(card["bias"], np.float64)
        if weight.ndim != 2 or bias.shape != weight.shape[1:]:
            raise ValueError(f"a weight of shape {weight.shape} does not fit a bias of shape {bias.shape}")
        return cls(weight, bias)


def kinds_of(groups: Sequence[str]) -> NDArray[np.float64]:
    """Garment groups as numbers: float64 (n, 3), one of them 1 where the group is known."""
    return np.array([[group == known for known in GARMENT_GROUPS] for group in groups], np.float64).reshape(-1, 3)


def colour_features(
    logits: NDArray[np.float32],
    palettes: Sequence[Sequence[PaletteEntry]],
    groups: Sequence[str],
    measured: MeasuredColours,
) -> NDArray[np.float64]:
    """What the second reading of a colour goes by.

    Args:
        logits: float32 (n, colours), the networks' own.
        palettes: the measured colours of each product.
        groups: garment group of each.
        measured: which colours words are used for.

    Returns:
        float64 (n, colours + 2 * measured colours + 11).
    """
    told = np.zeros((len(palettes), 2 * len(measured.values) + _COLOUR_NUMBERS))
    for row, palette in enumerate(palettes):
        if palette:
            told[row] = _told_by(palette, measured)
    return np.concatenate([logits, told, kinds_of(groups)], 1)


def _told_by(palette: Sequence[PaletteEntry], measured: MeasuredColours) -> NDArray[np.float64]:
    """Share of each word and its logarithm; the mean colour and the main one (Lab over 50); its share; how many."""
    lab, shares = lab_of(palette), np.array([entry.share for entry in palette])
    fits, mean = shares @ measured.fit(lab), shares @ lab
    return np.concatenate([fits, np.log(fits + _LEAST), mean / 50, lab[0] / 50, [shares[0], len(palette) / 6]])


def shape_features(
    logits: NDArray[np.float32], profiles: NDArray[np.float64], groups: Sequence[str]
) -> NDArray[np.float64]:
    """What the second reading of any other attribute goes by.

    Args:
        logits: float32 (n, values of all attributes).
        profiles: float64 (n, PROFILE_WIDTH), see :func:`inference.outline.outline_profile`.
        groups: garment group of each.

    Returns:
        float64 (n, values + PROFILE_WIDTH + 3).
    """
    return np.concatenate([logits, profiles, kinds_of(groups)], 1)
