"""Trainings from a set: asked for, watched, stopped, gone on with. The networks are stood in for."""

from __future__ import annotations

import hashlib
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.jobs.sweeper import sweep
from catalog_audit.registry.models import ModelVersion
from catalog_audit.training import engine, problems, retraining
from catalog_audit.training.models import TrainingPoint, TrainingRun
from catalog_audit.training.retraining import go_on, meanings, retrain, start_retraining
from catalog_audit.training.sets import SetError
from catalog_audit.training.tasks import train
from tests import factories, models_on_disk

pytestmark = pytest.mark.django_db

EPOCH = {"stage": "training", "member": 1, "members": 3, "epoch": 1, "epochs": 3, "fraction": 0.1, "loss": 2.5,
         "accuracy": {"colour": 0.75}, "seconds": 9.0, "finished": True}  # fmt: skip


@pytest.fixture(autouse=True)
def models(tmp_path, monkeypatch) -> None:
    """Models in use, of which nobody loads the weights, and a data folder that is this test's own."""
    monkeypatch.setattr(settings, "SHIPPED_MODELS_DIR", tmp_path / "shipped")
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path)
    monkeypatch.setattr(settings, "MODELS_DIR", tmp_path / "models")
    models_on_disk.write_all(tmp_path / "shipped")


@pytest.fixture
def training_set(tmp_path):
    content = b"picture,...\n"
    digest = hashlib.sha256(content).hexdigest()
    path = tmp_path / "training_sets" / digest[:12] / "examples.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return factories.make_training_set(content_hash=digest, folder=f"training_sets/{digest[:12]}")


class Networks:
    """Stands in for the networks: tells some news, then writes a model or fails."""

    def __init__(self) -> None:
        self.orders: list[dict[str, Any]] = []
        self.news: list[dict[str, Any]] = [{"stage": "regions", "done": 5, "total": 10}, EPOCH]
        self.error: BaseException | None = None

    def __call__(self, order: dict[str, Any], out: Path, report: engine.Report) -> dict[str, Any]:
        self.orders.append(order)
        for one in self.news:
            report(one)
        if self.error:
            raise self.error
        models_on_disk.write_classifier(out, weights="trained")
        return {"path": str(out / "attributes.safetensors"), "figures": {"colour": {"items": 9, "accuracy": 0.9}}}


@pytest.fixture
def networks(monkeypatch) -> Networks:
    standing_in = Networks()
    monkeypatch.setattr(engine, "retrain", standing_in)
    monkeypatch.setattr(engine, "device_name", lambda: "CPU")
    return standing_in


def asked(training_set, **options: Any) -> TrainingRun:
    return start_retraining(training_set, detach=False, **options)


def test_the_result_is_a_candidate_and_the_model_in_use_stays(training_set, networks):
    run = asked(training_set)
    retrain(run)
    run.refresh_from_db()
    assert run.job.state == Job.State.DONE
    assert run.model is not None
    assert run.model.state == ModelVersion.State.CANDIDATE
    assert run.outcome == {"figures": {"colour": {"items": 9, "accuracy": 0.9}}}
    assert run.device == "CPU"
    assert run.base is not None
    assert run.base.state == ModelVersion.State.ACTIVE


def test_what_the_set_has_and_the_networks_know_is_learnt_unless_chosen(training_set, networks):
    assert asked(training_set).attributes == ["colour", "length"]


def test_a_chosen_attribute_with_hardly_any_labels_is_refused_at_once(training_set, networks):
    with pytest.raises(problems.TrainingProblem, match=r"Too few examples of “Pattern”.* 9 pictures, 20 are needed"):
        asked(training_set, attributes=["colour", "pattern"])
    assert not TrainingRun.objects.exists()


def test_chosen_attributes_and_groups_reach_the_networks(training_set, networks):
    run = asked(training_set, attributes=["length"], groups=["top"], mode="heads")
    retrain(run)
    (order,) = networks.orders
    assert (order["attributes"], order["groups"], order["mode"]) == (["length"], ["top"], "heads")
    assert order["set_hash"] == training_set.content_hash
    assert order["base_version"] == run.base.version
    assert Path(order["work"]).is_relative_to(settings.DATA_DIR)


def test_finer_values_of_the_dictionary_are_learnt_as_the_nearest_that_is_known():
    factories.value("zyx", parent=factories.value("khaki"))
    found = meanings({"colour": ["khaki", "navy"]})["colour"]
    assert (found["zyx"], found["khaki"], found["navy"]) == ("khaki", "khaki", "navy")
    assert "red" not in found


def test_a_second_training_is_refused_while_one_is_under_way(training_set, networks):
    asked(training_set)
    with pytest.raises(service.AlreadyRunning):
        asked(training_set)


def test_a_dead_process_does_not_keep_others_from_training(training_set, networks):
    dead = asked(training_set)
    Job.objects.filter(pk=dead.job_id).update(state=Job.State.RUNNING, owner=f"{_host()}:4194304")
    retrain(asked(training_set))
    dead.job.refresh_from_db()
    assert dead.job.state == Job.State.FAILED


