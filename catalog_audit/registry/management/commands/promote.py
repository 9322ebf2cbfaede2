"""Puts a candidate into use."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_audit.registry import promoting
from catalog_audit.registry.promoting import CannotPromote, ReasonNeeded
from catalog_audit.registry.service import find, register_shipped


class Command(BaseCommand):
    help = (
        "Put a model into use in place of the one that is. Running workers use it from their next chunk on. A model "
        "that was not compared, or that is worse than the margin in a garment group, needs a written reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", metavar="VERSION", help="the beginning of its version")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why, where something speaks against it")

    def handle(self, *args: Any, version: str, reason: str, **options: Any) -> None:
        register_shipped()
        try:
            done = promoting.put_into_use(find(version), reason=reason)
        except ReasonNeeded as error:
            listed = "\n".join(f"- {sentence}" for sentence in promoting.sentences(error.concerns))
            raise CommandError(f"{listed}\nSay why all the same: --reason TEXT") from None
        except (ValueError, CannotPromote) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{done.model} is in use in place of {done.replaced or 'none'}")
