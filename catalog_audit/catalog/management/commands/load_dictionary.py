"""Add what the shipped dictionary has and the database lacks, and map all labels by the dictionary of today."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from catalog_audit.catalog.dictionary import loading
from catalog_audit.catalog.mapping import remap
from catalog_audit.catalog.models import Shop


class Command(BaseCommand):
    help = (
        "Adds missing values and words of the shipped dictionary (this also happens after every migration; changes "
        "made by admins stay) and gives the labels of all shops the values that their words mean now."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        added = loading.load()
        changed = sum(remap(shop) for shop in Shop.objects.all())
        self.stdout.write(f"{added.values} values added, {added.synonyms} words added, {changed} labels changed")
