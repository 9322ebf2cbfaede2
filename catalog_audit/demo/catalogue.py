"""Plans the demo shop: designs in one to three colours, the labels it gives them, and which of these are wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from . import words
from .colours import SHADES, VALUES, Shade, pick_shade
from .garments import cut_for
from .render import Product, pattern_for, weave_for

#: How often each value is drawn; much black and white, as in shops.
FREQUENCY: Final[dict[str, float]] = {
    "black": 14, "white": 10, "grey": 7, "beige": 7, "brown": 4, "navy": 7, "blue": 6, "light_blue": 5, "turquoise": 3,
    "green": 5, "khaki": 4, "yellow": 4, "orange": 4, "red": 5, "burgundy": 3, "pink": 6, "purple": 3,
    "multicolour": 8, "floral_print": 9,
}  # fmt: skip

#: Values that people confuse: where a share of the planted errors comes from.
NEIGHBOURS: Final[dict[str, tuple[str, ...]]] = {
    "black": ("navy", "grey"),
    "white": ("beige", "grey"),
    "grey": ("black", "white", "light_blue"),
    "beige": ("white", "brown", "pink"),
    "brown": ("beige", "khaki", "burgundy"),
    "navy": ("black", "blue"),
    "blue": ("navy", "light_blue"),
    "light_blue": ("blue", "turquoise"),
    "turquoise": ("green", "light_blue"),
    "green": ("khaki", "turquoise"),
    "khaki": ("green", "brown"),
    "yellow": ("orange", "beige"),
    "orange": ("red", "yellow"),
    "red": ("burgundy", "orange"),
    "burgundy": ("red", "brown"),
    "pink": ("purple", "red"),
    "purple": ("pink", "blue"),
    "multicolour": ("floral_print",),
    "floral_print": ("multicolour",),
}

_NEIGHBOUR_SHARE: Final = 0.25
_FANCY_SHARE: Final = 0.01
_GARMENTS: Final = (
    "dress", "dress", "dress", "skirt", "skirt", "trousers", "jeans", "shorts",
    "t_shirt", "top", "blouse", "shirt", "sweater", "hoodie",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Item:
    """One product of the demo shop.

    Attributes:
        number: its place in the catalogue, from 0; the seed of its picture together with the catalogue's.
        external_id: the shop's own number.
        file: name of the picture.
        product: what to draw.
        label_value: the colour value the shop gives, right or wrong.
        planted: whether that is a planted error.
        row: the feed's row, column -> cell.
    """

    number: int
    external_id: str
    file: str
    product: Product
    label_value: str
    planted: bool
    row: dict[str, str]


def plan(count: int, seed: int, error_rate: float, values: Sequence[str] = VALUES) -> list[Item]:
    """Plan a catalogue; the same arguments give the same plan.

    Args:
        count: number of products.
        seed: any whole number.
        error_rate: share 0..1 of products whose colour label is made wrong; exactly that many, rounded.
        values: the true colours to draw.

    Raises:
        ValueError: for no products, a rate outside 0..1 or an unknown value.
    """
    if count < 1:
        raise ValueError("a catalogue needs at least one product")
    if not 0 <= error_rate <= 1:
        raise ValueError("the share of errors must lie between 0 and 1")
    unknown = set(values) - set(VALUES)
    if unknown or not values:
        raise ValueError(f"unknown colour values: {', '.join(sorted(unknown)) or 'none given'}")
    rng = np.random.default_rng([seed, 1])
    wrong = set(rng.permutation(count)[: round(count * error_rate)].tolist())
    items: list[Item] = []
    while len(items) < count:
        items += _design(rng, len(items), count - len(items), seed, wrong, values)
    return items


def _draw_value(rng: np.random.Generator, values: Sequence[str]) -> str:
    weights = np.array([FREQUENCY[value] for value in values])
    return str(values[int(rng.choice(len(values), p=weights / weights.sum()))])


def _design(
    rng: np.random.Generator, first: int, room: int, seed: int, wrong: set[int], values: Sequence[str]
) -> list[Item]:
    """One design in one to three colours."""
    garment_type = str(rng.choice(_GARMENTS))
    cut = cut_for(rng, garment_type)
    weave = weave_for(rng, garment_type)
    title = f"{rng.choice(words.TITLE_WORDS[garment_type])} {rng.choice(words.DESIGN_NAMES)}"
    category = str(rng.choice(words.CATEGORY_WORDS[garment_type]))
    length = str(rng.choice(words.LENGTH_WORDS[cut.length]))
    description = str(rng.choice(words.DESCRIPTIONS))
    design = f"D{seed % 1000:03d}{first:05d}"
    colours = list(dict.fromkeys(_draw_value(rng, values) for _ in range(int(rng.integers(1, 4)))))[:room]
    items = []
    for offset, value in enumerate(colours):
        number = first + offset
        pattern = pattern_for(rng, value)
        shade = pick_shade(rng, value) if pattern == "plain" else None
        scene = str(rng.choice(["worn", "flat"]))
        light = value in ("white", "beige", "light_blue") and bool(rng.random() < 0.5)
        product = Product(cut, value, shade, weave, pattern, scene, light_ground=light)
        planted = number in wrong
        label_value = _mistake(rng, value) if planted else value
        external_id = f"{design}-{offset + 1}"
        kind = "melange" if pattern == "plain" and weave == "melange" else pattern
        row = {
            "external_id": external_id,
            "title": title,
            "category": category,
            "image": f"{external_id}.jpg",
            "group": design,
            "colour": _word(rng, label_value, None if planted else shade),
            "length": length,
            "pattern": str(rng.choice(words.PATTERN_WORDS[kind])),
            "description": description,
            "url": f"https://shop.example/{external_id.lower()}",
        }
        items.append(Item(number, external_id, row["image"], product, label_value, planted, row))
    return items


def _mistake(rng: np.random.Generator, value: str) -> str:
    """A wrong value: mostly a frequent one, sometimes one that people confuse with the right one."""
    if rng.random() < _NEIGHBOUR_SHARE:
        return str(rng.choice(NEIGHBOURS[value]))
    return _draw_value(rng, [other for other in VALUES if other != value])


def _word(rng: np.random.Generator, value: str, shade: Shade | None) -> str:
    """The shop's word for a value; for a right label of the very shade."""
    if shade is not None and rng.random() < _FANCY_SHARE:
        return str(rng.choice(words.FANCY_WORDS))
    names = [shade.name] if shade else [other.name for other in SHADES if other.value == value] or [value]
    return str(rng.choice(words.COLOUR_WORDS[str(rng.choice(names))]))
