"""Which flags are asked for.

Every filter is served by an index of :class:`~catalog_audit.audits.models.Flag` that begins with it and ends with the
order, so the first flags of it are read without sorting; further filters are checked on what that index gives:

| asked | index |
|---|---|
| nothing but a state, probability range | (state, -p_wrong, id) |
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

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits import counting
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Product, Shop, Value
from catalog_audit.review.models import Decision
from catalog_audit.review.ordering import PROBABILITY

#: Instead of a state: what the person gave the latest verdict on.
MINE = "mine"

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
        criteria: dict[str, Any] = {}
        asked: list[tuple[str, QuerySet[Any]]] = []
        if self.shop:
            asked.append(("shop", Shop.objects.filter(slug=self.shop)))
        if self.attribute:
            asked.append(("attribute", Attribute.objects.filter(code=self.attribute)))
        if self.garment_type:
            kinds = Value.objects.filter(attribute__code=Attribute.GARMENT_TYPE)
            asked.append(("garment_type", kinds.filter(code=self.garment_type)))
        for name, code in (("label_value", self.label), ("suggested", self.suggested)):
            if code:
                values = Value.objects.filter(code=code)
                asked.append((name, values.filter(attribute__code=self.attribute) if self.attribute else values))
        for name, rows in asked:
            keys = list(rows.order_by().values_list("pk", flat=True))
            if not keys:
                return None
            criteria |= {name: keys[0]} if len(keys) == 1 else {f"{name}__in": keys}
        return criteria


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
            said = Decision.objects.said().filter(user=user)
            flags = flags.filter(~Exists(said.filter(flag=OuterRef("pk"))))
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
        known, found = 0, 0
        for state in self.selection.states:
            if self._is_counted(state):
                known += counting.number(state=state, **(self.sorts or {}))
            else:
                found += self.flags(state).order_by()[: COUNT_LIMIT + 1].count()
        return known + min(found, COUNT_LIMIT), found > COUNT_LIMIT

    def _is_counted(self, state: str) -> bool:
        asked = self.selection
        narrowed = (asked.p_from, asked.p_to, asked.run, self._reviewer) != (None, None, None, None)
        return self.sorts is not None and not narrowed and not asked.brand and state not in Flag.IN_DISPUTE

    def _find_reviewer(self) -> int | None:
        """Key of the person whose verdicts are asked for; None for anybody, 0 for a name that nobody has."""
        asked = self.selection
        if asked.state == MINE:
            return self.user.pk if asked.reviewer in ("", self.user.username) else 0
        if not asked.reviewer:
            return None
        return User.objects.filter(username=asked.reviewer).values_list("pk", flat=True).first() or 0


def not_said_by(user: User) -> Q:
    """Flags about a label of which the person has said nothing yet, on this or another flag."""
    said = Decision.objects.filter(user=user, undone_by=None)
    return ~Q(Exists(said.filter(product=OuterRef("product"), attribute=OuterRef("attribute"))))
