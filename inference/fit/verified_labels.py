"""Labels that were judged by eye; see ``verified/README.md``."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RIGHT, WRONG, ARGUABLE = "right", "wrong", "arguable"

_FOLDER = Path(__file__).with_name("verified")


@dataclass(frozen=True, slots=True)
class Verified:
    """What was seen in one picture.

    Attributes:
        label: the value that the shop's word meant when it was judged.
        verdict: RIGHT, WRONG or ARGUABLE.
        values: the defensible values, best first; without ``label`` where that is wrong.
    """

    label: str
    verdict: str
    values: tuple[str, ...]


def verified_labels(shop: str) -> dict[str, Verified]:
    """File name -> what was seen, for held-out pictures of the shop ``hm`` or ``myntra``.

    Raises:
        FileNotFoundError: nothing of that shop was judged.
    """
    return _read(_FOLDER / f"{shop}.csv")


@cache
def calibration_labels(shop: str) -> Mapping[str, Verified]:
    """The same for pictures of the CALIBRATION part, on which thresholds are chosen; nothing for other shops."""
    path = _FOLDER / f"calibration_{shop}.csv"
    return _read(path) if path.exists() else {}


def _read(path: Path) -> dict[str, Verified]:
    with path.open(newline="", encoding="utf-8") as lines:
        return {
            row["file"]: Verified(row["label"], row["verdict"], tuple(row["values"].split("|")))
            for row in csv.DictReader(lines)
        }
