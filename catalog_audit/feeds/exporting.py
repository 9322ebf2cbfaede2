"""What goes back to the shop: the labels that people fixed, in the shop's own words.

The export of a whole audit needs predictions and flags and is therefore in :mod:`catalog_audit.audits.exporting`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime

from django.db.models import QuerySet

from catalog_audit.catalog.mapping import shop_word_for
from catalog_audit.catalog.models import Label, Shop


@dataclass(frozen=True, slots=True)
class Correction:
    """A label that a person fixed.

    Attributes:
        external_id: the product, by the shop's own name.
        attribute: attribute code.
        old: the shop's word.
        new: the right value, in the shop's own word, or the dictionary's name where the shop has none.
        decided_by: the person's user name, "" when the person has been deleted.
        decided_at: ISO 8601, UTC, seconds.
    """

    external_id: str
    attribute: str
    old: str
    new: str
    decided_by: str
    decided_at: str


CORRECTION_COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Correction))


def fixed_labels(shop: Shop) -> QuerySet[Label]:
    """The labels of the shop that people fixed, with all that a correction needs."""
    return Label.objects.filter(
        product__shop=shop, verdict=Label.Verdict.FIXED, correction__isnull=False
    ).select_related("product", "attribute", "correction", "decided_by")


def corrector(shop: Shop) -> Callable[[Label], Correction]:
    """A function that turns fixed labels of the shop into corrections; each value's word is looked up once."""
    words: dict[int, str] = {}

    def correction(label: Label) -> Correction:
        value = label.correction
        assert value is not None  # noqa: S101 - fixed_labels has no others
        if value.pk not in words:
            words[value.pk] = shop_word_for(shop, label.attribute, value)
        return Correction(
            external_id=label.product.external_id,
            attribute=label.attribute.code,
            old=label.raw,
            new=words[value.pk],
            decided_by=label.decided_by.get_username() if label.decided_by else "",
            decided_at=utc(label.decided_at),
        )

    return correction


def utc(moment: datetime | None) -> str:
    """ISO 8601 in UTC to the second, or "" for no moment."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def correction_rows(shop: Shop) -> Iterator[tuple[str, ...]]:
    """The rows of ``export_labels``, in the order of ``CORRECTION_COLUMNS``."""
    correction = corrector(shop)
    for label in fixed_labels(shop).order_by("product_id", "attribute__position", "pk").iterator(chunk_size=1000):
        yield astuple(correction(label))
