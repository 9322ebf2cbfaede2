"""What the first page counts."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery

from catalog_audit.audits import counting
from catalog_audit.audits.models import AuditRun, Flag
from catalog_audit.catalog.models import Product, Shop
from catalog_audit.jobs.models import Job


@dataclass(frozen=True, slots=True)
class ShopSummary:
    """A shop and how far its review is.

    Attributes:
        shop: the shop.
        products: how many it has.
        open: flags that wait for a person.
        disputed: flags whose label is one of several defensible values.
        decided: flags that a person decided.
        audit: the latest audit run, or None.
    """

    shop: Shop
    products: int
    open: int
    disputed: int
    decided: int
    audit: AuditRun | None


def shop_summaries() -> list[ShopSummary]:
    """Every shop in the order of its short name; four queries however many shops there are."""
    products = dict(Product.objects.order_by().values_list("shop").annotate(Count("pk")))
    flags = counting.numbers_by("shop_id", "state")
    latest = AuditRun.objects.filter(shop=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    shops = Shop.objects.annotate(latest_audit=Subquery(latest))
    audits = AuditRun.objects.select_related("job").in_bulk([s.latest_audit for s in shops if s.latest_audit])
    return [
        ShopSummary(
            shop=shop,
            products=products.get(shop.pk, 0),
            open=flags.get((shop.pk, Flag.State.OPEN), 0) + flags.get((shop.pk, Flag.State.SECOND), 0),
            disputed=flags.get((shop.pk, Flag.State.DISPUTED), 0),
            decided=sum(flags.get((shop.pk, state), 0) for state in (Flag.State.ACCEPTED, Flag.State.FIXED)),
            audit=audits.get(shop.latest_audit),
        )
        for shop in shops
    ]


def active_jobs() -> QuerySet[Job]:
    """Work that waits or runs."""
    return Job.objects.filter(state__in=Job.ACTIVE)
