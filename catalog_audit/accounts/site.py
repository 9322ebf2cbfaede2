"""The Django admin as this project uses it: open to whoever has the role of an admin, with one sign-in page."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from catalog_audit.accounts.roles import may_administer


class RoleAdminSite(admin.AdminSite):
    """Lets admins in by their role; everybody else gets the ordinary sign-in page or the ordinary refusal."""

    site_header = "Catalog Audit"
    site_title = "Catalog Audit"
    index_title = _("Settings")

    def has_permission(self, request: HttpRequest) -> bool:
        return may_administer(request.user)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise PermissionDenied
        return redirect_to_login(request.get_full_path())


class ByRole:
    """Mix-in: whoever is an admin may see, add, change and delete."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_administer(request.user)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_administer(request.user)


class ToLookAt(ByRole, admin.ModelAdmin):
    """Rows that the program writes: admins look at them and change nothing."""

    # Counting millions of rows only to say "1 of 3,000,000" makes a list slow.
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
