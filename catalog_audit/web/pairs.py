"""What the pages of arguable pairs show: what is confused, what a mark would close, which marks there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, F, Q
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from catalog_audit.audits import arguable
from catalog_audit.audits.models import ArguableRule, Flag
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.review.confusions import Confusion, Part, confusions

#: Pairs and marks that the page lists.
LISTED, MARKS = 20, 100

#: Garment groups, as the page names them.
GROUPS = {
    "top": gettext_lazy("tops and outerwear"),
    "bottom": gettext_lazy("trousers and skirts"),
    "full_body": gettext_lazy("dresses and overalls"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of an address.

    Attributes:
        shop, attribute: what is chosen, or None.
        garment_group: code, or "".
    """

    shop: Shop | None
    garment_group: str
    attribute: Attribute | None

    @property
    def part(self) -> Part:
        """For the candidates."""
        return Part(
            self.shop.pk if self.shop else None, self.garment_group, self.attribute.pk if self.attribute else None
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is chosen."""
        return bool(self.shop or self.garment_group or self.attribute)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A pair that may be arguable.

    Attributes:
        found: the figures.
        low, high: the values.
        flags: a few that wait, with their pictures.
        preview: parameters of the page that says what a mark would close.
    """

    found: Confusion
    low: Value
    high: Value
    flags: list[Flag]
    preview: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A rule with what it did.

    Attributes:
        rule: with the people and values loaded.
        where: its scope in words.
        held: flags that it keeps closed.
        returned: flags that came back when it was taken back.
    """

    rule: ArguableRule
    where: str
    held: int
    returned: int


def read(parameters: QueryDict) -> Asked:
    """The filters of an address; what nobody knows does not narrow."""
    group = parameters.get("garment_group", "")
    return Asked(
        Shop.objects.filter(slug=parameters.get("shop", "")).first(),
        group if group in arguable.garment_groups() else "",
        Attribute.objects.filter(code=parameters.get("attribute", "")).first(),
    )


def page(parameters: QueryDict) -> dict[str, Any]:
    """All that the page of pairs shows."""
    asked = read(parameters)
    found = confusions(asked.part)[:LISTED]
    values = Value.objects.select_related("attribute").in_bulk({key for one in found for key in (one.low, one.high)})
    shown = Flag.objects.filter(pk__in=[key for one in found for key in one.examples], state__in=Flag.UNDECIDED)
    flags = {flag.pk: flag for flag in shown.select_related("product", "prediction__picture")}
    scope = {"shop": asked.shop.slug if asked.shop else "", "garment_group": asked.garment_group}
    candidates = [
        Candidate(
            one,
            values[one.low],
            values[one.high],
            [flags[key] for key in one.examples if key in flags],
            urlencode({"one": one.low, "other": one.high} | {name: text for name, text in scope.items() if text}),
        )
        for one in found
        if one.low in values and one.high in values
    ]
    return {
        "asked": asked,
        "candidates": candidates,
        "marks": marks(),
        "shops": Shop.objects.all(),
        "groups": groups(),
        "attributes": Attribute.objects.all(),
    }


def preview_page(scope: arguable.Scope) -> dict[str, Any]:
    """All that is said before a pair is marked."""
    found = arguable.preview(scope)
    shops = Shop.objects.in_bulk(found.by_shop)
    rules = ArguableRule.objects.filter(low=scope.low, high=scope.high, ended_at=None)
    part = Part(scope.shop.pk if scope.shop else None, scope.garment_group)
    return {
        "scope": scope,
        "where": where(scope.shop, scope.garment_group),
        "found": found,
        "by_shop": [(shops[key], number) for key, number in found.by_shop.items() if key in shops],
        "spoken": sum(found.by_state.get(state, 0) for state in Flag.IN_DISPUTE),
        "marked": any(part.is_under(rule) for rule in rules),
        "shops": Shop.objects.all(),
        "groups": groups(),
    }


def marks() -> list[Mark]:
    """The latest rules, those that hold first; one query."""
    rules = ArguableRule.objects.select_related("low__attribute", "high", "shop", "made_by", "ended_by").annotate(
        held=Count("set_aside", filter=Q(set_aside__returned=None)),
        came_back=Count("set_aside", filter=Q(set_aside__returned=True)),
    )
    latest = rules.order_by(F("ended_at").desc(nulls_first=True), "-pk")[:MARKS]
    return [Mark(rule, where(rule.shop, rule.garment_group), rule.held, rule.came_back) for rule in latest]


def groups() -> list[tuple[str, str]]:
    """Garment groups as (code, name)."""
    return [(code, str(GROUPS.get(code, code))) for code in arguable.garment_groups()]


def where(shop: Shop | None, garment_group: str) -> str:
    """A scope in words."""
    group = str(GROUPS.get(garment_group, garment_group))
    if shop and garment_group:
        return _("%(shop)s, %(garments)s") % {"shop": shop.name, "garments": group}
    if shop:
        return _("%(shop)s, all garments") % {"shop": shop.name}
    if garment_group:
        return _("all shops, %(garments)s") % {"garments": group}
    return _("everywhere")
