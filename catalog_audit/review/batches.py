"""Many flags in one go: one choice about up to a hundred flags, taken back in one go as well."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_review
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.review import deciding, undoing
from catalog_audit.review.errors import BatchTooLarge, NothingToUndo, NotInBatch, ReviewError, TokenReused
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import Choice, Verdict

MOST = 100

#: Take each flag's suggested value.
SUGGESTION = "suggestion"


@dataclass(frozen=True, slots=True)
class Batch:
    """What became of a batch.

    Attributes:
        stored: the decisions.
        refused: flag -> why nothing was stored about it. The others are stored all the same.
        repeated: whether the same request had been stored before.
    """

    stored: list[Decision] = field(default_factory=list)
    refused: dict[int, ReviewError] = field(default_factory=dict)
    repeated: bool = False


def decide_many(flags: Collection[Flag | int], choice: str | Value, user: User, batch: UUID) -> Batch:
    """Say the same of several flags.

    Args:
        flags: at most :data:`MOST`, rows or keys.
        choice: "accept", "suggestion", "both", "skip", or the value to change all to.
        user: the person.
        batch: made by the browser; a batch that is sent twice is stored once and answered alike.

    Raises:
        PermissionDenied: the person may not review.
        BatchTooLarge: there are more flags.
        TokenReused: the batch is somebody else's, or an undo.
        ValueError: there is no such choice.
    """
    keys = sorted({flag.pk if isinstance(flag, Flag) else flag for flag in flags})
    if len(keys) > MOST:
        raise BatchTooLarge(MOST)
    said = _choice(choice)

    def act() -> Batch:
        stored = deciding.decide(keys, said, user, lambda key: uuid5(batch, str(key)), batch)
        return Batch(stored.decisions, stored.refused)

    def earlier() -> Batch | None:
        found = _stored(user, batch)
        if not found:
            return None
        if any(decision.verdict == Verdict.UNDO for decision in found):
            raise TokenReused
        known = {decision.flag_id for decision in found}
        return Batch(
            [one for one in found if one.flag_id in keys],
            {key: NotInBatch() for key in keys if key not in known},
            True,
        )

    return once(user, act, earlier)


def undo_batch(user: User, token: UUID, batch: UUID) -> Batch:
    """Take back all decisions of a batch that can be; ``refused`` says why the others cannot.

    Args:
        user: who made the batch, or an admin.
        token: made by the browser; an undo that is sent twice is stored once.
        batch: the batch to take back.

    Raises:
        PermissionDenied: the person may not review.
        NothingToUndo: there is no such batch, or nothing of it stands.
        TokenReused: the token was used for something else.
    """

    def act() -> Batch:
        return take_back_batch(user, token, batch)

    def earlier() -> Batch | None:
        found = _stored(user, token)
        if any(one.undoes is None or one.undoes.batch != batch for one in found):
            raise TokenReused
        return Batch(found, {}, True) if found else None

    return once(user, act, earlier)


def take_back_batch(user: User, token: UUID, batch: UUID) -> Batch:
    """What :func:`undo_batch` does, without looking whether it was done before; to be called inside a transaction.

    The first of the decisions that are stored carries the token itself: another request with it stores nothing.
    """
    standing = Decision.objects.filter(batch=batch, undone_by=None).exclude(verdict=Verdict.UNDO)
    decisions = list(standing.order_by("flag_id"))
    if not decisions:
        raise NothingToUndo
    first = iter([token])
    stored = undoing.take_back(decisions, user, lambda one: next(first, uuid5(token, str(one.pk))), token)
    flag_of = {decision.pk: decision.flag_id for decision in decisions}
    return Batch(stored.decisions, {flag_of[key]: error for key, error in stored.refused.items()})


def _choice(choice: str | Value) -> Choice:
    if isinstance(choice, Value):
        return Choice(Verdict.FIX, choice)
    if choice == SUGGESTION:
        return Choice(Verdict.FIX, suggested=True)
    if choice not in (Verdict.ACCEPT, Verdict.BOTH, Verdict.SKIP):
        raise ValueError(f"{choice} is no choice for a batch")
    return Choice(Verdict(choice))


def once(user: User, act: Callable[[], Batch], earlier: Callable[[], Batch | None]) -> Batch:
    """Do what a request asks for, unless that was done before; a race of equal requests ends with one act as well.

    Args:
        user: the person.
        act: does it, inside a transaction.
        earlier: what the same request has stored before, or None.

    Raises:
        PermissionDenied: the person may not review.
    """
    if not may_review(user):
        raise PermissionDenied
    found = earlier()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            done = act()
    except (IntegrityError, ReviewError):
        # The twin of this very request may have won between the look-up and the act.
        found = earlier()
        if found is None:
            raise
        return found
    if done.stored:
        return done
    # The twin may have won while this one waited for the flags.
    return earlier() or done


def _stored(user: User, batch: UUID) -> list[Decision]:
    found = Decision.objects.filter(batch=batch).select_related("flag", "new_value", "user", "undoes")
    earlier = list(found.order_by("flag_id"))
    if any(decision.user_id != user.pk for decision in earlier):
        raise TokenReused
    return earlier
