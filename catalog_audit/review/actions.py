"""What a person does to flags: accept, fix, dispute, say that both values are right, skip, undo; one or many.

Each action is one transaction: permission check, compare-and-set on the flag's state, an append-only
:class:`~catalog_audit.review.models.Decision`, and the label's new state. Two people at once cannot both win, and a
request that comes twice (the same token) is stored once and answered alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_review
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.review import deciding, undoing
from catalog_audit.review.batches import SUGGESTION, Batch, decide_many, undo_batch
from catalog_audit.review.deciding import Stored
from catalog_audit.review.errors import NothingToUndo, ReviewError, TokenReused
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import Choice, Verdict, label_stands

__all__ = [
    "SUGGESTION", "Batch", "Outcome", "accept", "both", "decide_many", "dispute", "fix", "label_stands", "last_of",
    "skip", "undo", "undo_batch",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """A stored decision.

    Attributes:
        decision: the row.
        repeated: True when the same request had been stored before.
    """

    decision: Decision
    repeated: bool = False


def accept(flag: Flag, user: User, token: UUID) -> Outcome:
    """Say that the shop's label is right.

    Raises:
        PermissionDenied: the person may not review.
        FlagAlreadyDecided, LabelChanged, SecondPersonNeeded, AdminSettles, TokenReused: nothing was stored.
    """
    return _decide(flag, Choice(Verdict.ACCEPT), user, token)


def fix(flag: Flag, value: Value, user: User, token: UUID) -> Outcome:
    """Say that ``value`` is the right one; choosing the label's own value is the same as :func:`accept`.

    Raises:
        PermissionDenied: the person may not review.
        ForeignValue: ``value`` is not one of the flag's attribute.
        FlagAlreadyDecided, LabelChanged, SecondPersonNeeded, AdminSettles, TokenReused: nothing was stored.
    """
    return _decide(flag, Choice(Verdict.FIX, value), user, token)


def dispute(flag: Flag, user: User, token: UUID, value: Value | None = None) -> Outcome:
    """Say that one is not sure: a second person decides, and an admin where the two do not agree.

    Args:
        flag: the flag.
        user: the person.
        token: made by the browser.
        value: what the person leans to (the label's own value: that the label is right), or None.

    Raises:
        PermissionDenied: the person may not review.
        ForeignValue: ``value`` is not one of the flag's attribute.
        FlagAlreadyDecided, LabelChanged, SecondPersonNeeded, AdminSettles, TokenReused: nothing was stored.
    """
    return _decide(flag, Choice(Verdict.DISPUTE, value), user, token)


def both(flag: Flag, user: User, token: UUID) -> Outcome:
    """Say that label and suggestion are both right: the label stays, and no audit asks about the two again.

    Raises:
        PermissionDenied: the person may not review.
        FlagAlreadyDecided, LabelChanged, SecondPersonNeeded, AdminSettles, TokenReused: nothing was stored.
    """
    return _decide(flag, Choice(Verdict.BOTH), user, token)


def skip(flag: Flag, user: User, token: UUID) -> Outcome:
    """Leave the flag undecided; in this person's queue it comes last from now on.

    Raises:
        PermissionDenied: the person may not review.
        FlagAlreadyDecided, TokenReused: nothing was stored.
    """
    return _decide(flag, Choice(Verdict.SKIP), user, token)


def undo(user: User, token: UUID, decision: Decision | None = None) -> Outcome:
    """Take back ``decision``, or the person's last one; flag and label become what they were before it.

    People undo their own decisions, admins anybody's.

    Raises:
        PermissionDenied: the person may not review.
        NotYours: the decision is somebody else's.
        NothingToUndo: there is no such decision, or it is undone already.
        CannotUndo: somebody, an audit or the shop changed the flag or the label since.
    """

    def act() -> Stored:
        taken = decision or last_of(user)
        if taken is None:
            raise NothingToUndo
        return undoing.take_back([taken], user, lambda _one: token, None)

    return _once(token, user, None, act)


def last_of(user: User) -> Decision | None:
    """The person's latest decision that still stands."""
    standing = user.decisions.exclude(verdict=Verdict.UNDO).filter(undone_by=None)
    return standing.select_related("flag").order_by("-created_at", "-pk").first()


def _decide(flag: Flag, choice: Choice, user: User, token: UUID) -> Outcome:
    return _once(token, user, flag.pk, lambda: deciding.decide([flag.pk], choice, user, lambda _key: token, None))


def _once(token: UUID, user: User, flag_id: int | None, act: Callable[[], Stored]) -> Outcome:
    """Run ``act`` unless its token was stored before; a race of equal requests ends with one row as well."""
    if not may_review(user):
        raise PermissionDenied
    earlier = _stored(token, user, flag_id)
    if earlier is not None:
        return Outcome(earlier, repeated=True)
    try:
        with transaction.atomic():
            stored = act()
            for error in stored.refused.values():
                raise error
            return Outcome(stored.decisions[0])
    except (IntegrityError, ReviewError):
        # The twin of this very request may have won between the look-up and the act.
        earlier = _stored(token, user, flag_id)
        if earlier is None:
            raise
        return Outcome(earlier, repeated=True)


def _stored(token: UUID, user: User, flag_id: int | None) -> Decision | None:
    earlier = Decision.objects.filter(token=token).first()
    if earlier is None:
        return None
    undoing_one = earlier.verdict == Verdict.UNDO
    if earlier.user_id != user.pk or undoing_one != (flag_id is None) or (flag_id and earlier.flag_id != flag_id):
        raise TokenReused
    return earlier
