"""What a person does to a flag: accept, fix, skip, undo.

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
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer, may_review
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label, Value
from catalog_audit.review.errors import (
    CannotUndo,
    FlagAlreadyDecided,
    ForeignValue,
    LabelChanged,
    NothingToUndo,
    NotYours,
    ReviewError,
    TokenReused,
)
from catalog_audit.review.models import Decision

Verdict = Decision.Verdict

#: What a flag becomes by a verdict.
STATE_AFTER = {Verdict.ACCEPT: Flag.State.ACCEPTED, Verdict.FIX: Flag.State.FIXED}
#: What a label becomes by a verdict.
LABEL_AFTER = {Verdict.ACCEPT: Label.Verdict.ACCEPTED, Verdict.FIX: Label.Verdict.FIXED}


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
        FlagAlreadyDecided, LabelChanged, TokenReused: nothing was stored.
    """
    return _once(token, user, flag.pk, lambda: _decide(flag.pk, None, user, token))


def fix(flag: Flag, value: Value, user: User, token: UUID) -> Outcome:
    """Say that ``value`` is the right one; choosing the label's own value is the same as :func:`accept`.

    Raises:
        PermissionDenied: the person may not review.
        ForeignValue: ``value`` is not one of the flag's attribute.
        FlagAlreadyDecided, LabelChanged, TokenReused: nothing was stored.
    """
    return _once(token, user, flag.pk, lambda: _decide(flag.pk, value, user, token))


def skip(flag: Flag, user: User, token: UUID) -> Outcome:
    """Leave the flag undecided; in this person's queue it comes last from now on.

    Raises:
        PermissionDenied: the person may not review.
        FlagAlreadyDecided, TokenReused: nothing was stored.
    """
    return _once(token, user, flag.pk, lambda: _skip(flag.pk, user, token))


def undo(user: User, token: UUID, decision: Decision | None = None) -> Outcome:
    """Take back ``decision``, or the person's last one; flag and label become what they were before it.

    People undo their own decisions, admins anybody's.

    Raises:
        PermissionDenied: the person may not review.
        NotYours: the decision is somebody else's.
        NothingToUndo: there is no such decision, or it is undone already.
        CannotUndo: somebody, an audit or the shop changed the flag or the label since.
    """
    return _once(token, user, None, lambda: _undo(user, token, decision))


def last_of(user: User) -> Decision | None:
    """The person's latest decision that still stands."""
    standing = user.decisions.exclude(verdict=Verdict.UNDO).filter(undone_by=None)
    return standing.select_related("flag").order_by("-created_at", "-pk").first()


def _once(token: UUID, user: User, flag_id: int | None, act: Callable[[], Decision]) -> Outcome:
    """Run ``act`` unless its token was stored before; a race of equal requests ends with one row as well."""
    if not may_review(user):
        raise PermissionDenied
    earlier = _stored(token, user, flag_id)
    if earlier is not None:
        return Outcome(earlier, repeated=True)
    try:
        with transaction.atomic():
            return Outcome(act())
    except (IntegrityError, ReviewError):
        # The twin of this very request may have won between the look-up and the act.
        earlier = _stored(token, user, flag_id)
        if earlier is None:
            raise
        return Outcome(earlier, repeated=True)


def _stored(token: UUID, user: User, flag_id: int | None) -> Decision | None:
    earlier = Decision.objects.select_related("flag", "new_value", "user").filter(token=token).first()
    if earlier is None:
        return None
    undoing = earlier.verdict == Verdict.UNDO
    if earlier.user_id != user.pk or undoing != (flag_id is None) or (flag_id and earlier.flag_id != flag_id):
        raise TokenReused
    return earlier


def _decide(flag_id: int, value: Value | None, user: User, token: UUID) -> Decision:
    flag = _flag(flag_id)
    label = flag.label
    if value is not None and value.attribute_id != flag.attribute_id:
        raise ForeignValue
    if flag.is_undecided and not label_stands(flag):
        raise LabelChanged
    verdict = Verdict.ACCEPT if value is None or value.pk == label.value_id else Verdict.FIX
    now = timezone.now()
    taken = Flag.objects.filter(pk=flag_id, state__in=Flag.UNDECIDED).update(state=STATE_AFTER[verdict], changed_at=now)
    if taken != 1:
        raise FlagAlreadyDecided(_standing(flag_id))
    correction = value if verdict == Verdict.FIX else None
    changed = Label.objects.filter(pk=label.pk, raw=label.raw, value=label.value).update(
        verdict=LABEL_AFTER[verdict], correction=correction, decided_by=user, decided_at=now
    )
    if changed != 1:
        raise LabelChanged
    return _record(flag, label, verdict, correction or label.value, user, token)


