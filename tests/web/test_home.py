"""The first page says what to do next."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.jobs.models import Job, WorkerBeat
from catalog_audit.review import actions
from tests import factories


def text(client):
    return client.get("/").content.decode()


def test_it_leads_an_admin_through_the_first_steps(admin):
    page = text(admin)
    assert "No shop has been loaded yet" in page
    assert 'href="/feeds/"' in page


def test_it_tells_a_content_manager_to_wait_for_the_first_list(manager):
    page = text(manager)
    assert "An admin loads the first product list" in page
    assert 'href="/feeds/"' not in page


def test_it_counts_flags_per_shop(manager, shop):
    for state in (Flag.State.OPEN, Flag.State.OPEN, Flag.State.DISPUTED):
        factories.make_flag(factories.make_label(factories.make_product(shop)), state=state)
    decided = factories.make_flag(factories.make_label(factories.make_product(shop)))
    actions.accept(decided, User.objects.get(username="mia"), uuid4())

    response = manager.get("/")

    assert "labels look wrong" in response.content.decode()
    (summary,) = response.context["shops"]
    assert (summary.products, summary.open, summary.disputed, summary.decided) == (4, 2, 1, 1)
    assert summary.audit.shop == shop


def test_it_says_when_everything_is_decided(manager, flag):
    actions.accept(flag, User.objects.get(username="mia"), uuid4())
    assert "All flags are decided" in text(manager)


def test_it_shows_what_is_under_way(manager, shop):
    WorkerBeat.objects.create(name="worker", queue=settings.QUEUE_PICTURES, seen_at=timezone.now())
    factories.make_job("audit", shop.slug, Job.State.RUNNING, total=200, done=50)
    assert 'max="200" value="50"' in text(manager)


def test_it_says_when_nobody_works(manager, shop):
    factories.make_job("audit", shop.slug, Job.State.QUEUED, total=200)
    assert "no worker is running" in text(manager)


def test_the_number_of_queries_does_not_grow_with_the_shops(manager, django_assert_max_num_queries):
    for _ in range(6):
        factories.make_flag(factories.make_label(factories.make_product()))
    with django_assert_max_num_queries(12):
        manager.get("/")
