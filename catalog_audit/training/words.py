"""What the words of a table of labels mean to a network, by way of the dictionary."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path

from catalog_audit.catalog.mapping import roll_up, value_finder
from catalog_audit.catalog.models import Attribute, Value


def meanings(labels: Path, column: str, known: Set[str], attribute: str = Attribute.COLOUR) -> dict[str, str]:
    """Word -> code of the value that a network knows, for every word of a column that has one.

    Args:
        labels: CSV, UTF-8, with a header.
        column: its column.
        known: codes that the network tells apart; finer values are rolled up to them.
        attribute: code of the attribute.
    """
    with labels.open(encoding="utf-8", newline="") as lines:
        words = {row[column] for row in csv.DictReader(lines) if row[column]}
    find = value_finder(None)
    values = Value.objects.filter(attribute__code=attribute).select_related("parent__parent__parent").in_bulk()
    found = {}
    for word in sorted(words):
        value_id = find(attribute, word)
        code = roll_up(values[value_id], known) if value_id else None
        if code:
            found[word] = code
    return found


#: A value that a shop's table names so often is one that the shop has a word for.
IN_USE = 3


def covers(
    labels: Path, column: str, meaning: Mapping[str, str], attribute: str = Attribute.COLOUR
) -> dict[str, set[str]]:
    """Value -> finer values that its word includes, because the table has no word of its own for them.

    A shop without a light blue calls light blue things blue, and is right.

    Args:
        labels: CSV, UTF-8, with a header.
        column: its column.
        meaning: word -> value, from :func:`meanings`.
        attribute: code of the attribute.
    """
    with labels.open(encoding="utf-8", newline="") as lines:
        counts = Counter(meaning[row[column]] for row in csv.DictReader(lines) if row[column] in meaning)
    found: dict[str, set[str]] = {}
    for value in Value.objects.filter(attribute__code=attribute).select_related("parent__parent__parent"):
        ancestor = value.parent
        while ancestor is not None and counts[value.code] < IN_USE:
            found.setdefault(ancestor.code, set()).add(value.code)
            ancestor = ancestor.parent
    return found
