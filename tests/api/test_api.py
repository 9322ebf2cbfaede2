"""The API: who may read it, and what it returns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token, TokenProxy
from rest_framework.test import APIClient

from catalog_audit.audits import arguable
from catalog_audit.audits.models import Flag
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelComparison, ModelVersion
from tests.factories import (
    PASSWORD,
    attribute,
    decide,
    make_admin,
    make_flag,
    make_job,
    make_label,
    make_manager,
    make_picture,
    make_prediction,
    make_product,
    make_run,
    make_shop,
    make_user,
    value,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return make_manager()


@pytest.fixture
def shop():
    attribute("colour")
    return make_shop("boutique")


@pytest.fixture
def client(manager) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=manager).key}")
    return client


def addresses() -> list[str]:
    shop = make_shop("some-shop")
    return [
        reverse("api:shops"),
        reverse("api:corrections", args=[shop.slug]),
        reverse("api:audit_rows", args=[shop.slug]),
        reverse("api:audit", args=[make_run(shop).pk]),
        reverse("api:arguable_pairs"),
        reverse("api:schema"),
    ]


# --- who may ----------------------------------------------------------------------------------------------------------


def test_the_addresses_have_a_version():
    assert all(address.startswith("/api/v1/") for address in addresses())


def test_a_stranger_is_told_to_sign_in():
    for address in addresses():
        response = APIClient().get(address)
        assert response.status_code == 401, address
        assert response["WWW-Authenticate"] == "Token"


def test_a_wrong_token_is_refused():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION="Token nonsense")
    assert [client.get(address).status_code for address in addresses()] == [401] * 6


def test_a_person_without_a_role_is_refused():
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=make_user()).key}")
    assert [client.get(address).status_code for address in addresses()] == [403] * 6


def test_a_person_who_has_been_switched_off_is_refused(client, manager):
    manager.is_active = False
    manager.save()
    assert [client.get(address).status_code for address in addresses()] == [401] * 6


@pytest.mark.parametrize("make", [make_manager, make_admin])
def test_reviewers_and_admins_read_with_the_session_of_the_pages(make):
    client = Client()
    assert client.login(username=make("someone").username, password=PASSWORD)
    assert [client.get(address).status_code for address in addresses()] == [200] * 6


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_can_be_changed(client, method):
    assert [getattr(client, method)(address).status_code for address in addresses()] == [405] * 6


def test_tokens_can_be_made_in_the_admin():
    assert admin.site.is_registered(TokenProxy)


# --- what it returns --------------------------------------------------------------------------------------------------


def test_shops_are_listed(client, shop):
    (listed,) = client.get(reverse("api:shops")).json()["results"]
    assert (listed["slug"], listed["name"]) == ("boutique", "Boutique")


def corrections(client, **parameters):
    return client.get(f"{reverse('api:corrections', args=['boutique'])}?{urlencode(parameters)}")


def test_corrections_are_as_in_the_export(client, shop, manager):
    decide(make_label(make_product(shop, "A"), "Navy", "navy"), manager, correction="black")
    decide(make_label(make_product(shop, "B")), manager)
    decide(make_label(make_product(make_shop(), "C")), manager, correction="black")
    (correction,) = corrections(client).json()["results"]
    assert (correction["external_id"], correction["attribute"], correction["old"]) == ("A", "colour", "Navy")
    assert correction["decided_by"] == "manager"
    assert datetime.fromisoformat(correction["decided_at"])


def test_corrections_since_a_moment(client, shop, manager):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(3):
        label = decide(make_label(make_product(shop, f"P{number}")), manager, correction="black")
        label.decided_at = start + timedelta(days=number)
        label.save()
    found = corrections(client, since="2026-01-02T00:00:00Z").json()["results"]
    assert [one["external_id"] for one in found] == ["P2"]


@pytest.mark.parametrize("since", ["yesterday", "2026-13-45T00:00:00Z"])
def test_a_moment_that_is_none_is_an_error_of_the_caller(client, shop, since):
    response = corrections(client, since=since)
    assert response.status_code == 400
    assert "since" in response.json()


def test_pages_hold_every_correction_once(client, shop, manager):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(7):  # all at the same moment, the hard case for a cursor
        label = decide(make_label(make_product(shop, f"P{number}")), manager, correction="black")
        label.decided_at = moment
        label.save()
    address, seen = f"{reverse('api:corrections', args=['boutique'])}?page_size=3", []
    while address:
        page = client.get(address).json()
        seen += [one["external_id"] for one in page["results"]]
        address = page["next"]
    assert sorted(seen) == [f"P{number}" for number in range(7)]


def audit(client, **parameters):
    return client.get(f"{reverse('api:audit_rows', args=['boutique'])}?{urlencode(parameters)}")


@pytest.fixture
def audited(shop, manager):
    """One product in each state."""
    for state in ("ok", "flagged", "disputed", "unmapped", "unreadable", "accepted", "fixed"):
        product = make_product(shop, state)
        make_picture(product, sha256="0" * 64, suffix="jpg")
        label = make_label(product, "Navy", None if state == "unmapped" else "navy")
        if state in ("flagged", "disputed"):
            make_flag(label, state=Flag.State.OPEN if state == "flagged" else Flag.State.DISPUTED)
        elif state == "unreadable":
            make_prediction(label, problem="truncated", p_wrong=None, state="unreadable")
        elif state != "unmapped":
            make_prediction(label)
        if state in ("accepted", "fixed"):
            decide(label, manager, correction="black" if state == "fixed" else None)
    return shop


def test_audit_rows_are_as_in_the_export(client, audited):
    rows = audit(client).json()["results"]
    assert [row["external_id"] for row in rows] == [row["state"] for row in rows]
    assert len(rows) == 7
    flagged = next(row for row in rows if row["state"] == "flagged")
    assert (flagged["label"], flagged["suggested"], flagged["p_wrong"]) == ("navy", "black", 0.97)


@pytest.mark.parametrize("state", ["ok", "flagged", "disputed", "unmapped", "unreadable", "accepted", "fixed"])
def test_audit_rows_in_one_state(client, audited, state):
    assert [row["external_id"] for row in audit(client, state=state).json()["results"]] == [state]


def test_a_state_that_is_none_is_an_error_of_the_caller(client, shop):
    response = audit(client, state="wrong")
    assert response.status_code == 400
    assert "flagged" in response.json()["state"]


def test_a_page_holds_the_rows_of_so_many_products(client, audited):
    page = audit(client, page_size=3).json()
    assert len(page["results"]) == 3
    assert len(client.get(page["next"]).json()["results"]) == 3


@pytest.mark.parametrize("name", ["corrections", "audit_rows"])
def test_an_unknown_shop_is_not_found(client, name):
    assert client.get(reverse(f"api:{name}", args=["nobody"])).status_code == 404


def test_the_progress_of_an_audit(client, shop):
    run = make_run(shop, state=Job.State.RUNNING, total=100, done=40)
    make_flag(make_label(make_product(shop)), prediction=None)
    label = make_label(make_product(shop))
    make_flag(label, prediction=make_prediction(label, top="black", run=run))
    found = client.get(reverse("api:audit", args=[run.pk])).json()
    assert (found["shop"], found["state"], found["total"], found["done"]) == ("boutique", "running", 100, 40)
    assert found["flags"] == 1


def test_an_unknown_audit_is_not_found(client):
    assert client.get(reverse("api:audit", args=[12345])).status_code == 404


def test_the_schema_describes_every_kind_of_data(client):
    schema = client.get(reverse("api:schema"), HTTP_ACCEPT="application/vnd.oai.openapi+json").json()
    assert set(schema["paths"]) == {
        "/api/v1/shops/",
        "/api/v1/shops/{slug}/corrections/",
        "/api/v1/shops/{slug}/audit/",
        "/api/v1/audits/{id}/",
        "/api/v1/arguable-pairs/",
        "/api/v1/trainings/",
        "/api/v1/trainings/{id}/",
        "/api/v1/trainings/{id}/cancel/",
        "/api/v1/models/",
        "/api/v1/comparisons/{id}/",
    }
    parameters = schema["paths"]["/api/v1/shops/{slug}/audit/"]["get"]["parameters"]
    assert {"state", "cursor", "page_size", "slug"} == {one["name"] for one in parameters}


def test_arguable_pairs_are_listed_with_scope_and_history(client, shop, manager):
    admin_user = make_admin("ada")
    navy, black = value("navy"), value("black")
    everywhere = arguable.mark(arguable.Scope.of(navy, black), admin_user)
    arguable.mark(arguable.Scope.of(navy, black, make_shop("market"), "top"), admin_user)
    arguable.take_back(everywhere, admin_user)

    found = client.get(reverse("api:arguable_pairs")).json()["results"]
    assert [(one["shop"], one["garment_group"], one["made_by"], one["ended_by"]) for one in found] == [
        ("market", "top", "ada", None),
        (None, "", "ada", "ada"),
    ]
    assert {*found[0]["values"]} == {"navy", "black"}
    assert found[0]["attribute"] == "colour"
    own = client.get(reverse("api:arguable_pairs"), {"shop": shop.slug}).json()["results"]
    assert [one["shop"] for one in own] == [None]
    assert client.get(reverse("api:arguable_pairs"), {"shop": "nowhere"}).status_code == 404


def test_models_and_comparisons_are_for_admins():
    model = ModelVersion.objects.create(kind="classification", version="0123456789ab", path="models/x.safetensors")
    figures = {"answers": 0, "evidence": {}}
    comparison = ModelComparison.objects.create(
        candidate=model, job=make_job("comparison"), figures=figures, finished_at=datetime.now(UTC)
    )
    listed, one = reverse("api:models"), reverse("api:comparison", args=[comparison.pk])
    for user, status in ((make_manager("mia"), 403), (make_admin("ada"), 200)):
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=user).key}")
        assert client.get(listed).status_code == client.get(one).status_code == status
    (row,) = client.get(listed).json()["results"]
    assert (row["version"], row["role"], row["comparison"]) == ("0123456789ab", "classifier/", comparison.pk)
    found = client.get(one).json()
    assert (found["candidate"], found["state"], found["figures"]) == ("0123456789ab", "done", figures)
    assert found["concerns"] == ["The comparison rests on 0 answers only; 100 are needed to tell."]
