"""Which words for colours the measured colours of a garment bear out. NumPy only, no network.

A network sees a garment as a whole and is sometimes sure of itself against the evidence. What was measured inside the
mask is a second witness: a normal distribution in CIE Lab for each word says how likely it is for each colour of the
palette, and the palette's shares add up to the share of the garment that each word fits (quadratic discriminant
analysis; Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", section 4.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inference.contract import PaletteEntry
from inference.palette import lab_from_rgb


@dataclass(frozen=True, slots=True)
class MeasuredColours:
    """Normal distributions of the colours that words are used for.

    Attributes:
        values: codes of the values; those that are no single colour (multicolour, a print) are not among them.
        means: float64 (values, 3), CIE Lab.
        covariances: float64 (values, 3, 3).
    """

    values: tuple[str, ...]
    means: NDArray[np.float64]
    covariances: NDArray[np.float64]

    def shares(self, palette: Sequence[PaletteEntry], values: Sequence[str]) -> NDArray[np.float64]:
        """Share of the garment that each word fits.

        Args:
            palette: the colours measured inside the mask.
            values: codes of the columns wanted.

        Returns:
            float64 (len(values),), 0..1; NaN for values that have no distribution, and for all without a palette.
        """
        found = np.full(len(values), np.nan)
        if not palette or not self.values:
            return found
        shares = np.array([entry.share for entry in palette])
        fitting = shares / shares.sum() @ self.fit(lab_of(palette))
        for column, value in enumerate(values):
            if value in self.values:
                found[column] = fitting[self.values.index(value)]
        return found

    def shares_of(self, palettes: Sequence[Sequence[PaletteEntry]], values: Sequence[str]) -> NDArray[np.float64]:
        """:meth:`shares` of several garments: float64 (n, len(values))."""
        return np.array([self.shares(palette, values) for palette in palettes]).reshape(len(palettes), len(values))

    def fit(self, lab: NDArray[np.float64]) -> NDArray[np.float64]:
        """How well each word fits colours: float64 (n, values) from CIE Lab (n, 3); every row adds up to 1."""
        away = lab[:, None] - self.means
        distance = np.einsum("nvi,vij,nvj->nv", away, np.linalg.inv(self.covariances), away)
        logs = -0.5 * (distance + np.log(np.linalg.det(self.covariances)))
        powers = np.exp(logs - logs.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True), np.float64)

    def to_json(self) -> dict[str, Any]:
        """As JSON types, for a model's card."""
        return {
            value: {"mean": mean.round(3).tolist(), "covariance": covariance.round(4).tolist()}
            for value, mean, covariance in zip(self.values, self.means, self.covariances, strict=True)
        }

    @classmethod
    def from_json(cls, card: Mapping[str, Any]) -> MeasuredColours:
        """Read what :meth:`to_json` wrote.

        Raises:
            KeyError: a mean or a covariance is missing.
        """
        return cls(
            tuple(card),
            np.array([one["mean"] for one in card.values()], np.float64).reshape(-1, 3),
            np.array([one["covariance"] for one in card.values()], np.float64).reshape(-1, 3, 3),
        )


def lab_of(palette: Sequence[PaletteEntry]) -> NDArray[np.float64]:
    """The colours of a palette in CIE Lab, float64 (n, 3)."""
    rgb = np.array([[int(entry.hex[place : place + 2], 16) for place in (1, 3, 5)] for entry in palette], np.uint8)
    return lab_from_rgb(rgb.reshape(-1, 3)).astype(np.float64)
