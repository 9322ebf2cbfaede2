"""What an audit found about one product, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_audit.audits.items import Item

OK = "ok"
FLAGGED = "flagged"
DISPUTED = "disputed"
UNMAPPED = "unmapped"
UNREADABLE = "unreadable"

#: Problems of a product, beside those of its picture in :data:`inference.contract.PROBLEMS`.
NO_PICTURE = "no_picture"
NO_TYPE = "no_type"
NO_MODEL = "no_model"


@dataclass(slots=True)
class Finding:
    """The outcome for one product.

    Attributes:
        item: what was looked at.
        state: ok, flagged, disputed, unmapped or unreadable.
        problem: why nothing was predicted, or "".
        top: code of the most probable value, or "".
        p_wrong: probability 0..1 that the label is wrong, or None.
        probabilities: value code -> probability 0..1.
        palette: (``#rrggbb``, share 0..1), largest first.
        region_share: share of the picture that is the product, 0..1.
        mask: the overlay of the product, as PNG, or b"".
        attention: the overlay of what the network looked at, as PNG, or b"" (flags only).
    """

    item: Item
    state: str
    problem: str = ""
    top: str = ""
    p_wrong: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    palette: list[tuple[str, float]] = field(default_factory=list)
    region_share: float = 0.0
    mask: bytes = b""
    attention: bytes = b""


def without_looking(item: Item) -> Finding | None:
    """The finding about a product that the networks cannot help with, or None when they can."""
    if item.label is None or item.label.value_id is None:
        return Finding(item, UNMAPPED)
    if item.picture is None:
        return Finding(item, UNREADABLE, NO_PICTURE)
    if item.picture.problem:
        return Finding(item, UNREADABLE, item.picture.problem)
    if not item.garment_group:
        return Finding(item, UNREADABLE, NO_TYPE)
    if item.classifier is None:
        return Finding(item, UNREADABLE, NO_MODEL)
    return None
