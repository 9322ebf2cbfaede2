"""What helps to decide a flag beside its own picture: products whose label is certain, and the product's sisters.

Every query is bounded, so that it costs the same in a catalogue of a million products: people's decisions are found
by the value decided, undoubted labels among the latest predictions of the value, sisters by shop and design.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from catalog_audit.audits.findings import OK
from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Value
from catalog_audit.review.models import Decision

#: Examples of one value that are shown.
EXAMPLES = 4
#: Sisters that are shown.
SIBLINGS = 8
#: So many of the latest decisions, and of the latest predictions, of a value are looked at for examples.
LOOKED_AT = 200
#: So many sisters are counted; a shop may give a thousand products one design.
COUNTED = 200


@dataclass(frozen=True, slots=True)
class Example:
    """A product that is certain to have a value.

    Attributes:
        title: the product's title or number.
        picture: primary key.
        version: what its address carries, from the content's hash.
        confirmed: whether a person said so; otherwise the networks have no doubt.
    """

    title: str
    picture: int
    version: str
    confirmed: bool


@dataclass(frozen=True, slots=True)
class Examples:
    """Examples of one value, confirmed ones first; perhaps none."""

    value: Value
    entries: list[Example]

    @property
    def confirmed(self) -> int:
        """How many of them people have confirmed."""
        return sum(entry.confirmed for entry in self.entries)

    @property
    def undoubted(self) -> int:
        """How many of them nobody has looked at."""
        return len(self.entries) - self.confirmed


@dataclass(frozen=True, slots=True)
class Sibling:
    """A product of the same design, or with the same picture.

    Attributes:
        product: the product.
        picture: its first usable picture, or None.
        label: its label of the flag's attribute, or None.
        same_picture: whether it shows the very same picture.
    """

    product: Product
    picture: Picture | None
    label: Label | None
    same_picture: bool

    @property
    def value(self) -> Value | None:
        """The value that its label has now."""
        return self.label.current if self.label else None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known around a flag.

    Attributes:
        flag: the flag.
        label: examples of the label's value.
        suggested: examples of the suggested value.
        siblings: sisters, those with the same picture first.
        more: how many sisters are not listed.
        uncounted: whether there may be even more than that.
    """

    flag: Flag
    label: Examples
    suggested: Examples
    siblings: list[Sibling]
    more: int
    uncounted: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A possible example, and how well it fits."""

    product: int
    shop: int
    garment_type: int | None
    example: Example


def gather(flag: Flag) -> Evidence:
    """Gather the evidence for a flag."""
    same_picture = _with_the_same_picture(flag.product)
    same_design = [pk for pk in _of_the_same_design(flag.product) if pk not in same_picture]
    found = [*same_picture, *same_design]
    return Evidence(
        flag=flag,
        label=_examples(flag, flag.label_value),
        suggested=_examples(flag, flag.suggested),
        siblings=_siblings(flag, found[:SIBLINGS], set(same_picture)),
        more=max(len(found) - SIBLINGS, 0),
        uncounted=COUNTED in (len(same_picture), len(same_design)),
    )


def _examples(flag: Flag, value: Value) -> Examples:
    """The best fitting examples of a value; undoubted ones fill up where people have confirmed too few."""
    chosen: dict[int, Example] = {}
    for candidates in (_confirmed, _undoubted):
        if len(chosen) == EXAMPLES:
            break
        fitting = [found for found in candidates(flag, value) if found.product not in chosen]
        fitting.sort(key=lambda found: (found.garment_type != flag.garment_type_id, found.shop != flag.shop_id))
        for found in fitting:
            if len(chosen) < EXAMPLES:
                chosen.setdefault(found.product, found.example)
    return Examples(value, list(chosen.values()))


def _confirmed(flag: Flag, value: Value) -> Iterator[_Candidate]:
    """Products that people gave the value, or left it, latest first; where the shop has changed its word, not."""
    stands = Q(flag__label__verdict=Label.Verdict.FIXED, flag__label__correction=value) | Q(
        flag__label__verdict=Label.Verdict.ACCEPTED, flag__label__value=value
    )
    verdicts = (Decision.Verdict.ACCEPT, Decision.Verdict.FIX)
    # The latest ones by their index first: joined as a whole, all decisions would be.
    latest = Decision.objects.filter(new_value=value, verdict__in=verdicts).order_by("-pk").values_list("pk", flat=True)
    decisions = Decision.objects.filter(stands, pk__in=list(latest[:LOOKED_AT]), undone_by=None)
    picture = "flag__prediction__picture"
    rows = decisions.exclude(product=flag.product_id).exclude(**{f"{picture}__sha256": ""}).order_by("-pk")
    for product, shop, garment_type, title, number, pk, sha256 in rows.values_list(
        "product",
        "product__shop",
        "flag__garment_type",
        "product__title",
        "product__external_id",
        picture,
        f"{picture}__sha256",
    ):
        if pk is not None:
            yield _Candidate(product, shop, garment_type, Example(title or number, pk, sha256[:12], confirmed=True))


def _undoubted(flag: Flag, value: Value) -> Iterator[_Candidate]:
    """Of the latest predictions that agree with the value, the surest first."""
    current = Prediction.objects.filter(label_value=value, current=True, state=OK, picture__isnull=False)
    rows = current.order_by("-pk").values_list(
        "p_wrong", "product", "product__shop", "product__title", "product__external_id", "picture", "picture__sha256"
    )
    latest = sorted(rows[:LOOKED_AT], key=lambda row: 1.0 if row[0] is None else row[0])
    labels = _labels([row[1] for row in latest], flag.attribute)
    for _p_wrong, product, shop, title, number, pk, sha256 in latest:
        label, garment_type = labels.get((product, flag.attribute.code)), labels.get((product, Attribute.GARMENT_TYPE))
        if product != flag.product_id and label == value.pk and sha256:
            yield _Candidate(product, shop, garment_type, Example(title or number, pk, sha256[:12], confirmed=False))


def _labels(products: list[int], attribute: Attribute) -> dict[tuple[int, str], int | None]:
    """(product, attribute) -> the value that holds now, for an attribute and the garment type."""
    codes = {attribute.code, Attribute.GARMENT_TYPE}
    rows = Label.objects.filter(product__in=products, attribute__code__in=codes)
    return {
        (product, code): correction or value
        for product, code, value, correction in rows.values_list("product", "attribute__code", "value", "correction")
    }


def _of_the_same_design(product: Product) -> list[int]:
    if not product.group:
        return []
    sisters = Product.objects.filter(shop=product.shop_id, group=product.group).exclude(pk=product.pk)
    return list(sisters.order_by("pk").values_list("pk", flat=True)[:COUNTED])


def _with_the_same_picture(product: Product) -> list[int]:
    contents = list(product.pictures.exclude(sha256="").values_list("sha256", flat=True))
    if not contents:
        return []
    same = Picture.objects.filter(sha256__in=contents).exclude(product=product.pk)
    return list(dict.fromkeys(same.order_by().values_list("product", flat=True)[:COUNTED]))


def _siblings(flag: Flag, products: list[int], same_picture: set[int]) -> list[Sibling]:
    found = Product.objects.in_bulk(products)
    labels = {
        label.product_id: label
        for label in Label.objects.filter(product__in=products, attribute=flag.attribute_id).select_related(
            "value", "correction"
        )
    }
    pictures: dict[int, Picture] = {}
    for picture in Picture.objects.filter(product__in=products).exclude(sha256="").order_by("product", "position"):
        pictures.setdefault(picture.product_id, picture)
    return [Sibling(found[pk], pictures.get(pk), labels.get(pk), pk in same_picture) for pk in products if pk in found]
