"""What every page needs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from catalog_audit.accounts.roles import may_administer, may_review


def shell(request: HttpRequest) -> dict[str, Any]:
    """Template context of the page frame."""
    user = getattr(request, "user", None)
    if user is None:  # the request failed before anybody was recognised
        return {"may_review": False, "may_administer": False}
    return {"may_review": may_review(user), "may_administer": may_administer(user)}
