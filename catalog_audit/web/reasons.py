"""Why products have to be looked at, in sentences."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import ngettext

from catalog_audit.audits import reasons
from catalog_audit.audits.planning import ranked


def sentences(counts: Mapping[str, int]) -> list[str]:
    """One sentence per reason, in the order in which reasons are told."""
    return [_sentence(code, count) % {"count": intcomma(count)} for code, count in ranked(counts).items()]


def _sentence(code: str, n: int) -> str:
    said = {
        reasons.NEW: ngettext(
            "%(count)s product that no audit has looked at", "%(count)s products that no audit has looked at", n
        ),
        reasons.PICTURES: ngettext(
            "%(count)s product with other pictures", "%(count)s products with other pictures", n
        ),
        reasons.LABEL: ngettext("%(count)s product with other labels", "%(count)s products with other labels", n),
        reasons.GARMENT: ngettext(
            "%(count)s product of another garment type", "%(count)s products of another garment type", n
        ),
        reasons.DECIDED: ngettext(
            "%(count)s product whose label somebody has decided since",
            "%(count)s products whose label somebody has decided since",
            n,
        ),
        reasons.MODEL: ngettext(
            "%(count)s product that another model judges now", "%(count)s products that another model judges now", n
        ),
        reasons.WORDS: ngettext(
            "%(count)s product for which the dictionary, or the words that the shop uses, have changed",
            "%(count)s products for which the dictionary, or the words that the shop uses, have changed",
            n,
        ),
        reasons.UNKNOWN: ngettext(
            "%(count)s product that has changed since an earlier version of the program looked at it",
            "%(count)s products that have changed since an earlier version of the program looked at them",
            n,
        ),
    }
    return said[code]