def _skip(flag_id: int, user: User, token: UUID) -> Decision:
    flag = _flag(flag_id)
    if not flag.is_undecided:
        raise FlagAlreadyDecided(_standing(flag_id))
    return _record(flag, flag.label, Verdict.SKIP, None, user, token)


def _undo(user: User, token: UUID, decision: Decision | None) -> Decision:
    decision = decision or last_of(user)
    if decision is None or decision.verdict == Verdict.UNDO:
        raise NothingToUndo
    if decision.user_id != user.pk and not may_administer(user):
        raise NotYours
    flag = _flag(decision.flag_id)
    if Decision.objects.filter(undoes=decision).exists():  # asked under the flag's lock, so the answer holds
        raise NothingToUndo
    if decision.verdict != Verdict.SKIP:
        _restore(flag, decision)
    return _record(flag, flag.label, Verdict.UNDO, decision.old_value, user, token, undoes=decision)


def _restore(flag: Flag, decision: Decision) -> None:
    """Give flag and label back the state that they had before ``decision``."""
    label = flag.label
    if label.raw != decision.raw or _other_flag_waits(flag):
        raise CannotUndo
    verdict = Verdict(decision.verdict)
    restored = Flag.objects.filter(pk=flag.pk, state=STATE_AFTER[verdict]).update(
        state=flag.raised_as, changed_at=timezone.now()
    )
    if restored != 1:
        raise CannotUndo
    earlier = _decision_before(decision)
    changed = Label.objects.filter(pk=label.pk, raw=decision.raw, verdict=LABEL_AFTER[verdict]).update(
        verdict=LABEL_AFTER[Verdict(earlier.verdict)] if earlier else Label.Verdict.NONE,
        correction=earlier.new_value if earlier and earlier.verdict == Verdict.FIX else None,
        decided_by=earlier.user if earlier else None,
        decided_at=earlier.created_at if earlier else None,
    )
    if changed != 1:
        raise CannotUndo


def _other_flag_waits(flag: Flag) -> bool:
    """Whether a newer audit has asked about the same label again: one question at a time."""
    waiting = Flag.objects.filter(product=flag.product_id, attribute=flag.attribute_id, state__in=Flag.UNDECIDED)
    return waiting.exclude(pk=flag.pk).exists()


def _decision_before(decision: Decision) -> Decision | None:
    """The verdict about the same word of the same label that held before ``decision``."""
    earlier = Decision.objects.filter(
        product=decision.product_id,
        attribute=decision.attribute_id,
        raw=decision.raw,
        verdict__in=LABEL_AFTER,
        undone_by=None,
        pk__lt=decision.pk,
    )
    return earlier.select_related("new_value", "user").order_by("-pk").first()


def _standing(flag_id: int) -> Decision | None:
    """The verdict that holds for a decided flag."""
    verdicts = Decision.objects.filter(flag=flag_id, verdict__in=STATE_AFTER, undone_by=None)
    return verdicts.select_related("new_value", "user").order_by("-pk").first()


def _flag(flag_id: int) -> Flag:
    """The flag as it is now, locked where the database can (SQLite has locked everything already)."""
    flags = Flag.objects.select_for_update(of=("self",)).select_related("label__value", "label_value")
    return flags.get(pk=flag_id)


def label_stands(flag: Flag) -> bool:
    """Whether the label still has the value that it had when the flag was raised."""
    return flag.label.value_id == flag.label_value_id


def _record(
    flag: Flag,
    label: Label,
    verdict: Decision.Verdict,
    new_value: Value | None,
    user: User,
    token: UUID,
    undoes: Decision | None = None,
) -> Decision:
    return Decision.objects.create(
        token=token,
        flag=flag,
        product_id=flag.product_id,
        attribute_id=flag.attribute_id,
        verdict=verdict,
        raw=label.raw,
        old_value=label.current,
        new_value=new_value,
        undoes=undoes,
        user=user,
    )
