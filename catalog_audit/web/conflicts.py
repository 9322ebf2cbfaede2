"""What two people said of the same flag, when the second one's decision came too late."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from catalog_audit.accounts.models import User
from catalog_audit.catalog.models import Value
from catalog_audit.review.errors import FlagAlreadyDecided
from catalog_audit.review.models import Decision


def in_words(error: FlagAlreadyDecided, user: User, sent: dict[str, Any]) -> str:
    """Both decisions with the names of who made them: the one that stands, and what was sent and not stored.

    Args:
        error: why nothing was stored.
        user: who sent the decision.
        sent: the cleaned data of a :class:`~catalog_audit.web.forms.DecisionForm`.
    """
    if sent["choice"] == Decision.Verdict.SKIP:
        return str(error)
    return f"{error} {_sent(user, sent['choice'])}"


def _sent(user: User, choice: Value | str) -> str:
    if isinstance(choice, Value):
        return _("%(person)s (you) wanted: change to “%(value)s”.") % {"person": user, "value": choice}
    wanted = {
        Decision.Verdict.ACCEPT: _("%(person)s (you) wanted: the label is right."),
        Decision.Verdict.BOTH: _("%(person)s (you) wanted: both are right."),
        Decision.Verdict.DISPUTE: _("%(person)s (you) wanted: not sure."),
    }
    return wanted[Decision.Verdict(choice)] % {"person": user}
