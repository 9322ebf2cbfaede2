"""``manage.py export_audit``: what the audit makes of every label of a shop."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog_audit.audits.exporting import AUDIT_COLUMNS, audit_rows, cells
from catalog_audit.catalog.files import FileProblem
from catalog_audit.catalog.models import Shop
from catalog_audit.feeds.writers import write_csv


class Command(BaseCommand):
    help = "Write one row per product and attribute with the audit's verdict, as CSV (UTF-8, commas)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG")
        parser.add_argument("--out", required=True, type=Path, metavar="FILE.csv")

    def handle(self, *args: Any, **options: Any) -> None:
        shop = Shop.objects.filter(slug=options["shop"]).first()
        if shop is None:
            raise CommandError(f"There is no shop “{options['shop']}”.")
        waiting, last = 0, ""

        def rows() -> Iterator[tuple[str, ...]]:
            nonlocal waiting, last
            for row in audit_rows(shop):
                if not row.audited and row.external_id != last:
                    waiting, last = waiting + 1, row.external_id
                yield cells(row)

        try:
            count = write_csv(options["out"], AUDIT_COLUMNS, rows())
        except FileProblem as error:
            raise CommandError(str(error)) from None
        if waiting:
            self.stderr.write(f"{waiting} products are not audited yet; their state is ok and p_wrong is empty.")
        self.stdout.write(f"{count} rows")
