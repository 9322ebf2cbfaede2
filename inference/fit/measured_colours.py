"""Learn which colours each word is used for, from the palettes of garments of one colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inference.contract import PaletteEntry
from inference.fit.data_shop import Crops
from inference.measured import MeasuredColours, lab_of
from inference.palette import measure

#: A garment teaches a word when its main colour has at least this share, and the network is this sure of the word.
PLAIN, SURE = 0.5, 0.7

#: A word needs so many garments.
ENOUGH = 30

#: Values that are no single colour.
NO_COLOUR = ("multicolour", "floral_print")

#: Share of a round distribution of the same spread that is mixed into each one.
_ROUND = 0.1


def palettes_of(crops: Crops) -> list[tuple[PaletteEntry, ...]]:
    """The measured colours of every crop."""
    return [
        measure(Image.fromarray(pixels.transpose(1, 2, 0)), mask[0] > 127)
        for pixels, mask in zip(crops.pixels, crops.masks, strict=True)
    ]


def learn_colours(
    palettes: Sequence[Sequence[PaletteEntry]],
    labels: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    values: Sequence[str],
) -> MeasuredColours:
    """Fit a normal distribution for every word that enough plain garments bear, the network agreeing with the label.

    Args:
        palettes: of the garments, largest share first.
        labels: int (n,), the shops' words.
        probabilities: float (n, values), by networks that did not learn the item.
        values: codes of the values.
    """
    sure = (probabilities.argmax(1) == labels) & (probabilities.max(1) >= SURE)
    plain = np.array([bool(palette) and palette[0].share >= PLAIN for palette in palettes], bool)
    rows = np.flatnonzero(sure & plain)
    main = lab_of([palettes[row][0] for row in rows.tolist()])
    kept, means, covariances = [], [], []
    for column, value in enumerate(values):
        own = main[labels[rows] == column]
        if value in NO_COLOUR or len(own) < ENOUGH:
            continue
        spread = np.cov(own, rowvar=False)
        kept.append(value)
        means.append(own.mean(0))
        covariances.append((1 - _ROUND) * spread + _ROUND * np.trace(spread) / 3 * np.eye(3))
    return MeasuredColours(tuple(kept), np.array(means).reshape(-1, 3), np.array(covariances).reshape(-1, 3, 3))