def _host() -> str:
    import socket

    return socket.gethostname()


def test_epochs_are_kept_once_even_when_they_are_told_again(training_set, networks):
    networks.news = [EPOCH, EPOCH, {**EPOCH, "epoch": 2, "loss": 2.0}]
    run = asked(training_set)
    retrain(run)
    points = TrainingPoint.objects.filter(run=run)
    assert [(one.member, one.epoch, one.loss, one.accuracy) for one in points] == [
        (1, 1, 2.5, {"colour": 0.75}),
        (1, 2, 2.0, {"colour": 0.75}),
    ]


def test_progress_and_place_are_shown_while_it_runs(training_set, networks):
    run, seen = asked(training_set), []

    def look(news: Any) -> None:
        run.refresh_from_db()
        seen.append((run.job.stage, run.job.done, run.job.total, run.current.get("member")))

    networks.news = [*networks.news, {**EPOCH, "fraction": 0.5}]
    retrain(run, lambda news: look(news))
    assert seen == [("", 0, 0, None), ("regions", 5, 10, None), ("training", 100, 1000, 1)]


def test_stopping_it_ends_at_the_next_news_and_it_can_be_gone_on_with(training_set, networks):
    run = asked(training_set)

    def stop(news: Any) -> None:
        Job.objects.filter(pk=run.job_id).update(cancel_requested=True)

    with pytest.raises(service.Cancelled):
        retrain(run, stop)
    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED
    again = go_on(run, detach=False)
    assert (again.options, again.training_set, again.mode) == (run.options, run.training_set, run.mode)
    retrain(again)
    assert networks.orders[0] == networks.orders[1], "the same order finds the same checkpoints"


def test_a_failure_says_in_the_persons_language_what_failed(training_set, networks, monkeypatch):
    with translation.override("ru"):
        run = asked(training_set)

    def fail(*_: Any) -> None:
        raise problems.too_few("colour", "navy", 2, 5)

    monkeypatch.setattr(engine, "retrain", fail)
    with pytest.raises(problems.TrainingProblem):
        retrain(run)
    run.job.refresh_from_db()
    assert run.job.state == Job.State.FAILED
    assert run.job.error.startswith("Слишком мало примеров значения «Тёмно-синий»")


def test_a_damaged_set_is_not_learnt_from(training_set, networks):
    training_set.path.write_bytes(b"something else")
    with pytest.raises(SetError, match="damaged"):
        retrain(asked(training_set))
    assert networks.orders == []


def test_the_worker_begins_a_training_of_a_dead_process_again(training_set, networks, monkeypatch):
    run = asked(training_set)
    Job.objects.filter(pk=run.job_id).update(state=Job.State.RUNNING, owner=f"{_host()}:4194304")
    monkeypatch.setattr(service, "workers_alive", lambda queue: False)
    sweep()
    run.job.refresh_from_db()
    assert run.job.state == Job.State.QUEUED
    train(run.job_id)
    run.job.refresh_from_db()
    assert run.job.state == Job.State.DONE


def test_a_training_that_kills_its_process_each_time_is_given_up(training_set, networks):
    run = asked(training_set)
    TrainingRun.objects.filter(pk=run.pk).update(attempts=retraining.MOST_ATTEMPTS)
    train(run.job_id)
    run.job.refresh_from_db()
    assert run.job.state == Job.State.FAILED
    assert "3 times" in run.job.error
    assert networks.orders == []


def test_an_epoch_that_was_done_clears_the_count_of_attempts(training_set, networks):
    run = asked(training_set)
    TrainingRun.objects.filter(pk=run.pk).update(attempts=2)
    retrain(run)
    run.refresh_from_db()
    assert run.attempts == 0


def test_without_a_model_in_use_only_the_beginning_is_left(training_set, networks, tmp_path):
    for file in (tmp_path / "shipped").glob("attributes*"):
        file.unlink()
    models_on_disk.write_classifier(tmp_path / "shipped", "top")
    with pytest.raises(problems.TrainingProblem, match="no model in use"):
        asked(training_set)
    assert asked(training_set, mode="full").base is None


def test_the_command_trains_from_a_set(training_set, networks):
    out = StringIO()
    call_command("train", set=training_set.short_hash, mode="heads", stdout=out, stderr=StringIO())
    run = TrainingRun.objects.get()
    assert run.mode == "heads"
    assert f"candidate {run.model}" in out.getvalue()


def test_the_command_refuses_what_does_not_exist(training_set, networks):
    with pytest.raises(CommandError, match="No training set"):
        call_command("train", set="ffff")
    with pytest.raises(CommandError, match="no such attribute: smell"):
        call_command("train", set=training_set.short_hash, attributes=["smell"])
    assert not TrainingRun.objects.exists()
