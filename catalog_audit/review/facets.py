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
from catalog_audit.review.selecting import COUNT_LIMIT, MINE, Selected, Selection

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
    dispute = _in_dispute(user)
    sorts = {name: _keys(selection, name) for name in FIELDS}
    states: Counter[str] = Counter()
    if all(keys is None or keys for keys in sorts.values()):
        narrowed = {f"{FIELDS[name]}__in": keys for name, keys in sorts.items() if keys is not None}
        for (state,), number in counting.numbers_by("state", **narrowed).items():
            if state not in Flag.IN_DISPUTE:
                states[state] += number
        states += _of(dispute, sorts, by="state")
    states[State.OPEN] += states[State.SECOND]
    if asked.state == MINE:
        return Facets(True, dict(states))
    values = {name: _numbers(name, asked, sorts, dispute) for name in FIELDS}
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


def _in_dispute(user: User) -> list[dict[str, Any]]:
    """The few flags that wait for a second person or an admin, of which the person may know."""
    rows: list[dict[str, Any]] = []
    for state in Flag.IN_DISPUTE:
        if state == State.SETTLING and not may_administer(user):
            continue
        flags = Selected(Selection(state=state), user).flags(state)
        rows += flags.order_by().values("state", *FIELDS.values())[:COUNT_LIMIT]
    return rows


def _numbers(
    name: str, asked: Selection, sorts: dict[str, list[int] | None], dispute: list[dict[str, Any]]
) -> dict[int, int]:
    others = sorts | {name: None}
    if any(keys == [] for keys in others.values()):
        return {}
    narrowed: dict[str, Any] = {f"{FIELDS[one]}__in": keys for one, keys in others.items() if keys is not None}
    counted = [state for state in asked.states if state not in Flag.IN_DISPUTE]
    found: Counter[int] = Counter()
    if counted:
        for (key,), number in counting.numbers_by(FIELDS[name], state__in=counted, **narrowed).items():
            found[key] += number
    asked_for = [row for row in dispute if row["state"] in asked.states]
    return dict(found + _of(asked_for, others, by=FIELDS[name]))


def _of(rows: list[dict[str, Any]], sorts: dict[str, list[int] | None], by: str) -> Counter[Any]:
    return Counter(
        row[by] for row in rows if all(keys is None or row[FIELDS[name]] in keys for name, keys in sorts.items())
    )
