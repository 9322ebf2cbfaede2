"""How precise flags are wanted to be, and the threshold that follows."""

from __future__ import annotations

from catalog_audit.audits import reckoning
from catalog_audit.audits.models import Weighing

#: Their precision counts as known when its 95% interval reaches no further to either side.
_HALF_WIDTH = 0.05


def wanted_of(weighing: Weighing) -> float | None:
    """The precision that its flags should have; None where the first look's thresholds stand."""
    if weighing.wanted is not None:
        return weighing.wanted
    if weighing.labels >= reckoning.ENOUGH and reckoning.learnt_by_eye(weighing.attribute.code):
        return reckoning.usual()
    return None


def threshold_of(weighing: Weighing, version: str) -> float | None:
    """The p_wrong from which on labels are flagged; None where the first look's thresholds stand."""
    wanted = wanted_of(weighing)
    if wanted is None:
        return None
    found = weighing.fitted[version]["outlook"]
    return next(one["threshold"] for one in found if one["wanted"] >= wanted - 1e-9)


def verdicts_needed(weighing: Weighing) -> int:
    """How many more verdicts on flags it takes until their precision is known within five points either way."""
    wanted = wanted_of(weighing) or reckoning.usual()
    return max(0, round(1.96**2 * wanted * (1 - wanted) / _HALF_WIDTH**2) - weighing.verdicts)
