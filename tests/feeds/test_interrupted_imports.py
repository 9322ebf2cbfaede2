"""Imports that meet another one, a full disk, a kill or Ctrl-C: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import OperationalError
from django.utils import timezone

from catalog_audit.catalog import files
from catalog_audit.catalog.models import Product
from catalog_audit.feeds import importing, running
from catalog_audit.feeds.importing import Plan
from catalog_audit.feeds.models import FeedImport
from catalog_audit.feeds.tasks import import_feed
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.processes import own_name


@pytest.fixture
def many(shop, monkeypatch):
    """Seven rows in batches of two; the fourth is bad."""
    monkeypatch.setattr(importing, "BATCH", 2)
    shop.picture("a.jpg")
    rows = [(f"P{number}", "title", "dress", "a.jpg", "navy") for number in range(7)]
    rows[3] = ("", "title", "dress", "a.jpg", "navy")
    shop.write(*rows)
    return shop


def plan(shop, **changes) -> Plan:
    return Plan(**({"source": shop.feed, "images": shop.images, "shop_slug": "boutique"} | changes))


def test_a_second_import_of_a_shop_is_told_of_the_first(many, run):
    Job.objects.create(
        kind=Job.Kind.IMPORT, subject="boutique", state=Job.State.RUNNING, owner=own_name(), heartbeat_at=timezone.now()
    )
    with pytest.raises(CommandError, match=r"already under way.*Nothing was imported"):
        run()
    assert not Product.objects.exists()


def test_imports_of_two_shops_do_not_disturb_each_other(many, run):
    service.start(Job.Kind.IMPORT, "another")
    assert run()[0] == "6 new, 0 updated, 0 unchanged, 1 rejected"


def test_ctrl_c_keeps_the_batches_before_it(many, run, monkeypatch):
    def interrupted(*_arguments):
        if Product.objects.count() == 2:
            raise KeyboardInterrupt
        return advance(*_arguments)

    advance = service.Progress.advance
    monkeypatch.setattr(service.Progress, "advance", interrupted)
    with pytest.raises(CommandError, match=r"Stopped\. Until then: 2 new") as stopped:
        run()
    assert stopped.value.returncode == 130
    assert Job.objects.get().state == Job.State.CANCELLED
    monkeypatch.setattr(service.Progress, "advance", advance)
    assert run()[0] == "4 new, 0 updated, 2 unchanged, 1 rejected"


def test_a_full_disk_ends_it_with_a_clear_message_and_no_half_file(many, run, monkeypatch, settings):
    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(CommandError, match="no room left on the disk"):
        run()
    assert [path for path in Path(settings.PICTURES_DIR).rglob("*") if path.is_file()] == []
    assert Job.objects.get().state == Job.State.FAILED
    assert "no room left" in Job.objects.get().error
    monkeypatch.undo()
    assert run()[0] == "6 new, 0 updated, 0 unchanged, 1 rejected"


def test_a_database_that_cannot_be_written_ends_it_with_a_clear_message(many, run, monkeypatch):
    def full(*_arguments):
        raise OperationalError("database or disk is full")

    monkeypatch.setattr(importing.upsert.Writer, "write", full)
    with pytest.raises(CommandError, match="The database cannot be used: database or disk is full"):
        run()
    assert not Product.objects.exists()
    monkeypatch.undo()
    assert run()[0] == "6 new, 0 updated, 0 unchanged, 1 rejected"


def test_a_killed_import_goes_on_where_it_was_and_counts_no_row_twice(many, dictionary):
    feed_import = running.begin(plan(many))

    class Killed(BaseException):
        pass

    def killed(_outcomes, _total):
        if FeedImport.objects.get().last_line >= 5:
            raise Killed

    with pytest.raises(Killed):
        running.carry_out(feed_import, on_batch=killed)
    feed_import.refresh_from_db()
    assert (feed_import.new, feed_import.rejected) == (3, 1)

    # What the sweeper does with a job whose process is gone:
    Job.objects.update(state=Job.State.QUEUED, owner="", finished_at=None)
    import_feed(feed_import.job_id)
    feed_import.refresh_from_db()
    assert feed_import.job.state == Job.State.DONE
    assert (feed_import.new, feed_import.unchanged, feed_import.rejected) == (6, 0, 1)
    assert feed_import.rows.count() == 7
    assert feed_import.job.done == 7


def test_a_duplicate_is_found_across_an_interruption(many, dictionary):
    many.write(*[(name, "t", "dress", "a.jpg", "navy") for name in ("A", "B", "C", "A")])
    feed_import = running.begin(plan(many))
    FeedImport.objects.update(last_line=3)
    feed_import.refresh_from_db()
    running.carry_out(feed_import)
    assert (feed_import.new, feed_import.rejected) == (1, 1)


def test_a_cancelled_import_stops_after_the_batch(many, dictionary):
    feed_import = running.begin(plan(many))
    with pytest.raises(service.Cancelled):
        running.carry_out(feed_import, on_batch=lambda _outcomes, _total: service.cancel(feed_import.job))
    assert Product.objects.count() == 2
    assert Job.objects.get().state == Job.State.CANCELLED


def test_a_second_message_for_a_job_does_nothing(many, dictionary):
    feed_import = running.begin(plan(many))
    import_feed(feed_import.job_id)
    import_feed(feed_import.job_id)
    feed_import.refresh_from_db()
    assert feed_import.new == 6
    assert many.feed.exists()


def test_a_feed_that_vanished_fails_its_job_with_the_reason(many, dictionary):
    feed_import = running.begin(plan(many))
    many.feed.unlink()
    import_feed(feed_import.job_id)
    job = Job.objects.get()
    assert job.state == Job.State.FAILED
    assert "There is no file" in job.error
