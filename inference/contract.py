"""The frozen dataclasses that cross the border between the web application and the networks.

NumPy only: importing this module never loads torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

#: The seven groups of Clothing Co-Parsing, in the order of the numbers in a group map.
GROUPS: tuple[str, ...] = ("background", "person", "top", "bottom", "full_body", "footwear", "accessory")

#: The groups that can be a product.
GARMENT_GROUPS: tuple[str, ...] = ("top", "bottom", "full_body")

#: An attribute is learnt from so many labelled pictures on.
LEAST_EXAMPLES = 20

#: Why a picture gave no prediction; the web application turns the code into a sentence.
PROBLEMS: tuple[str, ...] = ("missing", "empty", "not_a_picture", "truncated", "too_small", "too_large", "no_region")


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """One picture to look at.

    Attributes:
        key: the caller's own name for the picture; comes back in the :class:`Reading`.
        path: the file to read.
        garment_group: which part of the picture is the product, one of :data:`GARMENT_GROUPS`.
        digest: SHA-256 of the file in hexadecimal digits, or "" where it is not known. A picture that took part in
            training is judged by the networks that did not learn it.
    """

    key: str
    path: Path
    garment_group: str
    digest: str = ""


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """A colour measured inside the garment and the share of the garment that has it.

    Attributes:
        hex: sRGB as ``#rrggbb``.
        share: 0..1; the entries of one palette add up to 1.
    """

    hex: str
    share: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What the networks saw in one picture.

    Attributes:
        key: the key of the request.
        problem: one of :data:`PROBLEMS`, or None; with a problem there are no probabilities.
        detail: a short technical detail of the problem (never shown alone), or "".
        groups: uint8 array (height, width) of group numbers 0..6 in the own size of the picture after EXIF rotation,
            or None.
        region: bool array (height, width), True where the product is, or None.
        region_share: share of the picture that the region covers, 0..1.
        palette: the colours inside the region, largest share first.
        probabilities: attribute code -> value code -> probability 0..1 (calibrated; sums to 1 per attribute).
    """

    key: str
    problem: str | None = None
    detail: str = ""
    groups: NDArray[np.uint8] | None = None
    region: NDArray[np.bool_] | None = None
    region_share: float = 0.0
    palette: tuple[PaletteEntry, ...] = ()
    probabilities: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """A prediction to explain: where did the network look for this value?

    Attributes:
        key: the caller's own name.
        path: the picture.
        region: bool array (height, width) in the picture's own size, as in :attr:`Reading.region`.
        garment_group: one of :data:`GARMENT_GROUPS`; chooses the specialist.
        attribute: attribute code.
        value: the value code to explain.
    """

    key: str
    path: Path
    region: NDArray[np.bool_]
    garment_group: str
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """The model files that one audit uses.

    Attributes:
        segmenter: the ``.safetensors`` file of the segmentation network; its card lies beside it as ``.json``.
        classifiers: garment group -> ``.safetensors`` file of its specialist; "" -> that of the network for all groups
            that have none.
    """

    segmenter: Path
    classifiers: Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Assessment:
    """A label weighed against a prediction.

    Attributes:
        state: "ok", "flagged" or "disputed" (the label is one of several defensible values).
        p_wrong: probability 0..1 that the label is wrong, or None when the model does not know the label's value.
        suggested: the value code with the highest probability.
        alternatives: up to five (value code, probability), most probable first.
    """

    state: str
    p_wrong: float | None
    suggested: str
    alternatives: tuple[tuple[str, float], ...] = ()
