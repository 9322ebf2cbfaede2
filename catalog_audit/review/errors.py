"""Why a decision was not stored. Each error's text is a sentence for the person who decided."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from catalog_audit.audits.models import Flag

if TYPE_CHECKING:
    from catalog_audit.review.models import Decision


class ReviewError(Exception):
    """A decision that was not stored; nothing was changed."""

    code = "refused"


class FlagAlreadyDecided(ReviewError):
    """Somebody was faster, or the flag was closed by a newer audit or with an arguable pair.

    Attributes:
        decision: what was decided and by whom; None when nobody decided.
    """

    code = "already_decided"

    def __init__(self, decision: Decision | None) -> None:
        self.decision = decision
        super().__init__(self._sentence(decision))

    @staticmethod
    def _sentence(decision: Decision | None) -> str:
        if decision is None:
            return _(
                "This flag is closed: a newer audit has looked again, or its two values were marked as an arguable"
                " pair. Nothing was changed."
            )
        if decision.verdict == decision.Verdict.BOTH:
            return _("%(person)s has already said that both values are right, so nothing was changed.") % {
                "person": decision.user
            }
        if decision.after == Flag.State.FIXED:
            return _("%(person)s has already changed this label to “%(value)s”, so nothing was changed.") % {
                "person": decision.user,
                "value": decision.new_value,
            }
        return _("%(person)s has already said that this label is right, so nothing was changed.") % {
            "person": decision.user
        }


class LabelChanged(ReviewError):
    """The shop sent another label after the flag was raised."""

    code = "label_changed"

    def __init__(self) -> None:
        super().__init__(
            _("The shop has changed this label since the audit, so nothing was stored. Audit the shop again.")
        )


class ForeignValue(ReviewError):
    """The chosen value belongs to another attribute."""

    code = "foreign_value"

    def __init__(self) -> None:
        super().__init__(_("This value does not belong to the flag's attribute."))


class NothingToUndo(ReviewError):
    """The person has decided nothing that could be taken back."""

    code = "nothing_to_undo"

    def __init__(self) -> None:
        super().__init__(_("There is nothing to undo."))


class CannotUndo(ReviewError):
    """Something happened to the flag after the decision."""

    code = "cannot_undo"

    def __init__(self) -> None:
        super().__init__(_("This flag has changed since your decision, so the decision cannot be undone."))


class NotYours(ReviewError):
    """Somebody else's decision; only admins undo those."""

    code = "not_yours"

    def __init__(self) -> None:
        super().__init__(_("This is somebody else's decision. Only they themselves or an admin can undo it."))


class TokenReused(ReviewError):
    """A token came back with another flag, verdict or person."""

    code = "token_reused"

    def __init__(self) -> None:
        super().__init__(_("This request was already used for another decision."))


class SecondPersonNeeded(ReviewError):
    """The person has given a verdict on this flag, and it waits for somebody else's."""

    code = "second_person"

    def __init__(self) -> None:
        super().__init__(_("You were not sure about this flag, so another person decides. You can undo your verdict."))


class AdminSettles(ReviewError):
    """Two people did not agree about the flag."""

    code = "admin_settles"

    def __init__(self) -> None:
        super().__init__(_("Two people did not agree about this flag, so an admin settles it."))


class BatchTooLarge(ReviewError):
    """More flags in one go than are stored in one go."""

    code = "batch_too_large"

    def __init__(self, most: int) -> None:
        super().__init__(_("At most %(most)s flags can be decided in one go.") % {"most": most})


class NotInBatch(ReviewError):
    """The batch was stored before, and this flag was not among what it stored."""

    code = "not_in_batch"

    def __init__(self) -> None:
        super().__init__(_("This batch was stored before without this flag."))
