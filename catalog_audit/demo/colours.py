"""Believable garment colours: for every value of the colour dictionary, boxes in CIE LCh to draw from.

The boxes were chosen from the middle of the garments of a real catalogue (10th to 90th percentile of L*, a*, b*) and
kept apart from each other, so that a drawn garment has one right label and only the light in the picture brings doubt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

#: The two values that are patterns, not single colours.
PATTERN_VALUES: Final = ("multicolour", "floral_print")


@dataclass(frozen=True, slots=True)
class Shade:
    """A box of CIE LCh colours (D65) that people call by one name.

    Attributes:
        name: the finer name of the shade, the key of the shop's words.
        value: the dictionary value it belongs to.
        lightness: L*, lowest and highest, 0..100.
        chroma: C*, lowest and highest.
        hue: degrees, lowest and highest; the highest may pass 360.
        weight: how often this shade is drawn among those of its value.
    """

    name: str
    value: str
    lightness: tuple[float, float]
    chroma: tuple[float, float]
    hue: tuple[float, float]
    weight: float = 1.0


SHADES: Final[tuple[Shade, ...]] = (
    Shade("black", "black", (5, 12), (0, 2.5), (0, 360)),
    Shade("white", "white", (94, 98), (0, 2), (80, 280), 2),
    Shade("off_white", "white", (91, 95), (3, 6), (82, 100)),
    Shade("grey", "grey", (50, 68), (0, 3), (0, 360), 2),
    Shade("dark_grey", "grey", (30, 42), (0, 3), (0, 360)),
    Shade("light_grey", "grey", (72, 80), (0, 2.5), (0, 360)),
    Shade("beige", "beige", (70, 82), (11, 18), (68, 84), 2),
    Shade("dark_beige", "beige", (60, 68), (16, 23), (68, 80)),
    Shade("light_beige", "beige", (82, 87), (9, 13), (70, 86)),
    Shade("brown", "brown", (26, 38), (18, 32), (50, 66), 2),
    Shade("chocolate", "brown", (18, 25), (11, 18), (45, 62)),
    Shade("navy", "navy", (12, 21), (13, 24), (274, 290)),
    Shade("blue", "blue", (38, 52), (32, 52), (266, 284), 2),
    Shade("denim_blue", "blue", (38, 50), (20, 28), (254, 268)),
    Shade("light_blue", "light_blue", (74, 86), (12, 22), (238, 268)),
    Shade("turquoise", "turquoise", (56, 74), (24, 38), (192, 212), 2),
    Shade("dark_turquoise", "turquoise", (36, 46), (22, 30), (198, 214)),
    Shade("green", "green", (42, 60), (32, 50), (136, 158), 2),
    Shade("dark_green", "green", (22, 32), (16, 28), (142, 166)),
    Shade("light_green", "green", (78, 88), (18, 30), (132, 158)),
    Shade("khaki", "khaki", (34, 52), (14, 24), (96, 112)),
    Shade("yellow", "yellow", (82, 90), (46, 72), (86, 97), 2),
    Shade("light_yellow", "yellow", (89, 94), (22, 34), (92, 102)),
    Shade("mustard", "yellow", (63, 70), (52, 64), (78, 86)),
    Shade("orange", "orange", (60, 71), (54, 74), (50, 64), 2),
    Shade("rust", "orange", (44, 52), (46, 56), (49, 57)),
    Shade("peach", "orange", (77, 84), (22, 32), (54, 64)),
    Shade("red", "red", (42, 52), (62, 78), (27, 37)),
    Shade("burgundy", "burgundy", (16, 27), (22, 36), (10, 26)),
    Shade("pink", "pink", (72, 83), (17, 30), (352, 372), 2),
    Shade("light_pink", "pink", (83, 89), (11, 16), (355, 380)),
    Shade("hot_pink", "pink", (52, 62), (54, 70), (352, 368)),
    Shade("purple", "purple", (30, 46), (30, 48), (306, 320)),
    Shade("lilac", "purple", (68, 80), (17, 30), (300, 316)),
)

#: Every value that can be drawn, patterns included.
VALUES: Final[tuple[str, ...]] = (*dict.fromkeys(shade.value for shade in SHADES), *PATTERN_VALUES)

_XYZ_TO_RGB = np.array(
    [[3.2404542, -1.5371385, -0.4985314], [-0.9692660, 1.8760108, 0.0415560], [0.0556434, -0.2040259, 1.0572252]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])


def lch_to_light(lightness: float, chroma: float, hue: float) -> Array:
    """The colour as linear-light sRGB in 0..1, with the chroma lowered until it can be shown.

    Args:
        lightness: L*, 0..100.
        chroma: C*, 0 or more.
        hue: degrees.

    Returns:
        float32 array of three.
    """
    angle = np.deg2rad(hue)
    while True:
        a, b = chroma * np.cos(angle), chroma * np.sin(angle)
        fy = (lightness + 16) / 116
        f = np.array([fy + a / 500, fy, fy - b / 200])
        xyz = np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29)) * _WHITE
        light = _XYZ_TO_RGB @ xyz
        if chroma < 0.5 or (light.min() > -0.002 and light.max() < 1.002):
            return np.clip(light, 0, 1).astype(np.float32)
        chroma *= 0.96


def shades_of(value: str) -> tuple[Shade, ...]:
    """The shades of a value; empty for the pattern values."""
    return tuple(shade for shade in SHADES if shade.value == value)


def pick_shade(rng: np.random.Generator, value: str) -> Shade:
    """One shade of a plain value, drawn by weight.

    Raises:
        ValueError: when the value has no shades (a pattern or unknown).
    """
    shades = shades_of(value)
    if not shades:
        raise ValueError(f"{value!r} has no shades")
    weights = np.array([shade.weight for shade in shades])
    return shades[int(rng.choice(len(shades), p=weights / weights.sum()))]


def pick_light(rng: np.random.Generator, shade: Shade) -> Array:
    """A colour drawn evenly from the shade's box, as linear-light sRGB (float32 array of three, 0..1)."""
    return lch_to_light(rng.uniform(*shade.lightness), rng.uniform(*shade.chroma), rng.uniform(*shade.hue))
