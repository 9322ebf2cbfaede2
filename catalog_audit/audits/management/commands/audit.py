"""Audits a shop's catalogue."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from catalog_audit.audits import running
from catalog_audit.audits.models import AuditRun
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning, workers_alive
from catalog_audit.registry.service import ModelsMissing


class Command(BaseCommand):
    help = "Segment, classify and flag all products of a shop that changed since its last audit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", required=True, metavar="SLUG", help="the shop")
        parser.add_argument("--detach", action="store_true", help="leave the work to the workers and return at once")

    def handle(self, *args: Any, shop: str, detach: bool, **options: Any) -> None:
        run = self._run(_shop(shop), detach)
        if detach:
            self._say_detached(run)
            return
        started = time.monotonic()
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
        self.stdout.write(f"audit {run.pk}: {job.total} products to look at, {run.unchanged} unchanged")
        if job.is_active and not workers_alive("pictures"):
            self.stderr.write("no worker is running: the audit waits until one is started (make run)")


def _shop(slug: str) -> Shop:
    try:
        return Shop.objects.get(slug=slug)
    except Shop.DoesNotExist:
        known = ", ".join(Shop.objects.values_list("slug", flat=True)) or "none yet; import a feed first"
        raise CommandError(f"there is no shop {slug!r} (shops: {known})") from None
