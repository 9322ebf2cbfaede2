"""Bringing a batch of rows into the catalogue: what is there, what differs, and writing only that.

Only what the feed speaks of is touched: a feed without a column of colours leaves the colours alone. An empty cell
empties the field; an emptied label keeps its row (with an empty word), because what people decided about it hangs
there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils import timezone

from catalog_audit.catalog.files import StoredPicture
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop
from catalog_audit.feeds.columns import IMAGE, LABEL_FIELDS, TEXT_FIELDS
from catalog_audit.feeds.outcomes import NEW, UNCHANGED, UPDATED, RowOutcome, UnusablePicture
from catalog_audit.feeds.pictures import SeenPicture
from catalog_audit.feeds.rows import ParsedRow

_FIELD_OF = {attribute: name for name, attribute in LABEL_FIELDS.items()}
_SHOWN = 200

#: Attribute code, the shop's word -> the primary key of the dictionary's value, or None.
FindValue = Callable[[str, str], int | None]


@dataclass(slots=True)
class Known:
    """A product that is in the catalogue already."""

    product: Product
    labels: dict[str, Label] = field(default_factory=dict)
    pictures: dict[int, Picture] = field(default_factory=dict)


def load(shop: Shop | None, external_ids: Sequence[str]) -> dict[str, Known]:
    """The products of the shop that a batch speaks of, with labels and pictures, by external_id (three queries)."""
    if shop is None:
        return {}
    products = Product.objects.filter(shop=shop, external_id__in=external_ids)
    by_key = {product.pk: Known(product) for product in products}
    for label in Label.objects.filter(product__in=list(by_key)).select_related("attribute"):
        by_key[label.product_id].labels[label.attribute.code] = label
    for picture in Picture.objects.filter(product__in=list(by_key)):
        by_key[picture.product_id].pictures[picture.position] = picture
    return {known.product.external_id: known for known in by_key.values()}


def stored_pictures(known: Iterable[Known]) -> dict[str, StoredPicture]:
    """The usable pictures of products, by SHA-256."""
    return {
        picture.sha256: StoredPicture(picture.sha256, picture.suffix, picture.width, picture.height)
        for one in known
        for picture in one.pictures.values()
        if picture.sha256
    }


# --- comparing --------------------------------------------------------------------------------------------------------


def compare(row: ParsedRow, known: Known | None, seen: Mapping[str, SeenPicture], find: FindValue) -> RowOutcome:
    """Say what importing the row changes."""
    diff = _diff(row, known, seen) if known else {}
    return RowOutcome(
        line=row.line,
        external_id=row.external_id,
        outcome=NEW if known is None else UPDATED if diff else UNCHANGED,
        diff=diff,
        unusable=tuple(
            UnusablePicture(name, seen[name].problem, seen[name].detail)
            for name in row.pictures or ()
            if seen[name].problem
        ),
        unmapped=tuple((code, raw) for code, raw in row.labels.items() if raw and find(code, raw) is None),
    )


def _diff(row: ParsedRow, known: Known, seen: Mapping[str, SeenPicture]) -> dict[str, list[str]]:
    diff: dict[str, list[str]] = {}
    for name, text in row.texts.items():
        before = getattr(known.product, name)
        if before != text:
            diff[name] = [before[:_SHOWN], text[:_SHOWN]]
    for code, raw in row.labels.items():
        label = known.labels.get(code)
        before = label.raw if label else ""
        if before != raw:
            diff[_FIELD_OF[code]] = [before, raw]
    if row.pictures is not None:
        old = [known.pictures[position] for position in sorted(known.pictures)]
        new = [seen[name] for name in row.pictures]
        if [_identity(picture) for picture in old] != [_seen_identity(picture) for picture in new]:
            diff[IMAGE] = [_describe((p.source, p.sha256, p.problem) for p in old), _describe(map(_seen_identity, new))]
    return diff


def _identity(picture: Picture) -> tuple[str, str, str]:
    return picture.source, picture.sha256, picture.problem


def _seen_identity(picture: SeenPicture) -> tuple[str, str, str]:
    return picture.source, picture.stored.sha256 if picture.stored else "", picture.problem


def _describe(pictures: Iterable[tuple[str, str, str]]) -> str:
    """Names with the beginning of the digest (or the problem), so that new content under an old name shows."""
    return " | ".join(f"{source} ({sha256[:8] or problem})" for source, sha256, problem in pictures)[:_SHOWN]


# --- writing ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Work:
    """Rows to create and to update, collected over a batch."""

    new_labels: list[Label] = field(default_factory=list)
    old_labels: list[Label] = field(default_factory=list)
    new_pictures: list[Picture] = field(default_factory=list)
    old_pictures: list[Picture] = field(default_factory=list)
    surplus_pictures: list[int] = field(default_factory=list)


class Writer:
    """Writes the changed rows of batches into a shop; to be called inside a transaction."""

    def __init__(self, shop: Shop, find: FindValue) -> None:
        self._shop = shop
        self._find = find
        self._attributes = dict(Attribute.objects.values_list("code", "pk"))

    def write(
        self, rows: Sequence[ParsedRow], known: dict[str, Known], seen: Mapping[str, SeenPicture], changed: set[str]
    ) -> None:
        """Write the rows whose external_id is in ``changed``; the others are left alone."""
        rows = [row for row in rows if row.external_id in changed]
        self._write_products(rows, known)
        work = _Work()
        for row in rows:
            self._collect_labels(row, known[row.external_id], work)
            self._collect_pictures(row, known[row.external_id], seen, work)
        Label.objects.bulk_create(work.new_labels)
        Label.objects.bulk_update(
            work.old_labels, ["raw", "value", "verdict", "correction", "decided_by", "decided_at"], batch_size=200
        )
        Picture.objects.filter(pk__in=work.surplus_pictures).delete()
        Picture.objects.bulk_create(work.new_pictures)
        Picture.objects.bulk_update(
            work.old_pictures, ["source", "sha256", "suffix", "width", "height", "problem"], batch_size=200
        )

    def _write_products(self, rows: Sequence[ParsedRow], known: dict[str, Known]) -> None:
        new = [
            Product(shop=self._shop, external_id=row.external_id, **row.texts)
            for row in rows
            if row.external_id not in known
        ]
        old = []
        for row in rows:
            if row.external_id in known:
                product = known[row.external_id].product
                for name, text in row.texts.items():
                    setattr(product, name, text)
                product.updated_at = timezone.now()  # bulk_update does not do it
                old.append(product)
        Product.objects.bulk_update(old, [*TEXT_FIELDS, "updated_at"], batch_size=200)
        for product in Product.objects.bulk_create(new):
            known[product.external_id] = Known(product)

    def _collect_labels(self, row: ParsedRow, known: Known, work: _Work) -> None:
        for code, raw in row.labels.items():
            label = known.labels.get(code)
            if (label.raw if label else "") == raw:
                continue
            value_id = self._find(code, raw) if raw else None
            if label is None:
                work.new_labels.append(
                    Label(product=known.product, attribute_id=self._attributes[code], raw=raw, value_id=value_id)
                )
                continue
            label.raw, label.value_id = raw, value_id
            # What people decided was about the old word.
            label.verdict, label.correction_id, label.decided_by_id, label.decided_at = "", None, None, None
            work.old_labels.append(label)

    def _collect_pictures(self, row: ParsedRow, known: Known, seen: Mapping[str, SeenPicture], work: _Work) -> None:
        if row.pictures is None:
            return
        for position, name in enumerate(row.pictures):
            picture = known.pictures.get(position)
            if picture is not None and _identity(picture) == _seen_identity(seen[name]):
                continue
            if picture is None:
                picture = Picture(product=known.product, position=position)
                work.new_pictures.append(picture)
            else:
                work.old_pictures.append(picture)
            stored = seen[name].stored
            picture.source, picture.problem = name, seen[name].problem
            picture.sha256, picture.suffix = (stored.sha256, stored.suffix) if stored else ("", "")
            picture.width, picture.height = (stored.width, stored.height) if stored else (0, 0)
        work.surplus_pictures += [
            picture.pk for position, picture in known.pictures.items() if position >= len(row.pictures)
        ]
