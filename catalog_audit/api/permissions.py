"""Who may use the API."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from catalog_audit.accounts.roles import may_administer, may_review


class IsReviewer(BasePermission):
    """Content managers and admins, the same people who see the pages."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return may_review(request.user)


class IsAdmin(BasePermission):
    """Admins."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return may_administer(request.user)
