"""Trainings over the API."""

from __future__ import annotations

import pytest
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from catalog_audit.jobs.models import Job
from catalog_audit.jobs.service import AlreadyRunning
from catalog_audit.training.models import TrainingPoint
from tests import factories

pytestmark = pytest.mark.django_db


def client_of(user) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
    return client


@pytest.fixture
def client() -> APIClient:
    factories.attribute("colour")
    return client_of(factories.make_admin())


@pytest.fixture
def started(monkeypatch):
    calls = []

    def start(training_set, **options):
        calls.append(options)
        return factories.make_training(training_set, state=Job.State.QUEUED)

    monkeypatch.setattr("catalog_audit.api.trainings.start_retraining", start)
    return calls


def test_an_admin_starts_a_training(client, started):
    training_set = factories.make_training_set()
    response = client.post("/api/v1/trainings/", {"set": training_set.content_hash, "mode": "heads"}, format="json")
    assert response.status_code == 201
    found = response.json()
    assert (found["state"], found["set"]) == ("queued", training_set.content_hash)
    assert started[0]["mode"] == "heads"


def test_reviewers_may_not(started):
    client = client_of(factories.make_manager())
    run = factories.make_training()
    assert client.post("/api/v1/trainings/", {"set": "0"}, format="json").status_code == 403
    assert client.get(f"/api/v1/trainings/{run.pk}/").status_code == 403
    assert client.post(f"/api/v1/trainings/{run.pk}/cancel/").status_code == 403
    assert started == []


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"set": "ffff"}, "set"),
        ({"mode": "slow"}, "mode"),
        ({"attributes": ["smell"]}, "attributes"),
        ({"groups": ["hat"]}, "groups"),
    ],
)
def test_what_does_not_exist_is_named(client, started, changed, field):
    asked = {"set": factories.make_training_set().content_hash} | changed
    response = client.post("/api/v1/trainings/", asked, format="json")
    assert response.status_code == 400
    assert field in response.json()
    assert started == []


def test_a_second_training_is_a_conflict(client, monkeypatch):
    def refuse(*_args, **_options):
        raise AlreadyRunning(factories.make_job("training", "models", Job.State.RUNNING))

    monkeypatch.setattr("catalog_audit.api.trainings.start_retraining", refuse)
    asked = {"set": factories.make_training_set().content_hash}
    response = client.post("/api/v1/trainings/", asked, format="json")
    assert response.status_code == 409
    assert "under way" in response.json()["detail"]


def test_the_progress_of_a_training(client):
    run = factories.make_training(state=Job.State.RUNNING, job_stage="training", job_done=4, job_total=10)
    TrainingPoint.objects.create(run=run, member=1, epoch=1, loss=2.0, accuracy={"colour": 0.5})
    found = client.get(f"/api/v1/trainings/{run.pk}/").json()
    assert (found["stage"], found["done"], found["total"], found["model"]) == ("training", 4, 10, None)
    assert found["points"] == [{"member": 1, "epoch": 1, "loss": 2.0, "accuracy": {"colour": 0.5}, "seconds": 0.0}]


def test_a_training_is_stopped(client):
    run = factories.make_training(state=Job.State.QUEUED)
    assert client.post(f"/api/v1/trainings/{run.pk}/cancel/").json()["state"] == "cancelled"
