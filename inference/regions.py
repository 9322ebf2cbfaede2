"""Which part of a group map is the product.

Tops and bottoms are hardly ever taken for each other, but nothing in a packshot tells a long top from a short dress:
the network calls such garments, or parts of them, ``full_body`` or the other way round. The product's type settles it.
The rule, in the order in which it is tried:

1. The pieces of the wanted group; specks are dropped.
2. In a packshot (no person and no footwear in view) these pieces are widened by what touches them and is called by a
   group that the wanted one is mistaken for, since a single garment lies there. Patches on something much larger do not
   count as pieces.
3. Where the wanted group is absent and exactly one garment group is in view, one that it is mistaken for, that is
   taken.
4. Otherwise the product has no region: the picture shows another garment than the type says, or too many to choose
   from.

A region counts only when it covers at least :data:`MIN_SHARE` of the picture. The price of step 3: a dress in a picture
that should show trousers is classified as if it were those. How often a region is found, how well it fits, and how
often a wrong type is refused is measured by :func:`inference.fit.segmentation_evaluate.evaluate_flat_lays` and stands
in the model card.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inference.contract import GARMENT_GROUPS, GROUPS

#: Smaller shares of a picture are no product, and no person either.
MIN_SHARE = 0.01

#: A piece smaller than this share of the largest is a speck.
SPECK = 0.05

#: A touching area is the same garment only where the wanted group makes up at least this share of both together.
CORE = 0.1

#: What a group is mistaken for.
CONFUSED_WITH = {"top": ("full_body",), "bottom": ("full_body",), "full_body": ("top", "bottom")}


def region_of(groups: NDArray[np.uint8], garment_group: str) -> NDArray[np.bool_] | None:
    """Find the product in a group map; the module's text states the rule.

    Args:
        groups: uint8 (height, width) of numbers 0..6.
        garment_group: one of :data:`inference.contract.GARMENT_GROUPS`.

    Returns:
        bool (height, width), True where the product is, or None where there is no usable region.

    Raises:
        ValueError: no such garment group.
    """
    if garment_group not in GARMENT_GROUPS:
        raise ValueError(f"{garment_group!r} is none of {GARMENT_GROUPS}")
    shares = np.bincount(groups.ravel(), minlength=len(GROUPS)) / groups.size
    confused = CONFUSED_WITH[garment_group]
    packshot = _share(shares, ("person", "footwear")) < MIN_SHARE
    region = _without_specks(_mask(groups, (garment_group,)))
    if region is not None and packshot:
        region = _widened(region, _mask(groups, (garment_group, *confused)))
    if region is not None:
        return region
    others = [name for name in GARMENT_GROUPS if name != garment_group and _share(shares, (name,)) >= MIN_SHARE]
    if len(others) == 1 and others[0] in confused:
        return _without_specks(_mask(groups, (garment_group, *others)))
    return None


def _share(shares: NDArray[np.float64], names: Iterable[str]) -> float:
    return float(sum(shares[GROUPS.index(name)] for name in names))


def _mask(groups: NDArray[np.uint8], names: Iterable[str]) -> NDArray[np.bool_]:
    wanted = np.zeros(256, np.bool_)
    wanted[[GROUPS.index(name) for name in names]] = True
    return wanted[groups]


def _without_specks(mask: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    if np.count_nonzero(mask) < MIN_SHARE * mask.size:
        return None
    pieces, count = ndimage.label(mask)
    if count > 1:
        sizes = np.bincount(pieces.ravel())
        sizes[0] = 0
        mask = (sizes >= SPECK * sizes.max())[pieces]
    return mask if np.count_nonzero(mask) >= MIN_SHARE * mask.size else None


def _widened(region: NDArray[np.bool_], candidates: NDArray[np.bool_]) -> NDArray[np.bool_] | None:
    """The connected candidates of which the region is a fair part, or None when it is but a patch on something else."""
    pieces, _ = ndimage.label(candidates)
    whole = np.bincount(pieces.ravel())
    core = np.bincount(pieces[region], minlength=len(whole))
    same = core >= CORE * whole
    same[0] = False
    return same[pieces] if same.any() else None
