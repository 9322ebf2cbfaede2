"""Takes the model in use back to the one before."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog_audit.registry import promoting
from catalog_audit.registry.models import ModelVersion
from catalog_audit.registry.promoting import CannotPromote


class Command(BaseCommand):
    help = "Put the model that was in use before into use again. Running workers use it from their next chunk on."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--kind", choices=ModelVersion.Kind.values, default=ModelVersion.Kind.CLASSIFICATION.value)
        parser.add_argument("--group", default="", metavar="GROUP", help="take the specialist of a garment group back")
        parser.add_argument("--reason", default="", metavar="TEXT", help="why")

    def handle(self, *args: Any, kind: str, group: str, reason: str, **options: Any) -> None:
        model = ModelVersion.objects.filter(kind=kind, garment_group=group, state=ModelVersion.State.ACTIVE).first()
        if model is None:
            raise CommandError(f"no {kind} model{f' of {group}' if group else ''} is in use")
        try:
            done = promoting.roll_back(model, reason=reason)
        except CannotPromote as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{model} is out of use; in its place: {done.model or 'the model of all garment groups'}")
