"""``manage.py first_admin``: somebody has to be able to sign in to a fresh installation."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from catalog_audit.accounts.first_people import Person, ensure
from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import ADMINS

_USERNAME = "admin"


class Command(BaseCommand):
    help = "Make an admin with a random password when nobody can sign in yet; say nothing otherwise."

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_active=True).exists():
            return
        file = settings.DATA_DIR / "first_admin.txt"
        for username, password in ensure([Person(_USERNAME, ADMINS)], file).items():
            self.stdout.write(f"Sign in as {username} with the password {password} (kept in {file}).")
