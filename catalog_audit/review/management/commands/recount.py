"""Counts anew what is counted as it changes: the flags, the decisions of each day, the parts of the labels."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from catalog_audit.audits import counting
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.review import days, parts


class Command(BaseCommand):
    help = (
        "Count the flags and compare with the numbers that pages show; mend what differs and say what it was. What the "
        "dashboard reads of decisions and labels is counted anew as well."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        missing = counting.recount()
        days.rebuild()
        parts.refresh(at_once=True)
        shops, attributes, values = Shop.objects.in_bulk(), Attribute.objects.in_bulk(), Value.objects.in_bulk()

        def code(row: Shop | Attribute | Value | None) -> str:
            return "-" if row is None else row.slug if isinstance(row, Shop) else row.code

        for sort, number in sorted(missing.items(), key=str):
            garment = values.get(sort.garment_type_id) if sort.garment_type_id else None
            self.stdout.write(
                f"{number:+} {code(shops.get(sort.shop_id))} {code(attributes.get(sort.attribute_id))} "
                f"{code(garment)} {code(values.get(sort.label_value_id))} -> {code(values.get(sort.suggested_id))} "
                f"{sort.state}"
            )
        self.stdout.write(f"{len(missing)} numbers were wrong" if missing else "all numbers were right")
