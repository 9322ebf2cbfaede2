"""What the attribute networks tell apart: the values of each attribute, in the order of the networks' outputs.

The codes are those of the dictionary; finer values are rolled up to the nearest of these.
"""

from __future__ import annotations

from collections.abc import Mapping

VALUES: Mapping[str, tuple[str, ...]] = {
    "colour": (
        "black",
        "white",
        "grey",
        "beige",
        "brown",
        "navy",
        "blue",
        "light_blue",
        "turquoise",
        "green",
        "khaki",
        "yellow",
        "orange",
        "red",
        "burgundy",
        "pink",
        "purple",
        "multicolour",
        "floral_print",
    ),
    "garment_type": (
        "t_shirt",
        "top",
        "shirt",
        "blouse",
        "tunic",
        "knitwear",
        "cardigan",
        "sweatshirt",
        "blazer",
        "jacket",
        "trousers",
        "leggings",
        "shorts",
        "skirt",
        "dress",
        "jumpsuit",
    ),
    "pattern": (
        "solid",
        "melange",
        "denim",
        "stripe",
        "check",
        "dot",
        "all_over_print",
        "placement_print",
        "colour_block",
        "lace",
    ),
    "length": ("mini", "knee", "midi", "maxi"),
}
