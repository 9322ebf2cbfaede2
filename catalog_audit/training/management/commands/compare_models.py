"""Compares a candidate with the models in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning
from catalog_audit.registry.models import ModelComparison
from catalog_audit.registry.promoting import concerns_about, sentences
from catalog_audit.registry.service import ModelsMissing, find, register_shipped
from catalog_audit.training import comparing, sets


class Command(BaseCommand):
    help = (
        "Ask a candidate and the models in use the same questions: the held-out part of a training set, check items "
        "and all verdicts. Interrupted and started again, it goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("candidate", metavar="CANDIDATE", help="the beginning of its version")
        parser.add_argument("--set", metavar="HASH", help="the beginning of the training set's hash (the latest set)")
        parser.add_argument("--detach", action="store_true", help="leave the work to the workers and return at once")

    def handle(self, *args: Any, candidate: str, detach: bool, **options: Any) -> None:
        register_shipped()
        try:
            chosen = sets.find(options["set"]) if options["set"] else None
            comparison = comparing.start_comparison(find(candidate), chosen, detach=detach)
        except AlreadyRunning as error:
            self.stderr.write("going on with the comparison that was started before")
            comparison = ModelComparison.objects.select_related("job", "candidate").get(job=error.job)
        except (ValueError, sets.SetError, comparing.NothingToCompare, ModelsMissing) as error:
            raise CommandError(str(error)) from error
        if detach:
            self.stdout.write(f"comparison {comparison.pk} is waiting for the workers")
            return
        job = self._work_off(comparison)
        if job.state != Job.State.DONE:
            raise CommandError(job.error or "the comparison was cancelled")
        for line in summary(comparing.settle(comparison).figures):
            self.stdout.write(line)
        concerns = concerns_about(comparison)
        self.stdout.write("Nothing speaks against it." if not concerns else "Against it:")
        for sentence in sentences(concerns):
            self.stdout.write(f"- {sentence}")

    def _work_off(self, comparison: ModelComparison) -> Job:
        with tqdm(total=comparison.job.total, initial=comparison.job.done, unit=" products", leave=False) as bar:

            def report(job: Job) -> None:
                bar.total = job.total
                bar.update(job.done - bar.n)

            try:
                return comparing.work_off(comparison, report)
            except KeyboardInterrupt:
                raise CommandError("interrupted; run it again to go on", returncode=130) from None


def summary(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures that matter most, a line each."""
    for source, attributes in figures["sources"].items():
        for attribute, pair in attributes.items():
            yield (
                f"{source} {attribute}: candidate {_share(pair['candidate'], pair['of'])}, in use "
                f"{_share(pair['active'], pair['of'])} of {pair['of']}; difference {pair['difference']:+.3f} "
                f"({pair['low']:+.3f} to {pair['high']:+.3f})"
            )
    for model in ("candidate", "active"):
        yield (
            f"{model}: calibration error {figures['reliability'][model]['error']:.3f}, "
            f"{figures['speed'].get(model, 0.0):.1f} ms a picture"
        )
    flags = figures["flags"]
    yield f"flags: {flags['gained']['number']} gained, {flags['lost']['number']} lost, {flags['kept']} kept"


def _share(hits: int, of: int) -> str:
    return f"{hits / of:.3f}" if of else "-"
