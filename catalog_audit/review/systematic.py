"""Systematic errors: parts of the labels that are flagged far more often than the rest.

Two passes over labels and flags for each way of cutting them into parts, so the figures are kept for a while, see
:mod:`catalog_audit.review.figures`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import TruncDate

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Label
from catalog_audit.review.intervals import Share, p_value
from catalog_audit.review.statistics import given

#: What labels can have in common: the shop's own word, the day on which the products came (with one import), the
#: product's garment type, or its brand or supplier.
WORD, ARRIVAL, TYPE, BRAND = "word", "arrival", "type", "brand"

State = Flag.State


@dataclass(frozen=True, slots=True)
class Systematic:
    """A part of a shop's labels that is flagged more or less often than the rest.

    Attributes:
        shop: key.
        attribute: key.
        by: what the part has in common: :data:`WORD`, :data:`ARRIVAL`, :data:`TYPE` or :data:`BRAND`.
        key: the shop's word, the day, the key of the garment type, or the brand as the shop writes it.
        flagged: flags that wait or turned out right, of its labels.
        rest: the same of all other labels of this shop and attribute.
        p_value: how likely such a difference is by chance, times the number of parts (Bonferroni), at most 1.
    """

    shop: int
    attribute: int
    by: str
    key: Any
    flagged: Share
    rest: Share
    p_value: float


def systematic(by: str = WORD, fewest: int = 20, **narrowed: Any) -> list[Systematic]:
    """Parts of the labels that are flagged unlike the rest of their shop and attribute, the surest first.

    Args:
        by: :data:`WORD`, :data:`ARRIVAL`, :data:`TYPE` or :data:`BRAND` (only products that have one).
        fewest: parts with fewer labels are left out.
        narrowed: ``shop``, ``attribute``: rows or keys; None does not narrow.
    """
    criteria = given(narrowed)
    of_labels = {"product__shop" if name == "shop" else name: row for name, row in criteria.items()}
    labels = Label.objects.filter(**of_labels).exclude(value=None)
    flags = Flag.objects.filter(
        kind=Flag.Kind.FLAG,
        raised_as=State.OPEN,
        state__in=(State.OPEN, State.SECOND, State.SETTLING, State.FIXED),
        label_value=F("label__value"),
        **criteria,
    )
    of = _counted(_keyed(labels, by, "raw").annotate(its_shop=F("product__shop")))
    hits = _counted(_keyed(flags, by, "label__raw").annotate(its_shop=F("shop")))
    return sorted(_compared(by, of, hits, fewest), key=lambda one: (one.p_value, str(one.key), one.shop))


def _keyed(rows: QuerySet[Any], by: str, word: str) -> QuerySet[Any]:
    if by == WORD:
        return rows.annotate(key=F(word))
    if by == ARRIVAL:
        return rows.annotate(key=TruncDate("product__created_at"))
    if by == BRAND:
        return rows.annotate(key=F("product__brand")).exclude(key="")
    kind = Label.objects.filter(product=OuterRef("product"), attribute__code=Attribute.GARMENT_TYPE)
    rows = rows.exclude(attribute__code=Attribute.GARMENT_TYPE)
    return rows.annotate(key=Subquery(kind.values("value")[:1])).exclude(key=None)


def _counted(rows: QuerySet[Any]) -> dict[tuple[int, int, Any], int]:
    counted = rows.order_by().values_list("its_shop", "attribute", "key").annotate(total=Count("pk"))
    return {(shop, attribute, key): total for shop, attribute, key, total in counted}


def _compared(
    by: str, of: dict[tuple[int, int, Any], int], hits: dict[tuple[int, int, Any], int], fewest: int
) -> list[Systematic]:
    labels, flagged = Counter[tuple[int, int]](), Counter[tuple[int, int]]()
    for (shop, attribute, key), total in of.items():
        labels[shop, attribute] += total
        flagged[shop, attribute] += hits.get((shop, attribute, key), 0)
    parts = {part: total for part, total in of.items() if total >= fewest}
    found = []
    for (shop, attribute, key), total in parts.items():
        its = Share(hits.get((shop, attribute, key), 0), total)
        rest = Share(flagged[shop, attribute] - its.hits, labels[shop, attribute] - its.of)
        chance = min(1.0, p_value(its, rest) * len(parts))
        found.append(Systematic(shop, attribute, by, key, its, rest, chance))
    return found
