"""Who may open which page. That a person is signed in at all is the business of Django's LoginRequiredMiddleware."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer, may_review


class PersonRequest(HttpRequest):
    """A request of somebody who is signed in (for the type checker: the guards below see to it)."""

    user: User


View = Callable[..., HttpResponseBase]


def _only(allowed: Callable[[Any], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not allowed(request.user):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return guarded

    return decorate


#: Content managers and admins.
reviewers_only = _only(may_review)
#: Admins.
admins_only = _only(may_administer)
