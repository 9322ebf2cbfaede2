"""People of a first start get passwords that only the owner of the data folder can read."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from catalog_audit.accounts.first_people import Person, ensure
from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import ADMINS, CONTENT_MANAGERS, may_administer

pytestmark = pytest.mark.django_db
PEOPLE = [Person("mia", CONTENT_MANAGERS), Person("ada", ADMINS)]


def test_passwords_are_random_long_and_kept(tmp_path: Path):
    passwords = ensure(PEOPLE, tmp_path / "people.txt")
    assert passwords.keys() == {"mia", "ada"}
    assert len(set(passwords.values())) == 2
    assert min(map(len, passwords.values())) >= 16
    assert all(User.objects.get(username=name).check_password(password) for name, password in passwords.items())
    assert ensure(PEOPLE, tmp_path / "people.txt") == passwords


def test_somebody_who_exists_keeps_the_password(tmp_path: Path):
    User.objects.create_user("ada", password="her own, chosen long ago")
    assert ensure(PEOPLE, tmp_path / "people.txt").keys() == {"mia"}
    assert User.objects.get(username="ada").check_password("her own, chosen long ago")
    assert not may_administer(User.objects.get(username="ada"))


def test_a_password_is_kept_before_anybody_is_made(tmp_path: Path):
    with pytest.raises(OSError, match="absent"):
        ensure(PEOPLE, tmp_path / "absent" / "people.txt")
    assert not User.objects.exists()


def test_a_fresh_installation_gets_one_admin(tmp_path: Path, settings):
    settings.DATA_DIR = tmp_path
    out = StringIO()
    call_command("first_admin", stdout=out)
    admin = User.objects.get()
    assert may_administer(admin)
    assert admin.is_staff
    assert (tmp_path / "first_admin.txt").read_text().split()[1] in out.getvalue()


def test_no_admin_is_made_where_somebody_can_sign_in(tmp_path: Path, settings):
    settings.DATA_DIR = tmp_path
    User.objects.create_user("mia", password="x")
    out = StringIO()
    call_command("first_admin", stdout=out)
    assert out.getvalue() == ""
    assert User.objects.count() == 1
    assert not (tmp_path / "first_admin.txt").exists()
