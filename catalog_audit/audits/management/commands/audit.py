"""Audits a shop's catalogue."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog_audit.audits import reasons, running
from catalog_audit.audits.models import AuditRun
from catalog_audit.audits.planning import Plan, plan, ranked
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning, workers_alive
from catalog_audit.registry.service import ModelsMissing

_WORDS = {
    reasons.NEW: "never looked at",
    reasons.PICTURES: "new pictures",
    reasons.LABEL: "new labels",
    reasons.GARMENT: "another garment type",
    reasons.DECIDED: "decided by a person since",
    reasons.MODEL: "new model",
    reasons.WORDS: "changed dictionary, or words that the shop uses",
    reasons.UNKNOWN: "changed since an earlier version of the program looked",
}


class Command(BaseCommand):
    help = "Segment, classify and flag all products of a shop that changed since its last audit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG", help="the shop")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--detach", action="store_true", help="leave the work to the workers and return at once")
        how.add_argument("--dry-run", action="store_true", help="say what would be looked at, and why, and do nothing")

    def handle(self, *args: Any, shop: str, detach: bool, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self._say_plan(self._plan(_shop(shop)))
            return
        run = self._run(_shop(shop), detach)
        if detach:
            self._say_detached(run)
            return
        started = time.monotonic()
        self._say_reasons(run.reasons)
        job = self._work_off(run)
        if job.state == Job.State.CANCELLED:
            raise CommandError(f"cancelled after {job.done} of {job.total} products; run it again to go on")
        if run.unchanged:
            self.stdout.write(f"{run.unchanged} products unchanged since they were last looked at")
        seconds = time.monotonic() - started
        self.stdout.write(f"audited {job.done} products, {running.flags_raised(run)} flags, {seconds:.1f} seconds")
        if job.state == Job.State.FAILED:
            raise CommandError(job.error)

    def _run(self, shop: Shop, detach: bool) -> AuditRun:
        try:
            return running.start_audit(shop, detach=detach)
        except AlreadyRunning as error:
            self.stderr.write(f"going on with the audit that was started at {error.job.created_at:%Y-%m-%d %H:%M} UTC")
            return AuditRun.objects.select_related("job", "shop").get(job=error.job)
        except ModelsMissing as error:
            raise CommandError(str(error)) from error

    def _plan(self, shop: Shop) -> Plan:
        try:
            return plan(shop)
        except ModelsMissing as error:
            raise CommandError(str(error)) from error

    def _say_plan(self, planned: Plan) -> None:
        self._say_reasons(planned.reasons)
        self.stdout.write(f"{len(planned.changed)} products to look at, {planned.unchanged} unchanged")

    def _say_reasons(self, counts: Mapping[str, int]) -> None:
        for reason, count in ranked(counts).items():
            self.stdout.write(f"{count} products: {_WORDS[reason]}")

    def _work_off(self, run: AuditRun) -> Job:
        with tqdm(total=run.job.total, initial=run.job.done, unit=" products", smoothing=0.1) as bar:

            def report(job: Job) -> None:
                bar.update(job.done - bar.n)

            try:
                return running.work_off(run, report)
            except KeyboardInterrupt:
                running.interrupt(run)
                raise CommandError("interrupted; nothing is lost, run it again to go on", returncode=130) from None

    def _say_detached(self, run: AuditRun) -> None:
        job = run.job
        job.refresh_from_db()
        self._say_reasons(run.reasons)
        self.stdout.write(f"audit {run.pk}: {job.total} products to look at, {run.unchanged} unchanged")
        if job.is_active and not workers_alive("pictures"):
            self.stderr.write("no worker is running: the audit waits until one is started (make run)")


def _shop(slug: str) -> Shop:
    try:
        return Shop.objects.get(slug=slug)
    except Shop.DoesNotExist:
        known = ", ".join(Shop.objects.values_list("slug", flat=True)) or "none yet; import a feed first"
        raise CommandError(f"there is no shop {slug!r} (shops: {known})") from None
