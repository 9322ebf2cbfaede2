"""The two roles. Each is an ordinary Django group, so that an owner can change it in the Django admin."""

from __future__ import annotations

from typing import Any

from catalog_audit.accounts.models import User

CONTENT_MANAGERS = "Content managers"
ADMINS = "Admins"


def create_roles(**_kwargs: Any) -> None:
    """Create the groups that are missing (runs after every migration)."""
    from django.contrib.auth.models import Group

    for name in (CONTENT_MANAGERS, ADMINS):
        Group.objects.get_or_create(name=name)


def _in_group(user: Any, *names: str) -> bool:
    if not user.is_authenticated or not user.is_active:
        return False
    if user.is_superuser:
        return True
    if not hasattr(user, "_role_names"):
        user._role_names = set(user.groups.values_list("name", flat=True))
    return not user._role_names.isdisjoint(names)


def may_review(user: Any) -> bool:
    """Whether the person may decide flags: content managers and admins."""
    return _in_group(user, CONTENT_MANAGERS, ADMINS)


def may_administer(user: Any) -> bool:
    """Whether the person may import, audit, map words and export: admins."""
    return _in_group(user, ADMINS)


def give_role(user: User, name: str) -> None:
    """Put the person into a role's group."""
    from django.contrib.auth.models import Group

    user.groups.add(Group.objects.get_or_create(name=name)[0])
