"""What the colour words of a shop's table mean, by the shipped dictionary and without a database."""

from __future__ import annotations

import csv
from pathlib import Path

from catalog_audit.catalog.dictionary import source
from catalog_audit.catalog.dictionary.lookup import COLOUR, Dictionary
from inference.fit.values import VALUES


def colour_words(table: Path) -> dict[str, str]:
    """Word -> colour that the networks know, by the shipped dictionary, for every colour word of a shop's table."""
    dictionary = Dictionary.shipped()
    parents = {entry.code: entry.parent for entry in source.entries() if entry.attribute == COLOUR}
    with table.open(newline="", encoding="utf-8") as lines:
        words = {row["colour"] for row in csv.DictReader(lines)}
    found = {}
    for word in sorted(words):
        code = dictionary.find(COLOUR, word) or ""
        while code and code not in VALUES[COLOUR]:
            code = parents[code]
        if code:
            found[word] = code
    return found
