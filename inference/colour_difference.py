"""How different two colours look: CIEDE2000. Plain Python, so that a web page can ask without loading NumPy.

After G. Sharma, W. Wu, E. N. Dalal: "The CIEDE2000 color-difference formula: Implementation notes, supplementary test
data, and mathematical observations", Color Research and Application 30 (2005), 21-30.
"""

from __future__ import annotations

from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

#: L (0..100), a, b.
Lab = tuple[float, float, float]

_WHITE = (0.95047, 1.0, 1.08883)  # D65
_TO_XYZ = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
_25_TO_THE_7TH = 25.0**7
#: Two hues exactly opposite each other are 180 degrees apart, whatever the last bit of the arctangent says.
_HALF_TURN = 180.0 + 1e-9


def lab_from_hex(colour: str) -> Lab:
    """CIE Lab under D65 of an sRGB colour ``#rrggbb``.

    Raises:
        ValueError: it is not of that form.
    """
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"{colour!r} is no colour of the form #rrggbb")
    light = [_linear(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5)]
    x, y, z = (
        _bent(sum(part * share for part, share in zip(row, light, strict=True)) / white)
        for row, white in zip(_TO_XYZ, _WHITE, strict=True)
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _bent(value: float) -> float:
    return float(value ** (1 / 3)) if value > 216 / 24389 else value * (24389 / 27 / 116) + 16 / 116


def ciede2000(first: Lab, second: Lab) -> float:
    """The difference of two colours: 0 the same, about 1 just visible, black and white 100; symmetric."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    stretch = 1.5 - 0.5 * _saturation((hypot(a1, b1) + hypot(a2, b2)) / 2)
    c1, c2 = hypot(a1 * stretch, b1), hypot(a2 * stretch, b2)
    h1, h2 = _hue(a1 * stretch, b1), _hue(a2 * stretch, b2)
    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2

    turn, hue = h2 - h1, h1 + h2
    if c1 * c2 == 0:
        turn = 0.0  # a grey has no hue; the sum is then the other one's
    elif abs(turn) > _HALF_TURN:
        turn -= 360 if turn > 0 else -360
        hue = (hue + (360 if hue < 360 else -360)) / 2
    else:
        hue /= 2
    hue_step = 2 * sqrt(c1 * c2) * sin(radians(turn / 2))

    crispening = (lightness - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * crispening / sqrt(20 + crispening))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = hue_step / (1 + 0.015 * chroma * _hue_weight(hue))
    rotation = -2 * _saturation(chroma) * sin(radians(60 * exp(-(((hue - 275) / 25) ** 2))))
    return sqrt(dl * dl + dc * dc + dh * dh + rotation * dc * dh)


def _saturation(chroma: float) -> float:
    """0 for greys, towards 1 for vivid colours."""
    return sqrt(chroma**7 / (chroma**7 + _25_TO_THE_7TH))


def _hue(a: float, b: float) -> float:
    """Degrees 0..360; 0 for a grey."""
    return degrees(atan2(b, a)) % 360 if a or b else 0.0


def _hue_weight(hue: float) -> float:
    return (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.20 * cos(radians(4 * hue - 63))
    )
