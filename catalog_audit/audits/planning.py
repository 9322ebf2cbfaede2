"""Which products an audit has to look at, and why: planned, or only counted beforehand."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalog_audit.audits import reasons
from catalog_audit.audits.items import changed_products
from catalog_audit.audits.scope import Scope, values_in_use
from catalog_audit.catalog.models import Product, Shop
from catalog_audit.registry.service import active_models


@dataclass(frozen=True, slots=True)
class Plan:
    """What an audit would do.

    Attributes:
        scope: what is judged, with which models.
        changed: the products that have to be looked at, in the order of their keys.
        reasons: why, one of :data:`reasons.RANKED` -> number of products; adds up to all of ``changed``.
        unchanged: number of the other products.
        left: products that were not compared because the time was up; 0 for a whole plan.
    """

    scope: Scope
    changed: list[int] = field(default_factory=list)
    reasons: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    left: int = 0


def plan(shop: Shop, seconds: float | None = None) -> Plan:
    """Compare every product of a shop with what was seen of it; nothing is written and no picture is opened.

    Args:
        shop: whose catalogue.
        seconds: stop after so long, for somebody who waits for a page; None: go on to the end.

    Raises:
        catalog_audit.registry.service.ModelsMissing: there is no model to audit with.
    """
    scope = Scope.read(active_models())
    scope.use(values_in_use(shop, scope))
    end = None if seconds is None else time.monotonic() + seconds
    changed, counts, unchanged = [], Counter[str](), 0
    for product_id, reason in changed_products(shop, scope):
        if reason:
            changed.append(product_id)
            counts[reason] += 1
        else:
            unchanged += 1
        if end is not None and time.monotonic() > end:
            left = Product.objects.filter(shop=shop, pk__gt=product_id).count()
            return Plan(scope, changed, ranked(counts), unchanged, left)
    return Plan(scope, changed, ranked(counts), unchanged)


def ranked(counts: Mapping[str, int]) -> dict[str, int]:
    """Reasons with the number of their products, in the order in which they are told; those with none are left out."""
    return {name: counts[name] for name in reasons.RANKED if counts.get(name)}
