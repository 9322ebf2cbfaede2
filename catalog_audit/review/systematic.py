"""Systematic errors: parts of the labels that are flagged far more often than the rest.

Read from what :mod:`catalog_audit.review.parts` has counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog_audit.review.intervals import Share
from catalog_audit.review.models import Part
from catalog_audit.review.parts import ARRIVAL, BRAND, TYPE, WORD
from catalog_audit.review.statistics import given

__all__ = ["ARRIVAL", "BRAND", "TYPE", "WORD", "Systematic", "systematic"]


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


def systematic(by: str = WORD, limit: int = 100, **narrowed: Any) -> list[Systematic]:
    """Parts of the labels that are flagged unlike the rest of their shop and attribute, the surest first.

    Args:
        by: :data:`WORD`, :data:`ARRIVAL`, :data:`TYPE` or :data:`BRAND` (only products that have one).
        limit: at most so many.
        narrowed: ``shop``, ``attribute``: rows or keys; None does not narrow.
    """
    parts = Part.objects.filter(by=by, **given(narrowed))
    number = parts.count()
    return [_told(part, number) for part in parts.order_by("p_value", "key", "shop")[:limit]]


def _told(part: Part, number: int) -> Systematic:
    return Systematic(
        part.shop_id,
        part.attribute_id,
        part.by,
        _READ[part.by](part.key),
        Share(part.flagged, part.labels),
        Share(part.rest_flagged, part.rest_labels),
        min(1.0, part.p_value * number),
    )


_READ: dict[str, Any] = {WORD: str, ARRIVAL: date.fromisoformat, TYPE: int, BRAND: str}
