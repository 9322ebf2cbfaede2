"""A chunk is one worker's at a time, is done once, and outlives its worker."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.utils import timezone

from catalog_audit.jobs import chunks, service
from catalog_audit.jobs.chunks import MAX_ATTEMPTS, Lost, claim, complete, finish_if_drained, held, release_abandoned
from catalog_audit.jobs.models import Chunk, Job
from catalog_audit.jobs.processes import own_name
from tests.jobs.conftest import pretend, start, states


def take(job: Job) -> Chunk:
    chunk = claim(job)
    assert chunk is not None
    return chunk


def do(job: Job) -> Chunk:
    chunk = take(job)
    complete(chunk)
    return chunk


def test_chunks_are_claimed_in_order_and_the_job_runs_from_the_first_on(job):
    first, second = take(job), take(job)
    assert (first.number, second.number) == (0, 1)
    assert (first.owner, first.attempts, first.state) == (own_name(), 1, Chunk.State.RUNNING)
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    assert job.started_at is not None


def test_nothing_is_left_to_claim_when_every_chunk_is_taken(job):
    for _ in range(3):
        take(job)
    assert claim(job) is None


def test_a_claimer_that_was_overtaken_takes_the_next_chunk(job, monkeypatch):
    """Another process takes the first chunk between the look and the grab."""
    name = own_name()

    def overtaken() -> str:
        Chunk.objects.filter(job=job, number=0, state=Chunk.State.PENDING).update(
            state=Chunk.State.RUNNING, owner="elsewhere:7"
        )
        return name

    monkeypatch.setattr(chunks, "own_name", overtaken)
    assert take(job).number == 1
    assert job.chunks.get(number=0).owner == "elsewhere:7"


@pytest.mark.django_db(transaction=True)
def test_threads_that_claim_at_once_never_get_the_same_chunk():
    job = start(payloads=[[number] for number in range(24)])
    gate = threading.Barrier(4)
    claimed: list[int] = []

    def work() -> None:
        mine = Job.objects.get(pk=job.pk)
        gate.wait()
        try:
            while (chunk := claim(mine)) is not None:
                claimed.append(chunk.number)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(24))
    assert set(job.chunks.values_list("attempts", flat=True)) == {1}


def test_a_done_chunk_counts_its_units_once(job):
    chunk = do(job)
    job.refresh_from_db()
    assert job.done == 2
    with pytest.raises(Lost):
        complete(chunk)
    job.refresh_from_db()
    assert job.done == 2


def test_a_worker_whose_chunk_went_to_another_may_not_complete_it(job):
    slow = take(job)
    pretend(slow, "elsewhere:1", seconds_silent=3600)
    assert release_abandoned(job) == 1
    again = take(job)
    assert (again.pk, again.attempts) == (slow.pk, 2)
    slow.owner = own_name()  # even the same process, in an earlier attempt
    with pytest.raises(Lost):
        complete(slow)
    complete(again)


def test_a_failed_chunk_is_tried_three_times_and_then_set_aside(job):
    for attempt in range(1, MAX_ATTEMPTS + 1):
        chunk = take(job)
        assert (chunk.number, chunk.attempts) == (0, attempt)
        with pytest.raises(RuntimeError), held(chunk):
            raise RuntimeError("no such tensor")
    assert states(job) == ["failed", "pending", "pending"]
    assert job.chunks.get(number=0).error == "RuntimeError: no such tensor"
    assert take(job).number == 1


def test_a_chunk_that_succeeds_at_last_forgets_its_error(job):
    chunk = take(job)
    with pytest.raises(OSError, match="disk"), held(chunk):
        raise OSError("disk")
    do(job)
    assert job.chunks.get(number=0).error == ""


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_an_interruption_gives_the_chunk_back_and_is_no_attempt(job, ending):
    chunk = take(job)
    with pytest.raises(ending), held(chunk):
        raise ending
    chunk.refresh_from_db()
    assert (chunk.state, chunk.attempts, chunk.owner) == (Chunk.State.PENDING, 0, "")


def test_losing_a_chunk_leaves_it_to_its_new_owner(job):
    chunk = take(job)
    pretend(chunk, "elsewhere:1")
    with pytest.raises(Lost), held(chunk):
        complete(Chunk(pk=chunk.pk, job=job, owner=own_name(), attempts=1))
    chunk.refresh_from_db()
    assert (chunk.state, chunk.owner) == (Chunk.State.RUNNING, "elsewhere:1")


def fail_after_losing(chunk: Chunk) -> None:
    Chunk.objects.filter(pk=chunk.pk).update(owner="elsewhere:1", attempts=2)
    raise RuntimeError


def test_a_failure_after_the_chunk_went_to_another_changes_nothing(job):
    chunk = take(job)
    with pytest.raises(RuntimeError), held(chunk):
        fail_after_losing(chunk)
    chunk.refresh_from_db()
    assert (chunk.state, chunk.owner, chunk.attempts) == (Chunk.State.RUNNING, "elsewhere:1", 2)


@pytest.mark.django_db(transaction=True)
def test_a_held_chunk_says_that_it_is_alive(settings):
    settings.STALE_AFTER_SECONDS = 0.2
    chunk = take(start())
    before = chunk.heartbeat_at
    waited = threading.Event()
    with held(chunk):
        for _ in range(100):
            waited.wait(0.05)
            chunk.refresh_from_db()
            if chunk.heartbeat_at > before:
                break
    assert chunk.heartbeat_at > before


# --- what dead workers leave -------------------------------------------------------------------------------------


def test_the_chunk_of_a_process_that_ended_is_free_at_once(job, dead_process):
    pretend(take(job), dead_process)
    assert release_abandoned(job) == 1
    chunk = job.chunks.get(number=0)
    assert (chunk.state, chunk.owner) == (Chunk.State.PENDING, "")
    assert dead_process in chunk.error


def test_the_chunk_of_a_living_process_stays_its_own(job, living_process):
    pretend(take(job), living_process)
    assert release_abandoned(job) == 0
    assert states(job)[0] == "running"


def test_the_chunk_of_another_host_is_free_when_it_was_silent_too_long(job, settings):
    settings.STALE_AFTER_SECONDS = 30
    pretend(take(job), "elsewhere:1", seconds_silent=20)
    assert release_abandoned(job) == 0
    pretend(job.chunks.get(number=0), "elsewhere:1", seconds_silent=40)
    assert release_abandoned(job) == 1


def test_a_chunk_that_took_down_three_workers_is_set_aside(job, dead_process):
    for _ in range(MAX_ATTEMPTS):
        pretend(take(job), dead_process)
        release_abandoned(job)
    assert states(job)[0] == "failed"


# --- the end -----------------------------------------------------------------------------------------------------


def test_the_job_is_done_with_its_last_chunk_and_only_one_caller_ends_it(job):
    do(job)
    do(job)
    assert not finish_if_drained(job)
    do(job)
    assert finish_if_drained(job)
    assert (job.state, job.done) == (Job.State.DONE, 5)
    assert job.finished_at is not None
    assert not finish_if_drained(job)


def test_the_job_is_not_done_while_a_chunk_is_being_worked_on(job):
    do(job)
    do(job)
    take(job)
    assert not finish_if_drained(job)


def test_the_job_is_not_done_when_its_last_chunk_is_taken_at_that_very_moment(job):
    do(job)
    do(job)

    def taken_meanwhile(execute, sql, parameters, many, context):
        answer = execute(sql, parameters, many, context)
        if sql.startswith("SELECT") and "jobs_chunk" in sql:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE jobs_chunk SET state = 'running' WHERE state = 'pending'")
        return answer

    with connection.execute_wrapper(taken_meanwhile):
        assert not finish_if_drained(job)
    job.refresh_from_db()
    assert job.is_active


def test_the_job_failed_when_a_part_was_set_aside_though_the_rest_is_done(job):
    do(job)
    do(job)
    job.chunks.filter(state=Chunk.State.PENDING).update(state=Chunk.State.FAILED, error="ValueError: odd")
    assert finish_if_drained(job)
    assert (job.state, job.done) == (Job.State.FAILED, 4)
    assert job.error == "1 parts failed three times; the first: ValueError: odd"


# --- cancelling --------------------------------------------------------------------------------------------------


def test_a_job_that_nobody_works_on_is_cancelled_at_once(job):
    do(job)
    service.cancel(job)
    assert job.state == Job.State.CANCELLED
    assert claim(job) is None


def test_a_job_that_is_worked_on_stops_after_the_chunk_in_hand(job):
    chunk = take(job)
    service.cancel(job)
    assert job.is_active
    assert claim(job) is None
    assert not finish_if_drained(job)
    complete(chunk)
    assert finish_if_drained(job)
    assert (job.state, job.done) == (Job.State.CANCELLED, 2)


def test_a_job_that_is_over_cannot_be_cancelled(job):
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE, finished_at=timezone.now())
    service.cancel(job)
    assert (job.state, job.cancel_requested) == (Job.State.DONE, False)
