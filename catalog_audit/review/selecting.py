"""Which flags are asked for.

Every filter is served by an index of :class:`~catalog_audit.audits.models.Flag` that begins with it and ends with the
order, so the first flags of it are read without sorting; further filters are checked on what that index gives:

| asked | index |
|---|---|
| nothing but a state, probability range | (state, -p_wrong, id, kind) |
| shop | (shop, state, -p_wrong, id) |
| attribute | (attribute, state, -p_wrong, id) |
| garment type | (garment_type, state, -p_wrong, id) |
| label | (label_value, state, -p_wrong, id) |
| suggestion | (suggested, state, -p_wrong, id) |
| label and suggestion | (state, label_value, suggested, -p_wrong, id) |
| audit run | (run, state, -p_wrong, id) |
| brand | that of the other filters; the products of the brand by (brand) |
| reviewer, and one's own decisions | (decided_by, state, -p_wrong, id) |
| order by values | (state, label_value, suggested, -p_wrong, id), and the same of a shop |
| order by gain | (state, -gain, id), and the same of a shop |
| check items and samples | (kind, state, shop, id); of all shops (kind, state, id) without flags |
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Value

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Product
from catalog_audit.catalog.naming import Names, names
from catalog_audit.review.models import Decision
from catalog_audit.review.ordering import PROBABILITY

#: Instead of a state: what the person gave the latest verdict on.
MINE = "mine"

#: What the counts tell flags apart by, beside their state.
COUNTED_BY = ("shop_id", "attribute_id", "garment_type_id", "label_value_id", "suggested_id")

#: Where flags have to be counted one by one, counting ends here.
COUNT_LIMIT = 10_000

State = Flag.State


@dataclass(frozen=True, slots=True)
class Selection:
    """Which flags are asked for; an empty field does not restrict.

    Attributes:
        shop: slug.
        attribute: code.
        state: one of :class:`Flag.State`, or :data:`MINE`. Open flags are those that wait for the person: also what
            somebody else was not sure about.
        label: code of the label's value.
        suggested: code of the suggested value.
        garment_type: code of the product's garment type.
        p_from, p_to: the probability that the label is wrong, 0..1, both ends included.
        reviewer: name of who gave the latest verdict.
        run: key of the audit run.
        brand: brand or supplier, as the shop writes it.
        order: one of the names in :mod:`catalog_audit.review.ordering`.
    """

    shop: str = ""
    attribute: str = ""
    state: str = Flag.State.OPEN
    label: str = ""
    suggested: str = ""
    garment_type: str = ""
    p_from: float | None = None
    p_to: float | None = None
    reviewer: str = ""
    run: int | None = None
    brand: str = ""
    order: str = PROBABILITY

    @property
    def mixes_checks(self) -> bool:
        """Whether check items are mixed in: among open flags, whatever narrows them but a person or an audit."""
        return self.state == State.OPEN and not self.reviewer and self.run is None

    @property
    def mixes_samples(self) -> bool:
        """Whether samples are mixed in: among what a person works through from day to day.

        That is open flags, at most of one shop or attribute. Who asks for flags of some probability or value gets no
        sample, which would be none of those.
        """
        return self == Selection(shop=self.shop, attribute=self.attribute, order=self.order)

    @property
    def states(self) -> tuple[str, ...]:
        """The states that its flags have."""
        if self.state == State.OPEN:
            return State.OPEN, State.SECOND
        return (State.SECOND, State.SETTLING, State.ACCEPTED, State.FIXED) if self.state == MINE else (self.state,)

    def sorts(self) -> dict[str, Any] | None:
        """What flags and their counts can be narrowed by, as keys of rows and not by joins; None: nothing fits."""
        found = self._keys(names())
        if not all(found.values()):
            found = self._keys(names.again())  # perhaps it is new
        if not all(found.values()):
            return None
        criteria: dict[str, Any] = {}
        for name, keys in found.items():
            criteria |= {name: keys[0]} if len(keys) == 1 else {f"{name}__in": keys}
        return criteria

    def _keys(self, known: Names) -> dict[str, list[int]]:
        """Field of flags -> the keys that it may have, none for what does not exist."""
        found: dict[str, list[Any]] = {}
        if self.shop:
            found["shop"] = [known.shop(self.shop)]
        if self.attribute:
            found["attribute"] = [known.attribute(self.attribute)]
        if self.garment_type:
            found["garment_type"] = known.coded(self.garment_type, Attribute.GARMENT_TYPE)
        for name, code in (("label_value", self.label), ("suggested", self.suggested)):
            if code:
                found[name] = known.coded(code, self.attribute)
        return {name: [row.pk for row in rows if row is not None] for name, rows in found.items()}


class Selected:
    """The flags of a selection that a person may see."""

    def __init__(self, selection: Selection, user: User) -> None:
        self.selection = selection
        self.user = user
        self.sorts = selection.sorts()
        self._reviewer = self._find_reviewer()

    def flags(self, state: str) -> QuerySet[Flag]:
        """Those in one state, in no order."""
        asked, user = self.selection, self.user
        if self.sorts is None or self._reviewer == 0:
            return Flag.objects.none()
        flags = Flag.objects.filter(**self.sorts, state=state)
        # A sample that somebody was not sure about goes the way of a flag from there on.
        flags = flags.exclude(kind=Flag.Kind.CHECK) if state in Flag.IN_DISPUTE else flags.filter(kind=Flag.Kind.FLAG)
        flags = self.fitting(flags)
        if asked.run is not None:
            flags = flags.filter(run=asked.run)
        if self._reviewer is not None:
            flags = flags.filter(decided_by=self._reviewer)
        if asked.state == MINE:
            return flags
        if state == State.SECOND:
            flags = flags.filter(not_first_said_by(user))
        if state == State.SETTLING and not may_administer(user):
            return flags.none()
        return flags

    def fitting(self, flags: QuerySet[Flag]) -> QuerySet[Flag]:
        """Those of some flags whose probability and brand are asked for."""
        asked = self.selection
        if asked.p_from is not None:
            flags = flags.filter(p_wrong__gte=asked.p_from)
        if asked.p_to is not None:
            flags = flags.filter(p_wrong__lte=asked.p_to)
        if asked.brand:
            flags = flags.filter(product__in=Product.objects.filter(brand=asked.brand))
        return flags

    def count(self) -> tuple[int, bool]:
        """How many there are, and whether there are more than that: counting one by one ends at a limit."""
        if self.sorts is None:
            return 0, False
        states, asked = self.selection.states, self.selection
        if (asked.p_from, asked.p_to, asked.run, self._reviewer) == (None, None, None, None) and not asked.brand:
            if asked.state == State.SETTLING and not may_administer(self.user):
                return 0, False
            known = counting.number(state__in=states, **self.sorts)
            return known + sum(by for by, _row in self.uncounted(states)), False
        found = sum(self.flags(state).order_by()[: COUNT_LIMIT + 1].count() for state in states)
        return min(found, COUNT_LIMIT), found > COUNT_LIMIT

    def uncounted(self, states: Collection[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        """What the person's numbers differ by from the counts: (1 more or -1 fewer, the flag's state and sort).

        The counts know nothing of who said what, nor of samples that somebody was not sure about; both are few.
        """
        disputed = [state for state in states if state in Flag.IN_DISPUTE]
        if not disputed or self.sorts is None:
            return
        flags = Flag.objects.filter(**self.sorts).order_by().values("state", *COUNTED_BY)
        rows = flags.filter(
            Q(state=State.SETTLING) | not_first_said_by(self.user), kind=Flag.Kind.SAMPLE, state__in=disputed
        )
        rows = rows.annotate(by=Value(1))
        if State.SECOND in disputed:
            mine = flags.filter(kind=Flag.Kind.FLAG, state=State.SECOND, decided_by=self.user)
            rows = rows.union(mine.annotate(by=Value(-1)), all=True)
        yield from ((row.pop("by"), row) for row in rows)

    def _find_reviewer(self) -> int | None:
        """Key of the person whose verdicts are asked for; None for anybody, 0 for a name that nobody has."""
        asked = self.selection
        if asked.state == MINE:
            return self.user.pk if asked.reviewer in ("", self.user.username) else 0
        if not asked.reviewer:
            return None
        return User.objects.filter(username=asked.reviewer).values_list("pk", flat=True).first() or 0


def not_first_said_by(user: User) -> Q:
    """Of the flags that wait for a second person: those of which somebody else was the first to say something."""
    return Q(decided_by=None) | ~Q(decided_by=user)


def not_said_by(user: User) -> Q:
    """Flags about a label of which the person has said nothing yet, on this or another flag."""
    said = Decision.objects.filter(user=user, undone_by=None)
    return ~Q(Exists(said.filter(product=OuterRef("product"), attribute=OuterRef("attribute"))))
