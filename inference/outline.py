"""The outline of a product in true proportions, which the square crop has lost. NumPy only; lengths are told by it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inference.crops import SHAPE_WIDTH

#: Bands, from top to bottom, in which the product's width is measured.
BANDS = 16

PROFILE_WIDTH = SHAPE_WIDTH + 2 * BANDS


def outline_profile(masks: NDArray[np.uint8], shapes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Proportions of products and their width from top to bottom.

    Args:
        masks: uint8 (n, side, side), 0..255, of crops (:class:`inference.crops.Crop`); the side a multiple of BANDS.
        shapes: float32 (n, SHAPE_WIDTH), see :func:`inference.crops.shape_of`.

    Returns:
        float64 (n, PROFILE_WIDTH): ``shapes``; the share of each band that the product covers; and the logarithm of the
        product's width there in units of its height.
    """
    count, side = masks.shape[:2]
    widths = masks.reshape(count, BANDS, side // BANDS, side).mean((2, 3), dtype=np.float64) / 255
    return np.concatenate([shapes, widths, np.log(widths + 0.05) - shapes[:, :1]], 1)
