"""What dead workers and lost messages left behind is gone on with, once, and only when somebody would listen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from catalog_audit.jobs import dispatch, service
from catalog_audit.jobs.chunks import claim, complete
from catalog_audit.jobs.models import Job, WorkerBeat
from catalog_audit.jobs.sweeper import sweep
from tests.jobs.conftest import age, pretend, start, states

AUDIT = "catalog_audit.audits.tasks.audit_chunk"


@pytest.fixture
def swept(django_capture_on_commit_callbacks):
    """Sweep and let the transaction end."""

    def run() -> int:
        with django_capture_on_commit_callbacks(execute=True):
            return sweep()

    return run


def test_messages_are_sent_after_the_transaction_only(job, post, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        dispatch.enqueue(job)
        assert post.sent == []
    assert post.sent == [(AUDIT, [job.pk], "pictures")] * dispatch.route_of(job.kind).tickets


def test_a_forgotten_job_is_nudged_once(job, post, worker, swept):
    age(job)
    assert swept() == 1
    sent = len(post.sent)
    assert sent >= 1
    assert swept() == 0
    assert len(post.sent) == sent


def test_nothing_is_sent_while_no_worker_is_alive(job, post, swept):
    age(job)
    WorkerBeat.objects.create(
        name="elsewhere:1/pictures", queue="pictures", seen_at=timezone.now() - timedelta(hours=1)
    )
    WorkerBeat.objects.create(name="elsewhere:2/training", queue="training", seen_at=timezone.now())
    assert swept() == 0
    assert post.sent == []


def test_a_job_that_was_started_a_moment_ago_is_left_alone(job, post, worker, swept):
    assert swept() == 0
    assert post.sent == []


def test_a_job_that_somebody_works_on_is_left_alone(job, post, worker, swept, living_process):
    pretend(claim(job), living_process)
    age(job)
    assert swept() == 0
    assert post.sent == []


def test_the_chunk_of_a_dead_worker_is_freed_and_the_job_nudged(job, post, worker, swept, dead_process):
    pretend(claim(job), dead_process)
    age(job)
    assert swept() == 1
    assert states(job) == ["pending", "pending", "pending"]
    assert post.sent


def test_a_job_whose_worker_died_between_its_last_chunk_and_its_end_is_ended(post, swept, worker, db):
    job = start(payloads=[[1]])
    complete(claim(job))
    age(job)
    assert swept() == 0
    job.refresh_from_db()
    assert job.state == Job.State.DONE
    assert post.sent == []


def test_a_cancelled_job_whose_worker_died_is_ended(job, swept, dead_process):
    pretend(claim(job), dead_process)
    service.cancel(job)
    assert job.is_active
    swept()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_work_without_chunks_starts_again_when_its_process_ended(db, post, worker, swept, dead_process):
    job = service.start(Job.Kind.IMPORT, "boutique")
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, owner=dead_process)
    age(job)
    assert swept() == 1
    job.refresh_from_db()
    assert (job.state, job.owner) == (Job.State.QUEUED, "")
    assert [args for _, args, _ in post.sent] == [[job.pk]]


def test_work_without_chunks_is_left_to_its_living_process(db, post, worker, swept, living_process):
    job = service.start(Job.Kind.IMPORT, "boutique")
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, owner=living_process, heartbeat_at=timezone.now())
    assert swept() == 0
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING


def test_workers_that_are_long_gone_are_forgotten(db, swept):
    WorkerBeat.objects.create(name="old", queue="pictures", seen_at=timezone.now() - timedelta(days=2))
    WorkerBeat.objects.create(name="new", queue="pictures", seen_at=timezone.now() - timedelta(hours=2))
    swept()
    assert list(WorkerBeat.objects.values_list("name", flat=True)) == ["new"]


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_once_when_told_so(post):
    job = start()
    age(job)
    WorkerBeat.objects.create(name="elsewhere:1/pictures", queue="pictures", seen_at=timezone.now())
    call_command("sweep", "--once")
    assert post.sent
