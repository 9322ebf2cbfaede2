"""Storing verdicts about one flag or a hundred: the same number of queries for both.

To be called inside a transaction. Flags are locked before labels and both by key, as audits do it, so that nobody
waits for each other in a circle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Value, When
from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import ArguablePair, Flag
from catalog_audit.audits.naming import name
from catalog_audit.catalog.models import Label
from catalog_audit.review.errors import FlagAlreadyDecided, ReviewError
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import Choice, Plan, plan

#: The token of the decision about a flag.
TokenOf = Callable[[int], UUID]


@dataclass(slots=True)
class Stored:
    """What became of each flag.

    Attributes:
        decisions: those that were stored, in the order of the flags' keys.
        refused: flag or decision -> why nothing was stored.
    """

    decisions: list[Decision] = field(default_factory=list)
    refused: dict[int, ReviewError] = field(default_factory=dict)


def decide(flag_ids: Collection[int], choice: Choice, user: User, token_of: TokenOf, batch: UUID | None) -> Stored:
    """Store one choice about flags; ``refused`` is by flag. Flags that are gone count as closed."""
    stored = Stored()
    flags = locked(flag_ids)
    said = verdicts_on([flag.pk for flag in flags if flag.state not in (Flag.State.OPEN, Flag.State.DISPUTED)])
    stored.refused = {pk: FlagAlreadyDecided(None) for pk in set(flag_ids) - {flag.pk for flag in flags}}
    plans = []
    for flag in flags:
        try:
            plans.append(plan(flag, choice, user, said[flag.pk]))
        except ReviewError as error:
            stored.refused[flag.pk] = error
    plans = _write(plans, user, stored.refused)
    ArguablePair.objects.bulk_create(
        [_pair(one, token_of(one.flag.pk)) for one in plans if one.names_pair], ignore_conflicts=True
    )
    stored.decisions = Decision.objects.bulk_create(
        [
            record(
                one.flag,
                one.verdict,
                user,
                token_of(one.flag.pk),
                batch,
                after=one.after,
                old_value_id=one.flag.label.correction_id or one.flag.label.value_id,
                new_value_id=one.value.pk if one.value else None,
            )
            for one in plans
        ]
    )
    return stored


def locked(flag_ids: Collection[int]) -> list[Flag]:
    """The flags and their labels as they are now, locked where the database can (SQLite has locked everything already).

    Flags by key, then labels by key.
    """
    found = Flag.objects.select_for_update(of=("self",)).filter(pk__in=flag_ids)
    flags = list(found.order_by("pk"))
    name(flags)
    keys = [flag.label_id for flag in flags]
    labels = {label.pk: label for label in Label.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    for flag in flags:
        flag.label = labels[flag.label_id]
    return flags


def verdicts_on(flag_ids: Collection[int]) -> dict[int, list[Decision]]:
    """Flag -> the verdicts that stand, oldest first."""
    said: dict[int, list[Decision]] = defaultdict(list)
    if flag_ids:
        decisions = Decision.objects.said().filter(flag__in=flag_ids)
        for decision in decisions.select_related("new_value", "user").order_by("pk"):
            said[decision.flag_id].append(decision)
    return said


def record(
    flag: Flag,
    verdict: Decision.Verdict,
    user: User,
    token: UUID,
    batch: UUID | None,
    *,
    after: str,
    old_value_id: int | None,
    new_value_id: int | None,
    undoes: Decision | None = None,
) -> Decision:
    """A decision that is not stored yet; the flag still has the state before it."""
    return Decision(
        token=token,
        batch=batch,
        flag=flag,
        product_id=flag.product_id,
        attribute_id=flag.attribute_id,
        verdict=verdict,
        before=flag.state,
        after=after,
        raw=flag.label.raw,
        old_value_id=old_value_id,
        new_value_id=new_value_id,
        undoes=undoes,
        user=user,
    )


# --- writing ----------------------------------------------------------------------------------------------------------


def _write(plans: Sequence[Plan], user: User, refused: dict[int, ReviewError]) -> list[Plan]:
    """Change flags and labels; returns the plans that could be carried out."""
    now = timezone.now()
    done = [one for one in plans if one.flag.state == one.after]
    Flag.objects.filter(pk__in=[one.flag.pk for one in done], leased_to=user).update(leased_to=None, leased_until=None)
    moves: dict[tuple[str, str], list[Plan]] = defaultdict(list)
    for one in plans:
        if one.flag.state != one.after:
            moves[one.flag.state, one.after].append(one)
    for (before, after), group in moves.items():
        done += _move(group, before, after, user, now, refused)
    done.sort(key=lambda one: one.flag.pk)
    _write_labels(done, user, now)
    return done


def _move(
    group: list[Plan], before: str, after: str, user: User, now: datetime, refused: dict[int, ReviewError]
) -> list[Plan]:
    """Compare-and-set: a flag that is no longer as it was read is refused."""
    keys = [one.flag.pk for one in group]
    moved = Flag.objects.filter(pk__in=keys, state=before).update(
        state=after, decided_by=user, changed_at=now, leased_to=None, leased_until=None
    )
    if moved == len(keys):
        return group
    mine = Flag.objects.filter(pk__in=keys, state=after, decided_by=user, changed_at=now)
    won = set(mine.values_list("pk", flat=True))
    said = verdicts_on([key for key in keys if key not in won])
    refused |= {key: FlagAlreadyDecided(said[key][-1] if said[key] else None) for key in keys if key not in won}
    return [one for one in group if one.flag.pk in won]


def _write_labels(plans: list[Plan], user: User, now: datetime) -> None:
    """Give labels their verdict."""
    changing = {one.flag.label_id: one for one in plans if one.changes_label}
    accepted = [key for key, one in changing.items() if one.after == Flag.State.ACCEPTED]
    fixed = {key: one.value for key, one in changing.items() if one.after == Flag.State.FIXED}
    if accepted:
        Label.objects.filter(pk__in=accepted).update(
            verdict=Label.Verdict.ACCEPTED, correction=None, decided_by=user, decided_at=now
        )
    if fixed:
        correction = Case(*(When(pk=key, then=Value(value.pk)) for key, value in fixed.items() if value))
        Label.objects.filter(pk__in=list(fixed)).update(
            verdict=Label.Verdict.FIXED, correction=correction, decided_by=user, decided_at=now
        )


def _pair(one: Plan, token: UUID) -> ArguablePair:
    product, attribute, low, high = ArguablePair.key_of(one.flag)
    return ArguablePair(product_id=product, attribute_id=attribute, low_id=low, high_id=high, decision=token)
