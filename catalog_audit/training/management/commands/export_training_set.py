"""``manage.py export_training_set``: a training set to take away."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog_audit.catalog.files import FileProblem
from catalog_audit.training import sets
from catalog_audit.training.set_exporting import CSV, FORMATS, export_set
from catalog_audit.training.sets import SetError


class Command(BaseCommand):
    help = (
        "Write a training set with its pictures into a new folder: examples.csv and folders of pictures (csv), or "
        "train/, validation/ and test/ with metadata.csv, as Hugging Face datasets read them (imagefolder)."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("hash", metavar="HASH", help="of the set, or how it begins")
        parser.add_argument("--out", required=True, type=Path, metavar="DIR")
        parser.add_argument("--format", choices=FORMATS, default=CSV)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            found = sets.find(options["hash"])
            with tqdm(total=found.pictures, unit=" pictures", leave=False, disable=not sys.stderr.isatty()) as bar:
                count = export_set(found, options["out"], options["format"], lambda done: bar.update(done - bar.n))
        except (SetError, FileProblem) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{count} pictures in {options['out']}")
