"""What an undo took back, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def in_words(number: int, refused: int) -> str:
    """Several decisions were one act and are taken back as one.

    Args:
        number: decisions that were taken back.
        refused: those that could not be, because their flags have changed since.
    """
    if number == 1 and not refused:
        return _("Undone.")
    whole = ngettext(
        "The last batch is taken back as a whole: %(number)s decision.",
        "The last batch is taken back as a whole: %(number)s decisions.",
        number,
    )
    if not refused:
        return whole % {"number": number}
    part = ngettext(
        "%(number)s decision of the last batch is taken back.",
        "%(number)s decisions of the last batch are taken back.",
        number,
    )
    stays = ngettext(
        "%(number)s cannot be: its flag has changed since.",
        "%(number)s cannot be: their flags have changed since.",
        refused,
    )
    return f"{part % {'number': number}} {stays % {'number': refused}}"
