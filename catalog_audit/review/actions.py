"""What a person does to flags: accept, fix, dispute, say that both values are right, skip, undo; one or many.

Each action is one transaction: permission check, compare-and-set on the flag's state, an append-only
:class:`~catalog_audit.review.models.Decision`, and the label's new state. Two people at once cannot both win, and a
request that comes twice (the same token) is stored once and answered alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.review import deciding, undoing
from catalog_audit.review.batches import SUGGESTION, Batch, decide_many, once, take_back_batch, undo_batch
from catalog_audit.review.deciding import Stored
from catalog_audit.review.errors import NothingToUndo, TokenReused
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
        decision: the row; of several that were taken back in one go the first.
        repeated: True when the same request had been stored before.
        number: how many decisions were stored: more than one where a batch was taken back.
        refused: how many decisions of that batch could not be taken back.
    """

    decision: Decision
    repeated: bool = False
    number: int = 1
    refused: int = 0


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
    """Take back ``decision``, or what the person did last; flags and labels become what they were before it.

    Without a decision, one that was made together with others is taken back together with them: a batch is one act.
    People undo their own decisions, admins anybody's.

    Raises:
        PermissionDenied: the person may not review.
        NotYours: the decision is somebody else's.
        NothingToUndo: there is no such decision, or it is undone already.
        CannotUndo: somebody, an audit or the shop changed the flag or the label since.
    """

    def act() -> Batch:
        taken = decision or last_of(user)
        if taken is None:
            raise NothingToUndo
        if decision is None and taken.batch is not None:
            return _whole(take_back_batch(user, token, taken.batch))
        return _whole(_batch(undoing.take_back([taken], user, lambda _one: token, None)))

    return _outcome(once(user, act, lambda: _earlier(token, user, None)))


def last_of(user: User) -> Decision | None:
    """The person's latest decision that still stands."""
    standing = user.decisions.exclude(verdict=Verdict.UNDO).filter(undone_by=None)
    return standing.select_related("flag").order_by("-created_at", "-pk").first()


def _decide(flag: Flag, choice: Choice, user: User, token: UUID) -> Outcome:
    def act() -> Batch:
        return _whole(_batch(deciding.decide([flag.pk], choice, user, lambda _key: token, None)))

    return _outcome(once(user, act, lambda: _earlier(token, user, flag.pk)))


def _batch(stored: Stored) -> Batch:
    return Batch(stored.decisions, stored.refused)


def _whole(batch: Batch) -> Batch:
    """What was stored; where nothing was, the reason is raised."""
    if batch.refused and not batch.stored:
        raise next(iter(batch.refused.values()))
    return batch


def _outcome(batch: Batch) -> Outcome:
    return Outcome(batch.stored[0], batch.repeated, len(batch.stored), len(batch.refused))


def _earlier(token: UUID, user: User, flag_id: int | None) -> Batch | None:
    """What a request has stored before: a decision about a flag or, where none is named, what it took back."""
    found = Decision.objects.select_related("flag", "new_value", "user")
    earlier = found.filter(token=token).first()
    if earlier is None:
        return None
    undoing_one = earlier.verdict == Verdict.UNDO
    if earlier.user_id != user.pk or undoing_one != (flag_id is None) or (flag_id and earlier.flag_id != flag_id):
        raise TokenReused
    if not undoing_one or earlier.batch != token:
        return Batch([earlier], repeated=True)
    return Batch([earlier, *found.filter(batch=token).exclude(pk=earlier.pk).order_by("flag_id")], repeated=True)
