"""``manage.py export_labels``: the labels that people fixed, for the shop to take over."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_audit.catalog.files import FileProblem
from catalog_audit.catalog.models import Shop
from catalog_audit.feeds.exporting import CORRECTION_COLUMNS, correction_rows
from catalog_audit.feeds.writers import write_csv


class Command(BaseCommand):
    help = "Write the labels that people fixed, in the shop's own words, as CSV (UTF-8, commas)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        shop = Shop.objects.filter(slug=options["shop"]).first()
        if shop is None:
            raise CommandError(f"There is no shop “{options['shop']}”.")
        try:
            count = write_csv(options["out"], CORRECTION_COLUMNS, correction_rows(shop))
        except FileProblem as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} corrections")
