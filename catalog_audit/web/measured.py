"""The colours measured on a garment, and how far they are from what a value looks like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Value
from inference.colour_difference import ciede2000, lab_from_hex

#: Mean differences up to here are called close, from FAR on far. A garment's folds and shadows alone are 5 to 10 away
#: from the colour of its cloth; navy and black are 14 apart, beige and white 17.
CLOSE = 12.0
FAR = 22.0
#: A bar is full from this difference on.
FULL = 50.0


@dataclass(frozen=True, slots=True)
class Measured:
    """A colour measured inside the garment.

    Attributes:
        hex: ``#rrggbb``.
        share: of the garment, 0..1.
    """

    hex: str
    share: float


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a garment's colours are from a value's swatch.

    Attributes:
        difference: CIEDE2000, the mean over the measured colours weighted by their shares.
        word: "close", "between" or "far".
        fill: length of the bar that shows it, 0..1.
    """

    difference: float
    word: str
    fill: float


def measured_colours(flag: Flag) -> list[Measured]:
    """The palette of the flag's picture, largest share first; empty where the flag is not about colour."""
    if flag.attribute.code != Attribute.COLOUR:
        return []
    return [Measured(hex_code, share) for hex_code, share in flag.prediction.palette]


def distance(colours: Sequence[Measured], value: Value) -> Distance | None:
    """How far the garment as a whole is from the value; None for a value of several colours, or nothing measured.

    The mean and not the nearest colour: the grey shadow of a white blouse would make it "close" to grey.
    """
    whole = sum(colour.share for colour in colours)
    if len(value.swatches) != 1 or not whole:
        return None
    try:
        wanted = lab_from_hex(value.swatches[0])
        parts = [ciede2000(lab_from_hex(colour.hex), wanted) * colour.share for colour in colours]
    except ValueError:  # a swatch that an admin typed
        return None
    difference = sum(parts) / whole
    word = "close" if difference < CLOSE else "far" if difference >= FAR else "between"
    return Distance(difference, word, min(difference / FULL, 1.0))
