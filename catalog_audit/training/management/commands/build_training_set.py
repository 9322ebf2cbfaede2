"""``manage.py build_training_set``: what catalogue and verdicts teach at this moment, kept for training."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalog_audit.catalog.files import FileProblem
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.service import AlreadyRunning, Cancelled
from catalog_audit.training import set_building, sets
from catalog_audit.training.models import TrainingSet
from catalog_audit.training.set_words import reasons
from catalog_audit.training.sets import SetError


class Command(BaseCommand):
    help = (
        "Make a training set of the catalogue's labels and of what people decided about them. The same catalogue makes "
        "the same set, which is kept once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--shop", nargs="+", default=[], metavar="SLUG", help="only these shops (default: all)")
        parser.add_argument(
            "--add", nargs="+", default=[], metavar="HASH", help="put in the examples of these sets as well"
        )
        parser.add_argument("--note", default="", metavar="TEXT", help="kept with the set")
        parser.add_argument("--detach", action="store_true", help="leave the work to a worker")

    def handle(self, *args: Any, **options: Any) -> None:
        shops = list(Shop.objects.filter(slug__in=options["shop"]))
        unknown = set(options["shop"]) - {shop.slug for shop in shops}
        if unknown:
            raise CommandError(f"There is no shop “{', '.join(sorted(unknown))}”.")
        try:
            added = [sets.find(beginning) for beginning in options["add"]]
            asked = set_building.start_build(shops, added, note=options["note"], detach=options["detach"])
            if options["detach"]:
                self.stdout.write(f"training set job {asked.job_id} is waiting for a worker")
                return
            with tqdm(unit=" products", leave=False, disable=not sys.stderr.isatty()) as bar:

                def tell(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                made = set_building.build(asked, tell)
        except (AlreadyRunning, SetError, FileProblem) as error:
            raise CommandError(str(error)) from None
        except (Cancelled, KeyboardInterrupt):
            raise CommandError("Stopped; nothing was kept.", returncode=130) from None
        asked.job.refresh_from_db()
        if not asked.job.result["new"]:
            self.stdout.write("The catalogue teaches what it did before; this set was there already:")
        self.stdout.write(summary(made))


def summary(made: TrainingSet) -> str:
    """The set in a few lines."""
    parts = ", ".join(f"{numbers['pictures']} {part}" for part, numbers in made.parts.items())
    lines = [
        f"{made.content_hash}",
        f"{made.examples} examples ({made.verified} verified) of {made.pictures} pictures ({parts}), "
        f"{made.designs} designs, shops: {', '.join(made.shops)}",
    ]
    if made.joined:
        lines.append(f"{made.joined} designs count as one with another, because a picture shows both")
    lines += [f"left out: {reason}: {number}" for reason, number in reasons(made)]
    return "\n".join(lines)
