"""Giving flags the rows that many of them share, without asking the database for each."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.naming import names_with


def name(flags: Sequence[Flag]) -> None:
    """Set shop, attribute, label value, suggestion and garment type of flags from what is kept."""
    keys = {key for flag in flags for key in (flag.label_value_id, flag.suggested_id, flag.garment_type_id) if key}
    found = names_with({flag.shop_id for flag in flags}, keys, {flag.attribute_id for flag in flags})
    for flag in flags:
        flag.shop, flag.attribute = found.shops[flag.shop_id], found.attributes[flag.attribute_id]
        flag.label_value, flag.suggested = found.values[flag.label_value_id], found.values[flag.suggested_id]
        flag.garment_type = found.values[flag.garment_type_id] if flag.garment_type_id else None
