"""How many flags a person would find with each value of a filter, the other filters being as they are.

From the counts that the database keeps, not from the flags. Ranges of probability, reviewers, audit runs and brands are
not counted there: with one of these asked for, nothing is said.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.review.selecting import MINE, Selected, Selection

#: Filter -> the field of flags and counts.
FIELDS = {
    "shop": "shop_id",
    "attribute": "attribute_id",
    "garment_type": "garment_type_id",
    "label": "label_value_id",
    "suggested": "suggested_id",
}

State = Flag.State


@dataclass(frozen=True, slots=True)
class Facets:
    """Numbers beside filters.

    Attributes:
        known: whether there are any.
        states: state -> number.
        values: filter -> key of a shop, attribute or value -> number; those with none are left out.
    """

    known: bool = False
    states: dict[str, int] = field(default_factory=dict)
    values: dict[str, dict[int, int]] = field(default_factory=dict)


def facets(user: User, selection: Selection) -> Facets:
    """The numbers beside each value of each filter."""
    asked = selection
    if (asked.p_from, asked.p_to, asked.run) != (None, None, None) or asked.reviewer or asked.brand:
        return Facets()
    told = [state for state in State.values if state != State.SETTLING or may_administer(user)]
    others = list(Selected(replace(Selection(), state=State.OPEN), user).uncounted(told))
    sorts = {name: _keys(selection, name) for name in FIELDS}
    states = _numbers("state", told, sorts, others)
    states[State.OPEN] += states[State.SECOND]
    if asked.state == MINE:
        return Facets(True, dict(states))
    shown = [state for state in asked.states if state in told]
    values = {name: dict(_numbers(field, shown, sorts | {name: None}, others)) for name, field in FIELDS.items()}
    return Facets(True, dict(states), values)


def _keys(selection: Selection, name: str) -> list[int] | None:
    """What a filter asks for, as keys; None when it asks for nothing, [] when nothing fits."""
    code = getattr(selection, name)
    if not code:
        return None
    only = {name: code, "attribute": selection.attribute} if name in ("label", "suggested") else {name: code}
    sorts = replace(Selection(), **only).sorts()
    if sorts is None:
        return []
    column = FIELDS[name].removesuffix("_id")
    return sorts.get(f"{column}__in") or [sorts[column]]


def _numbers(
    field: str, states: list[str], sorts: dict[str, list[int] | None], others: list[tuple[int, dict[str, Any]]]
) -> Counter[Any]:
    """Value of a field -> flags in one of these states that fit.

    Args:
        field: of the counts.
        states: of them.
        sorts: filter -> the keys that it asks for.
        others: what the person's numbers differ by from the counts.
    """
    found: Counter[Any] = Counter()
    narrowed = {f"{FIELDS[name]}__in": keys for name, keys in sorts.items() if keys is not None}
    if not states or not all(narrowed.values()):
        return found
    for (key,), number in counting.numbers_by(field, state__in=states, **narrowed).items():
        found[key] += number
    for by, row in others:
        if row["state"] in states and all(row[name.removesuffix("__in")] in keys for name, keys in narrowed.items()):
            found[row[field]] += by
    return found
