"""People and the tokens of their programs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.admin import TokenAdmin
from rest_framework.authtoken.models import TokenProxy

from catalog_audit.accounts.models import User
from catalog_audit.accounts.site import ByRole

#: What only a superuser gives: it goes beyond the two roles.
POWERS = ("is_staff", "is_superuser", "user_permissions")


@admin.register(User)
class PersonAdmin(ByRole, UserAdmin):
    """Admins make people and give them a role; only superusers touch superusers."""

    list_display = ("username", "first_name", "last_name", "roles", "is_active", "last_login")
    list_filter = ("groups", "is_active")
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        (_("Person"), {"fields": ("first_name", "last_name", "email", "language")}),
        (_("Role"), {"fields": ("is_active", "groups")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"classes": ("wide",), "fields": ("username", "usable_password", "password1", "password2", "groups")}),
    )

    @admin.display(description=_("roles"))
    def roles(self, user: User) -> str:
        """The names of the person's groups."""
        return ", ".join(group.name for group in user.groups.all())

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and request.user.is_superuser:
            return (*fieldsets, (_("Powers beyond the roles"), {"fields": POWERS}))
        return fieldsets

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and self._may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and self._may_touch(request, obj)

    @staticmethod
    def _may_touch(request: HttpRequest, person: User | None) -> bool:
        return person is None or request.user.is_superuser or not person.is_superuser


admin.site.unregister(TokenProxy)


@admin.register(TokenProxy)
class ProgramTokenAdmin(ByRole, TokenAdmin):
    """Tokens with which a shop's own programs read the API."""
