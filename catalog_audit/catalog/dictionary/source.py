"""The dictionary as it is shipped: CSV files beside this module."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from catalog_audit.catalog.dictionary.vocabulary import Entry

_FOLDER = Path(__file__).resolve().parent


def attributes() -> list[dict[str, str]]:
    """Rows with code, name_en, name_ru, position."""
    return list(_rows("attributes.csv"))


def entries() -> list[Entry]:
    """Every value, parents not necessarily before children."""
    return [
        Entry(
            attribute=row["attribute"],
            code=row["code"],
            name_en=row["name_en"],
            name_ru=row["name_ru"],
            swatch=row["swatch"],
            parent=row["parent"],
            garment_group=row["garment_group"],
            position=int(row["position"]),
        )
        for row in _rows("values.csv")
    ]


def synonyms() -> list[tuple[str, str, str]]:
    """(attribute, word, value code); the words as people write them."""
    return [(row["attribute"], row["word"], row["value"]) for row in _rows("synonyms.csv")]


def modifiers() -> dict[str, str]:
    """Colour words that are no colours -> what they mean beside one, see :mod:`.colours`."""
    return {row["word"]: row["meaning"] for row in _rows("modifiers.csv")}


def shades() -> dict[tuple[str, str], str]:
    """(shade, colour code) -> colour code."""
    return {(row["shade"], row["base"]): row["value"] for row in _rows("shades.csv")}


def other_goods() -> list[str]:
    """Words for goods that are no garments, see :mod:`.garments`."""
    return [row["word"] for row in _rows("other_goods.csv")]


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)
