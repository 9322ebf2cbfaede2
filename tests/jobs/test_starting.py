"""One job of a kind at a time for a subject; jobs without chunks end in the right state however they end."""

from __future__ import annotations

import pytest
from django.utils import timezone

from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.processes import own_name
from catalog_audit.jobs.service import AlreadyRunning, Cancelled, Progress, working
from tests.jobs.conftest import age, start


def start_import(subject: str = "boutique") -> Job:
    return service.start(Job.Kind.IMPORT, subject)


def test_a_second_job_of_the_kind_and_subject_is_refused_and_the_first_is_named(job):
    with pytest.raises(AlreadyRunning, match="audit of boutique is already under way") as refusal:
        start()
    assert refusal.value.job == job
    assert Job.objects.count() == 1


def test_another_subject_or_another_kind_may_run_beside_it(job):
    start("market")
    start_import()
    assert Job.objects.count() == 3


@pytest.mark.parametrize("state", [Job.State.DONE, Job.State.FAILED, Job.State.CANCELLED])
def test_after_its_end_the_next_may_start(job, state):
    Job.objects.filter(pk=job.pk).update(state=state)
    assert start().pk != job.pk


@pytest.mark.django_db
def test_a_job_without_chunks_whose_process_ended_makes_way(dead_process):
    left = start_import()
    Job.objects.filter(pk=left.pk).update(state=Job.State.RUNNING, owner=dead_process, heartbeat_at=timezone.now())
    assert start_import().pk != left.pk
    left.refresh_from_db()
    assert (left.state, left.error) == (Job.State.FAILED, "its process ended without finishing")


def test_a_chunked_job_never_makes_way_because_it_can_be_gone_on_with(job):
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING)
    age(job)
    with pytest.raises(AlreadyRunning):
        start()


@pytest.mark.django_db
def test_work_ends_as_done_with_its_progress_and_result():
    job = start_import()
    with working(job) as progress:
        assert (job.state, job.owner) == (Job.State.RUNNING, own_name())
        progress.stage("reading")
        progress.advance(3, total=7)
        progress.result({"new": 3})
    job.refresh_from_db()
    assert (job.state, job.stage, job.done, job.total) == (Job.State.DONE, "reading", 3, 7)
    assert job.result == {"new": 3}


@pytest.mark.django_db
def test_work_that_fails_says_why():
    job = start_import()
    with pytest.raises(ValueError, match="line 3"), working(job):
        raise ValueError("line 3")
    assert (job.state, job.error) == (Job.State.FAILED, "line 3")


def advance_a_cancelled_job(job: Job, progress: Progress) -> None:
    service.cancel(Job.objects.get(pk=job.pk))
    progress.advance(1)


@pytest.mark.django_db
def test_work_stops_at_its_next_step_when_somebody_cancels_it():
    job = start_import()
    with pytest.raises(Cancelled), working(job) as progress:
        advance_a_cancelled_job(job, progress)
    assert job.state == Job.State.CANCELLED


@pytest.mark.django_db
def test_only_one_process_works_on_a_job():
    job = start_import()
    other = Job.objects.get(pk=job.pk)
    with working(job), pytest.raises(AlreadyRunning), working(other):
        pass
    assert job.state == Job.State.DONE
