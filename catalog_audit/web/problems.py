"""Why a picture cannot be used, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

REASONS = {
    "missing": _("the file is not there"),
    "empty": _("the file is empty"),
    "not_a_picture": _("the file is not a picture"),
    "truncated": _("the file is cut off or damaged"),
    "too_small": _("the picture is too small"),
    "too_large": _("the picture is too large"),
    "remote": _("the list names a web address, and pictures are not fetched from the web"),
    "no_region": _("no garment of the product's type was found in the picture"),
}


def picture_problems(counts: Mapping[str, int]) -> list[str]:
    """One sentence per problem, the commonest first."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    return [
        ngettext(
            "%(count)d picture cannot be used: %(reason)s.", "%(count)d pictures cannot be used: %(reason)s.", count
        )
        % {"count": count, "reason": REASONS.get(code, code)}
        for code, count in ranked
    ]
