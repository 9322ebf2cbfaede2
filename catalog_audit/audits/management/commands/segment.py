"""Cuts pictures into the seven groups."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL import Image

from catalog_audit.audits import engine
from catalog_audit.catalog.files import FileProblem, write_atomically
from catalog_audit.registry.service import ModelsMissing

_BATCH = 16


class Command(BaseCommand):
    help = (
        "Write, per picture, an 8-bit PNG of its own size: 0 background, 1 person, 2 top, 3 bottom, 4 full body, "
        "5 footwear, 6 accessory."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the maps, NAME.png each")

    def handle(self, *args: Any, images: list[Path], out: Path, **options: Any) -> None:
        names = [image.stem for image in images]
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise CommandError(f"two pictures would be written to {doubled[0]}.png; rename one or use two folders")
        failed = 0
        try:
            for start in range(0, len(images), _BATCH):
                part = images[start : start + _BATCH]
                for image, groups in zip(part, engine.segment_pictures(part), strict=True):
                    if isinstance(groups, Exception):
                        failed += 1
                        self.stderr.write(f"{image}: {groups}")
                        continue
                    buffer = io.BytesIO()
                    Image.fromarray(groups).save(buffer, "PNG")
                    write_atomically(out / f"{image.stem}.png", buffer.getvalue())
        except (FileProblem, ModelsMissing) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{len(images) - failed} written, {failed} unreadable")
        if failed:
            raise CommandError(f"{failed} of {len(images)} pictures could not be read")
