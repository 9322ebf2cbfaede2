"""The matrix of labels and suggestions: how many flags wait of each pair of values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, sqrt

from catalog_audit.catalog.models import Attribute, Value

#: So many values fit on an axis; those with the fewest flags are left out.
LONGEST = 24
#: Shades of the style sheet.
SHADES = 5


@dataclass(frozen=True, slots=True)
class Cell:
    """A pair of values.

    Attributes:
        suggested: the column's value.
        number: flags that wait.
        shade: 0 for none, up to :data:`SHADES`.
        queue: parameters of the queue with these flags.
    """

    suggested: Value
    number: int
    shade: int
    queue: str


@dataclass(frozen=True, slots=True)
class Heat:
    """A matrix of one attribute.

    Attributes:
        attribute: the one with the most flags.
        columns: suggested values, in the dictionary's order.
        rows: each label's value with its cells.
        others: flags of other attributes, or of values that did not fit.
    """

    attribute: Attribute
    columns: list[Value]
    rows: list[tuple[Value, list[Cell]]]
    others: int


def heat_map(numbers: dict[tuple[int, int], int], values: dict[int, Value], queue: Callable[..., str]) -> Heat | None:
    """The matrix of the attribute with the most flags, or None where no flag waits.

    Args:
        numbers: (label's value, suggested value) -> flags.
        values: the dictionary, with attributes.
        queue: makes the parameters of the queue from ``attribute``, ``label`` and ``suggested``.
    """
    pairs = {
        (values[label], values[suggested]): number
        for (label, suggested), number in numbers.items()
        if label in values and suggested in values and number > 0
    }
    attributes: Counter[int] = Counter()
    for (label, _suggested), number in pairs.items():
        attributes[label.attribute_id] += number
    if not attributes:
        return None
    chosen, _total = attributes.most_common(1)[0]
    own = {pair: number for pair, number in pairs.items() if pair[0].attribute_id == chosen}
    labels, columns = _axis(own, 0), _axis(own, 1)
    most = max(own.values())
    attribute = labels[0].attribute
    rows = []
    for label in labels:
        cells = []
        for suggested in columns:
            number = own.get((label, suggested), 0)
            address = queue(attribute=attribute.code, label=label.code, suggested=suggested.code)
            cells.append(Cell(suggested, number, ceil(SHADES * sqrt(number / most)), address))
        rows.append((label, cells))
    shown = sum(cell.number for _label, cells in rows for cell in cells)
    return Heat(attribute, columns, rows, sum(pairs.values()) - shown)


def _axis(numbers: dict[tuple[Value, Value], int], place: int) -> list[Value]:
    totals: Counter[Value] = Counter()
    for pair, number in numbers.items():
        totals[pair[place]] += number
    return sorted((value for value, _n in totals.most_common(LONGEST)), key=lambda one: (one.position, one.code))
