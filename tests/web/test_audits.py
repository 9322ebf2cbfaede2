"""The page of audit runs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from catalog_audit.jobs.models import Job, WorkerBeat
from catalog_audit.jobs.service import AlreadyRunning
from catalog_audit.web.progress import describe
from tests import factories


@pytest.fixture
def started(monkeypatch):
    calls = []
    monkeypatch.setattr("catalog_audit.web.views.audits.start_audit", lambda shop, user: calls.append((shop, user)))
    return calls


def test_an_admin_starts_an_audit(admin, shop, started):
    response = admin.post("/audits/start/", {"shop": shop.pk})
    assert response.headers["Location"] == "/audits/"
    assert [(one.slug, user.username) for one, user in started] == [("spring", "ada")]


def test_a_content_manager_sees_runs_but_cannot_start_one(manager, shop, started):
    factories.make_run(shop)
    assert "Start an audit" not in manager.get("/audits/").content.decode()
    assert manager.post("/audits/start/", {"shop": shop.pk}).status_code == 403
    assert started == []


def test_a_second_audit_of_the_shop_is_refused_in_words(admin, shop, monkeypatch):
    def refuse(shop, user):
        raise AlreadyRunning(factories.make_job("audit", shop.slug, Job.State.RUNNING))

    monkeypatch.setattr("catalog_audit.web.views.audits.start_audit", refuse)
    page = admin.post("/audits/start/", {"shop": shop.pk}, follow=True).content.decode()
    assert "being audited already" in page


def test_no_shop_no_audit(admin, started):
    assert "Choose a shop." in admin.post("/audits/start/", {"shop": 99}, follow=True).content.decode()
    assert started == []


def test_a_run_shows_count_rate_and_time_left(manager, shop):
    WorkerBeat.objects.create(name="worker", queue=settings.QUEUE_PICTURES, seen_at=timezone.now())
    start = timezone.now() - timedelta(seconds=10)
    factories.make_run(shop, state=Job.State.RUNNING, total=1500, done=500, started_at=start)
    page = manager.get("/audits/list/").content.decode()
    assert "500 / 1,500" in page
    assert "a second" in page
    assert "left" in page
    assert 'hx-trigger="every 2s"' in page
    assert "No worker is running" not in page


def test_it_stops_reloading_when_everything_is_over(manager, shop):
    factories.make_run(shop, total=10, done=10, result={"flags": 3})
    page = manager.get("/audits/list/").content.decode()
    assert "hx-trigger" not in page
    assert "10 products" in page


@pytest.mark.parametrize("state", [Job.State.QUEUED, Job.State.RUNNING])
def test_it_says_when_no_worker_is_there(manager, shop, state):
    factories.make_run(shop, state=state)
    assert "No worker is running" in manager.get("/audits/").content.decode()


def test_an_admin_stops_a_run(admin, shop):
    run = factories.make_run(shop, state=Job.State.QUEUED)
    admin.post(f"/audits/{run.pk}/cancel/")
    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED


def test_an_error_is_shown(manager, shop):
    factories.make_run(shop, state=Job.State.FAILED, error="The disk is full.")
    assert "The disk is full." in manager.get("/audits/").content.decode()


def test_rate_and_time_left_are_worked_out_from_the_start(db):
    now = timezone.now()
    job = factories.make_job(state=Job.State.RUNNING, total=300, done=100, started_at=now - timedelta(seconds=50))
    progress = describe(job, now)
    assert (progress.rate, progress.seconds_left, progress.seconds) == (2.0, 100.0, 50.0)


def test_nothing_is_promised_in_the_first_moments(db):
    now = timezone.now()
    job = factories.make_job(state=Job.State.RUNNING, total=300, done=1, started_at=now - timedelta(seconds=1))
    assert describe(job, now).rate is None
    waiting = factories.make_job(state=Job.State.QUEUED, total=300)
    assert describe(waiting, now).seconds is None
