"""Why a product has to be looked at again: which part of what its predictions depend on has changed.

Marking two values as arguable is no such reason: it acts on the flags at once, and no picture is looked at for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

#: No audit has looked at the product.
NEW = "new"
#: Other pictures, or other files under their names.
PICTURES = "pictures"
#: The shop's label has another value, is new, or is gone.
LABEL = "label"
#: The garment type is of another part of the picture.
GARMENT = "garment"
#: A person has decided the label, or taken that back.
DECIDED = "decided"
#: Other networks.
MODEL = "model"
#: Other values below the label's count as the same: the dictionary has changed, or the words that the shop uses.
WORDS = "words"
#: The prediction is of an earlier version of the program, which did not keep the parts.
UNKNOWN = "unknown"

#: The parts of a question, in the order in which :func:`digests` writes them.
PARTS = (PICTURES, LABEL, GARMENT, DECIDED, MODEL, WORDS)
#: A product is counted once, by the first of these that applies.
RANKED = (NEW, *PARTS, UNKNOWN)


def digests(parts: Iterable[Iterable[str]]) -> str:
    """One short digest for each part, separated by spaces; at most 64 characters.

    Args:
        parts: the texts that each of :data:`PARTS` consists of, in that order.
    """
    return " ".join(hashlib.sha256("\x1f".join(texts).encode()).hexdigest()[:8] for texts in parts)


def changed(before: str, now: str) -> list[str]:
    """Which parts differ between two answers of :func:`digests`; :data:`UNKNOWN` where that cannot be told."""
    if len(old := before.split()) != len(PARTS):
        return [UNKNOWN]
    return [name for name, one, other in zip(PARTS, old, now.split(), strict=True) if one != other] or [UNKNOWN]


def first(reasons: Iterable[str]) -> str:
    """The one that a product is counted by, "" when there is none."""
    found = set(reasons)
    return next((name for name in RANKED if name in found), "")
