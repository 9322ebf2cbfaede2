"""The pages of trainings."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from catalog_audit.jobs.models import Job, WorkerBeat
from catalog_audit.jobs.service import AlreadyRunning
from catalog_audit.registry.models import ModelVersion
from catalog_audit.training.models import TrainingPoint
from catalog_audit.training.problems import TrainingProblem
from tests import factories


@pytest.fixture
def attributes(db):
    return [factories.attribute(code) for code in ("colour", "length")]


@pytest.fixture
def training_set(attributes):
    return factories.make_training_set()


@pytest.fixture
def started(monkeypatch, training_set):
    calls = []

    def start(chosen, **options):
        calls.append((chosen, options))
        return factories.make_training(training_set, state=Job.State.QUEUED)

    monkeypatch.setattr("catalog_audit.web.views.trainings.start_retraining", start)
    return calls


def sent(training_set, **changes):
    groups = ["top", "bottom"]
    return {"training_set": training_set.pk, "attributes": ["colour"], "groups": groups, "mode": "finetune"} | changes


def test_an_admin_starts_a_training_and_comes_to_its_page(admin, training_set, started):
    response = admin.post("/training/", sent(training_set))
    ((chosen, options),) = started
    assert chosen == training_set
    assert options["attributes"] == ["colour"]
    assert options["groups"] == ["top", "bottom"]
    assert options["user"].username == "ada"
    assert admin.get(response.headers["Location"]).status_code == 200


@pytest.mark.parametrize(
    ("missing", "said"), [("attributes", "at least one attribute"), ("groups", "at least one kind of garment")]
)
def test_something_must_be_chosen(admin, training_set, started, missing, said):
    response = admin.post("/training/", sent(training_set, **{missing: []}))
    assert response.status_code == 422
    assert said in response.content.decode()
    assert started == []


def test_a_second_training_is_refused_in_words(admin, training_set, monkeypatch):
    def refuse(*_args, **_options):
        raise AlreadyRunning(factories.make_job("training", "models", Job.State.RUNNING))

    monkeypatch.setattr("catalog_audit.web.views.trainings.start_retraining", refuse)
    page = admin.post("/training/", sent(training_set))
    assert "Another training is under way" in page.content.decode()


def test_a_problem_is_shown_beside_the_form(admin, training_set, monkeypatch):
    def refuse(*_args, **_options):
        raise TrainingProblem("No model to go on from.")

    monkeypatch.setattr("catalog_audit.web.views.trainings.start_retraining", refuse)
    assert "No model to go on from." in admin.post("/training/", sent(training_set)).content.decode()


def test_without_a_set_the_page_says_what_to_do_first(admin):
    page = admin.get("/training/").content.decode()
    assert "Make a training set first" in page
    assert "Start training" not in page


def running(training_set, **fields):
    now = timezone.now()
    current = {"stage": "training", "member": 2, "members": 3, "epoch": 1, "epochs": 3, "seconds_left": 130.0}
    run = factories.make_training(
        training_set, state=Job.State.RUNNING, job_stage="training", job_done=400, job_total=1000,
        job_started_at=now - timedelta(seconds=90), job_heartbeat_at=now, current=current, **fields,
    )  # fmt: skip
    for epoch in (1, 2, 3):
        TrainingPoint.objects.create(run=run, member=1, epoch=epoch, loss=3.0 / epoch, accuracy={"colour": 0.5})
    return run


def test_a_running_training_shows_place_time_left_and_curves(admin, training_set):
    run = running(training_set)
    page = admin.get(f"/training/{run.pk}/").content.decode()
    for expected in ("network 2 of 3, pass 1 of 3", "2 min 10 s left", "Learning", 'class="curve curve-loss"',
                     'class="curve curve-attribute-0"', 'hx-trigger="every 2s"', "50.0%"):  # fmt: skip
        assert expected in page
    assert "No process for trainings" not in page, "it runs in a process of its own"


def test_one_that_waits_says_that_no_trainer_is_there(admin, training_set):
    run = factories.make_training(training_set, state=Job.State.QUEUED)
    assert "No process for trainings is running" in admin.get(f"/training/{run.pk}/").content.decode()
    WorkerBeat.objects.create(name="trainer", queue=settings.QUEUE_TRAINING, seen_at=timezone.now())
    assert "No process for trainings is running" not in admin.get(f"/training/{run.pk}/").content.decode()


def test_when_it_is_over_the_whole_page_is_loaded_again(admin, training_set):
    run = factories.make_training(training_set)
    response = admin.get(f"/training/{run.pk}/progress/")
    assert response.headers["HX-Refresh"] == "true"
    assert "hx-trigger" not in response.content.decode()


def test_a_result_shows_before_and_after_and_what_was_not_learnt(admin, training_set):
    factories.value("mauve", name_en="Mauve")
    model = ModelVersion.objects.create(kind="classification", version="abcdef123456", path="models/x.safetensors")
    outcome = {
        "figures": {"colour": {"items": 40, "accuracy": 0.9}},
        "before": {"colour": {"items": 40, "accuracy": 0.8}},
        "unknown": {"colour": {"mauve": 7}},
    }
    page = admin.get(f"/training/{factories.make_training(training_set, model=model, outcome=outcome).pk}/")
    for expected in ("candidate abcdef123456", "80%", "90%", "Mauve (7)"):
        assert expected in page.content.decode()


def test_a_failure_names_the_stage_and_can_be_gone_on_with(admin, training_set, monkeypatch):
    monkeypatch.setattr("catalog_audit.jobs.dispatch.enqueue", lambda job: None)
    run = factories.make_training(training_set, state=Job.State.FAILED, job_stage="reading", job_error="Disk full.")
    page = admin.get(f"/training/{run.pk}/").content.decode()
    assert "It stopped at “Reading the pictures”: Disk full." in page
    response = admin.post(f"/training/{run.pk}/resume/")
    assert response.headers["Location"] == f"/training/{run.pk + 1}/"


def test_one_that_is_done_cannot_be_gone_on_with(admin, training_set):
    run = factories.make_training(training_set)
    assert "Go on</button>" not in admin.get(f"/training/{run.pk}/").content.decode()
    admin.post(f"/training/{run.pk}/resume/")
    assert type(run).objects.count() == 1


def test_an_admin_stops_a_training(admin, training_set):
    run = factories.make_training(training_set, state=Job.State.QUEUED)
    admin.post(f"/training/{run.pk}/cancel/")
    run.job.refresh_from_db()
    assert run.job.state == Job.State.CANCELLED


def test_the_list_costs_the_same_for_many_trainings(admin, training_set, django_assert_max_num_queries):
    for _ in range(12):
        factories.make_training(training_set)
    with django_assert_max_num_queries(8):
        page = admin.get("/training/list/").content.decode()
    assert page.count("/training/") >= 12
