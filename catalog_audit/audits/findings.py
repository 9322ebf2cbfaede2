"""What an audit found about one label of one product, before it is stored."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog_audit.audits.items import Item, Question
from catalog_audit.catalog.models import Picture

OK = "ok"
FLAGGED = "flagged"
DISPUTED = "disputed"
UNMAPPED = "unmapped"
UNREADABLE = "unreadable"

#: Problems of a product, beside those of its pictures in :data:`inference.contract.PROBLEMS`.
NO_PICTURE = "no_picture"
NO_TYPE = "no_type"
NO_MODEL = "no_model"


@dataclass(slots=True)
class Finding:
    """The outcome for one question.

    Attributes:
        question: what was asked.
        state: ok, flagged, disputed, unmapped or unreadable.
        problem: why nothing was predicted, or "".
        picture: the picture that is shown for it, or None.
        top: code of the most probable value (the label's own where that covers it), or "".
        suggested: code of the most probable value that contradicts the label, or "".
        p_wrong: probability 0..1 that the label is wrong, or None.
        probabilities: value code -> probability 0..1.
        palette: (``#rrggbb``, share 0..1), largest first.
        region_share: share of the picture that is the product, 0..1.
        mask: the overlay of the product, as PNG, or b"".
        attention: the overlay of where the network sees the suggested value, as PNG, or b"" (flagged and disputed).
        attention_label: the same of the label's value; b"" also where the network does not know it.
    """

    question: Question
    state: str
    problem: str = ""
    picture: Picture | None = None
    top: str = ""
    suggested: str = ""
    p_wrong: float | None = None
    probabilities: dict[str, float] = field(default_factory=dict)
    palette: list[tuple[str, float]] = field(default_factory=list)
    region_share: float = 0.0
    mask: bytes = b""
    attention: bytes = b""
    attention_label: bytes = b""

    @property
    def item(self) -> Item:
        """The product."""
        return self.question.item


def without_looking(question: Question) -> Finding | None:
    """The finding about a label that the networks cannot help with, or None when they can."""
    item, label = question.item, question.label
    first = item.pictures[0] if item.pictures else None
    if label is None or label.value_id is None:
        return Finding(question, UNMAPPED, picture=first)
    if first is None:
        return Finding(question, UNREADABLE, NO_PICTURE)
    if first.problem:
        return Finding(question, UNREADABLE, first.problem, first)
    if not item.garment_group:
        return Finding(question, UNREADABLE, NO_TYPE, first)
    if question.card is None:
        return Finding(question, UNREADABLE, NO_MODEL, first)
    return None
