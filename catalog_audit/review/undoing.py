"""Taking back one decision or a hundred: flags and labels become what they were before.

To be called inside a transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.utils import timezone

from catalog_audit.accounts.models import User
from catalog_audit.accounts.roles import may_administer
from catalog_audit.audits.models import ArguablePair, Flag
from catalog_audit.catalog.models import Label
from catalog_audit.review.deciding import Stored, locked, record, verdicts_on
from catalog_audit.review.errors import CannotUndo, NothingToUndo, NotYours, ReviewError
from catalog_audit.review.models import Decision
from catalog_audit.review.rules import LABEL_IN

#: The token of the undo of a decision.
TokenOf = Callable[[Decision], UUID]


def take_back(decisions: Sequence[Decision], user: User, token_of: TokenOf, batch: UUID | None) -> Stored:
    """Undo decisions; ``refused`` is by decision."""
    stored = Stored()
    flags = {flag.pk: flag for flag in locked([decision.flag_id for decision in decisions])}
    history = _History(decisions)
    undone: list[tuple[Decision, Flag]] = []
    records = []
    for decision in decisions:
        flag = flags.get(decision.flag_id)
        error = _objection(decision, user, flag, history)
        if error is not None or flag is None:
            stored.refused[decision.pk] = error or NothingToUndo()
            continue
        label = flag.label
        records.append(
            record(
                flag,
                Decision.Verdict.UNDO,
                user,
                token_of(decision),
                batch,
                after=decision.before,
                old_value_id=label.correction_id or label.value_id,
                new_value_id=decision.old_value_id,
                undoes=decision,
            )
        )
        if decision.verdict != Decision.Verdict.SKIP:
            undone.append((decision, flag))
    _restore(undone, history)
    stored.decisions = Decision.objects.bulk_create(records)
    return stored


class _History:
    """What was decided around the decisions that are to be taken back (four queries)."""

    def __init__(self, decisions: Sequence[Decision]) -> None:
        keys = [decision.pk for decision in decisions]
        products = {decision.product_id for decision in decisions}
        # Asked under the flags' locks, so the answers hold.
        self.undone = set(Decision.objects.filter(undoes__in=keys).values_list("undoes", flat=True))
        self.waiting = {
            (product, attribute): flag
            for flag, product, attribute in Flag.objects.filter(product__in=products, state__in=Flag.UNDECIDED)
            .exclude(kind=Flag.Kind.CHECK)
            .values_list("pk", "product_id", "attribute_id")
        }
        about_labels = Decision.objects.filter(product__in=products, after__in=list(LABEL_IN), undone_by=None)
        about_labels = about_labels.exclude(verdict=Decision.Verdict.UNDO).exclude(flag__kind=Flag.Kind.CHECK)
        self._about_labels = list(about_labels.exclude(pk__in=keys).order_by("-pk"))
        self._about_flags = verdicts_on([decision.flag_id for decision in decisions])

    def label_before(self, decision: Decision) -> Decision | None:
        """The verdict about the same word of the same label that held before a decision."""
        same = (decision.product_id, decision.attribute_id, decision.raw)
        return next(
            (
                one
                for one in self._about_labels
                if one.pk < decision.pk and (one.product_id, one.attribute_id, one.raw) == same
            ),
            None,
        )

    def person_before(self, decision: Decision) -> int | None:
        """Who gave the verdict about the flag that held before a decision."""
        earlier = [one.user_id for one in self._about_flags[decision.flag_id] if one.pk < decision.pk]
        return earlier[-1] if earlier else None


def _objection(decision: Decision, user: User, flag: Flag | None, history: _History) -> ReviewError | None:
    if decision.verdict == Decision.Verdict.UNDO or decision.pk in history.undone:
        return NothingToUndo()
    if decision.user_id != user.pk and not may_administer(user):
        return NotYours()
    if decision.verdict == Decision.Verdict.SKIP:
        return None
    if flag is None or flag.state != decision.after:
        return CannotUndo()
    if flag.kind == Flag.Kind.CHECK:
        return None
    label = flag.label
    settled = decision.after in LABEL_IN
    if label.raw != decision.raw or (settled and label.verdict != LABEL_IN[Flag.State(decision.after)]):
        return CannotUndo()
    # A newer audit may have asked about the same label again: one question at a time.
    waits = history.waiting.get((flag.product_id, flag.attribute_id))
    return CannotUndo() if settled and waits is not None and waits != flag.pk else None


def _restore(undone: Sequence[tuple[Decision, Flag]], history: _History) -> None:
    now = timezone.now()
    changed = []
    for decision, flag in undone:
        if decision.after in LABEL_IN and flag.kind != Flag.Kind.CHECK:
            label, earlier = flag.label, history.label_before(decision)
            label.verdict = LABEL_IN[Flag.State(earlier.after)] if earlier else Label.Verdict.NONE
            label.correction_id = earlier.new_value_id if earlier and earlier.after == Flag.State.FIXED else None
            label.decided_by_id = earlier.user_id if earlier else None
            label.decided_at = earlier.created_at if earlier else None
            changed.append(label)
        flag.state, flag.changed_at = decision.before, now
        flag.decided_by_id = history.person_before(decision)
    Flag.objects.bulk_update([flag for _decision, flag in undone], ["state", "changed_at", "decided_by"])
    Label.objects.bulk_update(changed, ["verdict", "correction", "decided_by", "decided_at"])
    named = [decision.token for decision, _flag in undone if decision.verdict == Decision.Verdict.BOTH]
    if named:
        ArguablePair.objects.filter(decision__in=named).delete()
