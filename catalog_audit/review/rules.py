"""What a verdict makes of a flag: the rules alone, nothing is read or written here.

A flag is settled by one person, unless that person is not sure. Then a second person decides without knowing what the
first one said; if they agree it is settled, else an admin settles it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Label, Value
from catalog_audit.review.errors import (
    AdminSettles,
    FlagAlreadyDecided,
    ForeignValue,
    LabelChanged,
    SecondPersonNeeded,
)
from catalog_audit.review.models import Decision

Verdict = Decision.Verdict
State = Flag.State

#: The states in which a person had the last word, and what the label is then.
LABEL_IN = {State.ACCEPTED: Label.Verdict.ACCEPTED, State.FIXED: Label.Verdict.FIXED}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person says of flags.

    Attributes:
        verdict: accept, fix, dispute, both or skip; choosing the label's own value by "fix" is accepting.
        value: the value to change to, or that a disputing person leans to; None for none, and for accept and both.
        suggested: take each flag's suggestion instead of ``value``.
    """

    verdict: Decision.Verdict
    value: Value | None = None
    suggested: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """What storing a choice about one flag means.

    Attributes:
        flag: as it is now.
        verdict: what is recorded.
        value: the label's value from now on, or what a disputing person leans to.
        after: what the flag becomes.
    """

    flag: Flag
    verdict: Decision.Verdict
    value: Value | None
    after: str

    @property
    def changes_label(self) -> bool:
        """Whether the label gets a verdict."""
        return self.after in LABEL_IN and self.flag.kind != Flag.Kind.CHECK

    @property
    def names_pair(self) -> bool:
        """Whether label and suggestion are an arguable pair from now on."""
        return self.verdict == Verdict.BOTH and self.changes_label


def label_stands(flag: Flag) -> bool:
    """Whether the label still has the value that it had when the flag was raised."""
    return flag.label.value_id == flag.label_value_id


def plan(flag: Flag, choice: Choice, user: User, said: Sequence[Decision]) -> Plan:
    """Apply the rules to one flag.

    Args:
        flag: as it is now, with label, label value and suggestion loaded.
        choice: what the person says.
        user: the person.
        said: the verdicts about the flag that stand, oldest first.

    Raises:
        ForeignValue, FlagAlreadyDecided, LabelChanged, SecondPersonNeeded, AdminSettles: nothing may be stored.
    """
    verdict, value = _meaning(flag, choice)
    if value is not None and value.attribute_id != flag.attribute_id:
        raise ForeignValue
    if not flag.is_undecided:
        raise FlagAlreadyDecided(said[-1] if said and flag.state != State.CLOSED else None)
    if verdict == Verdict.SKIP:
        return Plan(flag, verdict, None, flag.state)
    if flag.kind == Flag.Kind.CHECK:
        return Plan(flag, verdict, value, State.CLOSED if verdict == Verdict.DISPUTE else _settled(flag, value))
    if not label_stands(flag):
        raise LabelChanged
    return Plan(flag, verdict, value, _after(flag, verdict, value, user, said))


def _meaning(flag: Flag, choice: Choice) -> tuple[Decision.Verdict, Value | None]:
    value = flag.suggested if choice.suggested else choice.value
    if choice.verdict == Verdict.FIX and value is not None and value.pk != flag.label_value_id:
        return Verdict.FIX, value
    if choice.verdict in (Verdict.ACCEPT, Verdict.FIX):
        return Verdict.ACCEPT, flag.label_value
    return choice.verdict, flag.label_value if choice.verdict == Verdict.BOTH else value


def _settled(flag: Flag, value: Value | None) -> str:
    return State.ACCEPTED if value is None or value.pk == flag.label_value_id else State.FIXED


def _after(flag: Flag, verdict: Decision.Verdict, value: Value | None, user: User, said: Sequence[Decision]) -> str:
    disputes = verdict == Verdict.DISPUTE
    if flag.state == State.SECOND:
        if any(decision.user_id == user.pk for decision in said):
            raise SecondPersonNeeded
        if _agrees(said, verdict, value) or (may_administer(user) and not disputes):
            return _settled(flag, value)
        return State.SETTLING
    if flag.state == State.SETTLING:
        if not may_administer(user):
            raise AdminSettles
        return State.SETTLING if disputes else _settled(flag, value)
    return State.SECOND if disputes else _settled(flag, value)


def _agrees(said: Sequence[Decision], verdict: Decision.Verdict, value: Value | None) -> bool:
    """Whether the second person comes to what the first one leant to."""
    first = said[-1] if said else None
    return (
        first is not None
        and value is not None
        and verdict != Verdict.BOTH
        and first.verdict == Verdict.DISPUTE
        and first.new_value_id == value.pk
    )
