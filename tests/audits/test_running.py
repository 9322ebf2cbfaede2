"""An audit goes on: past a part that fails, after an interruption, and from task to task."""

from __future__ import annotations

import pytest

from catalog_audit.audits import running, tasks
from catalog_audit.audits.models import Prediction
from catalog_audit.jobs import chunks, dispatch, service
from catalog_audit.jobs.models import Chunk, Job
from tests.audits.conftest import audit, make_dress


@pytest.fixture
def dresses(boutique, settings):
    settings.CHUNK_SIZE = 2
    return [make_dress(boutique, external_id) for external_id in "ABCDE"]


@pytest.fixture
def plan(boutique, dresses):
    return running.start_audit(boutique, detach=False)


def fail_on(monkeypatch, networks, product, error):
    read = networks.read

    def read_or_fail(requests):
        if product.pk in {int(request.key.partition(".")[0]) for request in requests}:
            networks.looked.append(product.pk)
            raise error
        return read(requests)

    monkeypatch.setattr(networks, "read", read_or_fail)


def test_the_work_is_cut_into_chunks(plan):
    assert list(plan.job.chunks.values_list("size", flat=True)) == [2, 2, 1]


def test_a_part_that_fails_is_tried_three_times_while_the_rest_is_done(boutique, dresses, networks, monkeypatch):
    fail_on(monkeypatch, networks, dresses[0], RuntimeError("poisonous"))
    run = audit(boutique)
    assert networks.looked.count(dresses[0].pk) == 3
    assert (run.job.state, run.job.done) == (Job.State.FAILED, 3)
    assert "RuntimeError: poisonous" in run.job.error
    assert Prediction.objects.count() == 3


def test_the_next_audit_looks_at_what_failed_only(boutique, dresses, networks, monkeypatch):
    with monkeypatch.context() as patch:
        fail_on(patch, networks, dresses[0], RuntimeError("poisonous"))
        audit(boutique)
    networks.looked.clear()
    run = audit(boutique)
    assert networks.looked == [dresses[0].pk, dresses[1].pk]
    assert (run.job.state, run.unchanged) == (Job.State.DONE, 3)


def test_cancelling_stops_after_the_chunk_in_hand_and_the_next_audit_does_the_rest(boutique, plan, networks):
    running.do_one_chunk(plan)
    service.cancel(plan.job)
    assert running.work_off(plan).state == Job.State.CANCELLED
    assert len(networks.looked) == 2
    networks.looked.clear()
    run = audit(boutique)
    assert (run.job.total, run.unchanged) == (3, 2)
    assert len(networks.looked) == 3
    assert Prediction.objects.filter(current=True).count() == Prediction.objects.count() == 5


def test_an_interrupted_process_leaves_a_cancelled_run_and_its_chunk_uncounted(
    boutique, plan, dresses, networks, monkeypatch
):
    fail_on(monkeypatch, networks, dresses[2], KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        running.work_off(plan)
    running.interrupt(plan)
    assert plan.job.state == Job.State.CANCELLED
    assert list(plan.job.chunks.values_list("state", "attempts")) == [("done", 1), ("pending", 0), ("pending", 0)]


def test_the_chunk_of_a_dead_process_is_done_by_the_one_that_goes_on(plan, networks, monkeypatch):
    monkeypatch.setattr(running, "_PATIENCE", 0)
    chunk = chunks.claim(plan.job)
    Chunk.objects.filter(pk=chunk.pk).update(heartbeat_at=None, owner="elsewhere:1")
    assert running.work_off(plan).state == Job.State.DONE
    assert Prediction.objects.count() == 5
    assert list(plan.job.chunks.values_list("attempts", flat=True)) == [2, 1, 1]


def test_progress_is_told_after_every_chunk(plan):
    told = []
    running.work_off(plan, lambda job: told.append(job.done))
    assert told == [2, 4, 5]


def test_a_detached_audit_nudges_the_workers(boutique, dresses, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(
        dispatch, "current_app", type("Post", (), {"send_task": lambda self, *a, **k: sent.append(k)})()
    )
    with django_capture_on_commit_callbacks(execute=True):
        run = running.start_audit(boutique)
    assert {(tuple(message["args"]), message["queue"]) for message in sent} == {((run.job.pk,), "pictures")}
    assert not Prediction.objects.exists()


def test_a_task_does_one_chunk_and_passes_the_nudge_on_until_nothing_is_left(plan, monkeypatch):
    nudged = []
    monkeypatch.setattr(dispatch, "enqueue", lambda job, tickets: nudged.append(tickets))
    for expected in (1, 2, 3, 3):
        tasks.audit_chunk(plan.job_id)
        assert len(nudged) == expected
    assert set(nudged) == {1}
    plan.job.refresh_from_db()
    assert plan.job.state == Job.State.DONE


def test_a_message_that_comes_after_the_end_does_nothing(plan, networks):
    running.work_off(plan)
    networks.looked.clear()
    tasks.audit_chunk(plan.job_id)
    assert networks.looked == []
    assert Prediction.objects.count() == 5
