"""What a person may see of what others said about a flag."""

from __future__ import annotations

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import Flag
from catalog_audit.review.deciding import verdicts_on
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import label_stands


def visible_verdicts(flag: Flag, user: User) -> list[Decision]:
    """The verdicts about a flag that stand and that the person may see, oldest first.

    The first verdict about a flag that waits for a second person is seen by who gave it, and those about a flag that
    waits for an admin by admins; verdicts about a settled flag by everybody.
    """
    said = verdicts_on([flag.pk])[flag.pk]
    if flag.state not in Flag.IN_DISPUTE or (flag.state == Flag.State.SETTLING and may_administer(user)):
        return said
    return [decision for decision in said if decision.user_id == user.pk]


def has_said(flag: Flag, user: User) -> bool:
    """Whether the person was not sure about the flag, or has said something else of it, and that stands."""
    return any(decision.user_id == user.pk for decision in verdicts_on([flag.pk])[flag.pk])


def may_decide(flag: Flag, user: User) -> bool:
    """Whether a verdict of the person about the flag would be stored now; the label has to be loaded."""
    if not flag.is_undecided or not (flag.kind == Flag.Kind.CHECK or label_stands(flag)):
        return False
    if flag.state == Flag.State.SETTLING:
        return may_administer(user)
    return flag.state != Flag.State.SECOND or not has_said(flag, user)


def standing(flag: Flag) -> Decision | None:
    """The verdict that a settled flag has; None while it waits for somebody, or when an audit closed it."""
    if flag.is_undecided or flag.state == Flag.State.CLOSED:
        return None
    said = verdicts_on([flag.pk])[flag.pk]
    return said[-1] if said else None
