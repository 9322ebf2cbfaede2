"""``manage.py list_training_sets``: the training sets that there are."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from catalog_audit.training.models import SegmentationSource, TrainingSet


class Command(BaseCommand):
    help = "List the training sets, the latest first: hash, time, pictures, examples, verified ones, shops, note."

    def handle(self, *args: Any, **options: Any) -> None:
        for one in TrainingSet.objects.all():
            self.stdout.write(
                f"{one.short_hash}  {one.created_at:%Y-%m-%d %H:%M}  {one.pictures} pictures  {one.examples} examples  "
                f"{one.verified} verified  {', '.join(one.shops)}  {one.name or one.note}".rstrip()
            )
        for source in SegmentationSource.objects.all():
            self.stdout.write(
                f"{source.content_hash[:12]}  {source.created_at:%Y-%m-%d %H:%M}  {source.pictures} pictures with "
                f"masks  {source.name}"
            )
