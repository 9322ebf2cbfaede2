"""``manage.py draw_catalogue``: draw a catalogue with the program's own renderer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_audit.demo import draw


class Command(BaseCommand):
    """Writes pictures, the feed of a shop, and the answers."""

    help = "Draw product pictures with exact masks, the feed that a shop would send, and the right answers."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The same arguments as ``python -m catalog_audit.demo.draw``."""
        draw.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Draw, and say how many."""
        try:
            items = draw.draw_catalogue(
                options["out"],
                options["count"],
                options["seed"],
                masks=options["masks"],
                error_rate=options["error_rate"],
                values=options["values"],
                processes=options["processes"],
            )
        except (ValueError, OSError) as error:
            raise CommandError(str(error)) from error
        planted = sum(item.planted for item in items)
        self.stdout.write(f"{len(items)} products, {planted} planted errors in {options['out']}")
