"""The Django admin: who gets in, and what can be changed there."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import Group
from django.urls import reverse

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import CONTENT_MANAGERS
from catalog_audit.accounts.site import ToLookAt
from catalog_audit.catalog.models import Synonym
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.jobs.models import Chunk
from catalog_audit.review import actions
from tests import factories

OURS = sorted(model._meta.label_lower for model in django_admin.site._registry if model._meta.label != "auth.Group")


def address(label: str, view: str, *arguments) -> str:
    return reverse(f"admin:{label.replace('.', '_')}_{view}", args=arguments)


@pytest.fixture
def rows(flag, shop):
    """At least one row of everything that the program writes."""
    actions.skip(flag, factories.make_manager("carl"), uuid4())
    job = factories.make_job("import", "spring")
    Chunk.objects.create(job=job, number=0)
    feed_import = FeedImport.objects.create(job=job, shop=shop, shop_slug="spring")
    RowResult.objects.create(feed_import=feed_import, line=2, outcome="rejected")


def test_strangers_sign_in_on_the_ordinary_page(stranger):
    assert stranger.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/sign-in/?next=")


@pytest.mark.parametrize("role", ["nobody", "manager"])
def test_it_is_for_admins(role, request):
    assert request.getfixturevalue(role).get("/admin/", follow=True).status_code == 403


@pytest.mark.parametrize("label", OURS)
def test_every_list_opens(admin, rows, label):
    assert admin.get(address(label, "changelist")).status_code == 200


def test_what_the_program_writes_cannot_be_changed(admin, rows):
    for model, model_admin in django_admin.site._registry.items():
        if not isinstance(model_admin, ToLookAt):
            continue
        label = model._meta.label_lower
        assert admin.get(address(label, "add")).status_code == 403, label
        row = model.objects.first()
        if row is not None:
            assert admin.get(address(label, "change", row.pk)).status_code == 200, label
            assert admin.post(address(label, "change", row.pk), {}).status_code == 403, label
            assert admin.post(address(label, "delete", row.pk), {"post": "yes"}).status_code == 403, label


def test_an_admin_makes_a_content_manager(admin):
    role = Group.objects.get(name=CONTENT_MANAGERS)
    form = {
        "username": "new",
        "usable_password": "true",
        "password1": "a long enough one",
        "password2": "a long enough one",
        "groups": [role.pk],
    }
    assert admin.post(address("accounts.user", "add"), form).status_code == 302
    assert list(User.objects.get(username="new").groups.all()) == [role]


def test_an_admin_cannot_become_or_change_a_superuser(admin):
    boss = User.objects.create_superuser("boss", password="x")
    me = User.objects.get(username="ada")
    form = {"username": "ada", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "00:00", "groups": [me.groups.get().pk]}
    admin.post(address("accounts.user", "change", me.pk), form)
    me.refresh_from_db()
    assert not me.is_superuser
    assert admin.post(address("accounts.user", "change", boss.pk), form | {"username": "boss"}).status_code == 403
    assert admin.post(address("accounts.user", "delete", boss.pk), {"post": "yes"}).status_code == 403


def test_the_dictionary_can_be_changed(admin):
    navy = factories.value("navy")
    form = {"attribute": navy.attribute_id, "word": "abyss", "value": navy.pk}
    assert admin.post(address("catalog.synonym", "add"), form).status_code == 302
    assert Synonym.objects.get(word="abyss").created_by.username == "ada"


def test_an_admin_makes_a_token_for_a_program(admin):
    user = User.objects.get(username="ada")
    assert admin.post(address("authtoken.tokenproxy", "add"), {"user": user.pk}).status_code == 302
    assert user.auth_token.key
