"""``manage.py demo``: a shop to try the program with. Running it again changes nothing."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog_audit.accounts.first_people import Person, ensure
from catalog_audit.accounts.roles import ADMINS, CONTENT_MANAGERS
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute
from catalog_audit.demo import answers, draw

SHOP = "demo"
#: Changing the seed or the share of errors needs another folder: a drawn catalogue is not drawn again.
SEED = 2026
ERROR_RATE = 0.08

_PEOPLE = [Person("demo-manager", CONTENT_MANAGERS), Person("demo-admin", ADMINS)]


class Command(BaseCommand):
    help = "Draw a catalogue, import it, audit it, compare the flags with the planted errors, and make demo people."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, default=320, metavar="N", help="products to draw (default 320)")
        parser.add_argument("--address", metavar="URL", help="where the program will be served, for the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        folder = settings.DATA_DIR / "demo"
        self._draw(folder, options["count"])
        call_command("import_feed", str(folder / draw.FEED), shop=SHOP, images=folder / "images", verbosity=0)
        call_command("audit", shop=SHOP)
        self.stdout.write(str(_score(folder)))
        self._introduce(options["address"])

    def _draw(self, folder: Path, count: int) -> None:
        if (folder / draw.ANSWERS).exists():  # written last: the catalogue is whole
            return
        self.stdout.write(f"Drawing {count} products ...")
        with tqdm(total=count, unit="pictures", leave=False, disable=not sys.stderr.isatty()) as bar:
            try:
                draw.draw_catalogue(
                    folder, count, SEED, error_rate=ERROR_RATE, progress=lambda done, _total: bar.update(done - bar.n)
                )
            except (ValueError, OSError) as error:
                raise CommandError(f"The demo catalogue cannot be drawn: {error}") from error

    def _introduce(self, address: str | None) -> None:
        file = settings.DATA_DIR / "demo_users.txt"
        try:
            passwords = ensure(_PEOPLE, file)
        except OSError as error:
            raise CommandError(f"{file} cannot be used: {error}") from error
        self.stdout.write("Sign in" + (f" on {address}" if address else "") + " as")
        for person in _PEOPLE:
            password = passwords.get(person.username)
            how = f"password {password}" if password else f"a password that {file} does not have (any more)"
            self.stdout.write(f"  {person.username:14} {how}")


def _score(folder: Path) -> answers.Score:
    """Flags count whatever a person has decided since; those that a newer audit closed do not."""
    flags = (
        Flag.objects.filter(kind=Flag.Kind.FLAG, product__shop__slug=SHOP, attribute__code=Attribute.COLOUR)
        .exclude(state=Flag.State.CLOSED)
        .values_list("product__external_id", "suggested__code")
    )
    return answers.Score.of(
        answers.read(folder / draw.ANSWERS),
        dict(flags.filter(raised_as=Flag.State.OPEN)),
        [external_id for external_id, _code in flags.filter(raised_as=Flag.State.DISPUTED)],
    )
