"""The people of a first start: made with random passwords, which are kept in a file that only its owner can read."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import ADMINS, give_role


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can sign in.

    Attributes:
        username: the name to sign in with.
        role: one of the roles of :mod:`catalog_audit.accounts.roles`.
    """

    username: str
    role: str


def ensure(people: list[Person], file: Path) -> dict[str, str]:
    """Make the people who are missing; returns the passwords of all of them by name, as the file keeps them.

    A person who exists and has no line in the file (it was deleted, or the person was made otherwise) gets no new
    password and is left out of the answer. Calling it again changes nothing.

    Args:
        people: who is wanted.
        file: lines of ``username password``, mode 0600.

    Raises:
        OSError: the file cannot be read or written.
    """
    known = _read(file)
    there = set(
        User.objects.filter(username__in=[person.username for person in people]).values_list("username", flat=True)
    )
    new = [person for person in people if person.username not in there]
    if new:
        known |= {person.username: secrets.token_urlsafe(12) for person in new}
        # The file first: a password that nobody can read would lock its owner out.
        _write(file, known)
        with transaction.atomic():
            for person in new:
                user = User.objects.create_user(
                    person.username, password=known[person.username], is_staff=person.role == ADMINS
                )
                give_role(user, person.role)
    return {person.username: known[person.username] for person in people if person.username in known}


def _read(file: Path) -> dict[str, str]:
    if not file.exists():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split(maxsplit=1) for line in lines if len(line.split(maxsplit=1)) == 2)


def _write(file: Path, passwords: dict[str, str]) -> None:
    """Write the file under another name, for its owner alone, then rename it."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.writelines(f"{username} {password}\n" for username, password in passwords.items())
    draft.replace(file)
