"""Saved views: keep, rename, delete. Own ones by everybody who reviews, shared ones by admins."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer, may_review
from catalog_audit.review.models import SavedView

#: So many a person keeps.
MOST = 50


class ViewError(Exception):
    """A view that was not saved; the text is a sentence for the person."""


def views_of(user: User) -> list[SavedView]:
    """The person's own views, and the shared ones of others, by name."""
    return list(SavedView.objects.filter(Q(user=user) | Q(shared=True)).select_related("user"))


def may_change(view: SavedView, user: User) -> bool:
    """Whether the person may rename or delete it."""
    return view.user_id == user.pk or (view.shared and may_administer(user))


def save(user: User, name: str, query: str, *, shared: bool = False) -> SavedView:
    """Keep filters under a name; a view of the person that has the name already gets them.

    Args:
        user: whose view it becomes.
        name: not blank.
        query: parameters of the queue's address.
        shared: for everybody.

    Raises:
        PermissionDenied: the person may not review, or not share.
        ViewError: the person has too many.
    """
    if not may_review(user) or (shared and not may_administer(user)):
        raise PermissionDenied
    own = SavedView.objects.filter(user=user)
    if own.count() >= MOST and not own.filter(name=name).exists():
        raise ViewError(_("You have %(most)s saved views. Delete one first.") % {"most": MOST})
    return SavedView.objects.update_or_create(user=user, name=name, defaults={"query": query, "shared": shared})[0]


def rename(view: SavedView, user: User, name: str) -> None:
    """Give a view another name.

    Raises:
        PermissionDenied: it is not theirs to change.
        ViewError: its owner has another one of that name.
    """
    if not may_change(view, user):
        raise PermissionDenied
    view.name = name
    try:
        with transaction.atomic():
            view.save(update_fields=["name"])
    except IntegrityError:
        raise ViewError(_("There is a view of that name already.")) from None


def delete(view: SavedView, user: User) -> None:
    """Delete a view.

    Raises:
        PermissionDenied: it is not theirs to change.
    """
    if not may_change(view, user):
        raise PermissionDenied
    view.delete()
