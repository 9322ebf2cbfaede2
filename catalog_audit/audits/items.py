"""What an audit looks at: products with their labels and pictures, read in batches, and what it asks of each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from catalog_audit.audits import reasons
from catalog_audit.audits.models import Prediction
from catalog_audit.audits.scope import Scope
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.registry.models import ModelVersion

#: Pictures of a product that are looked at; more of them hardly ever change the answer.
MOST_PICTURES = 6

_BATCH = 1000


class Seen(NamedTuple):
    """What the current prediction of a label was made of: see :class:`Question`."""

    fingerprint: str
    parts: str


@dataclass(frozen=True, slots=True)
class Item:
    """One product as an audit sees it.

    Attributes:
        product: the product.
        labels: attribute code -> what the shop says; only where it says something.
        pictures: the usable ones, at most :data:`MOST_PICTURES`; the first one when none can be used; else empty.
        seen: attribute code -> what the current prediction was made of.
        scope: what the audit judges.
    """

    product: Product
    labels: Mapping[str, Label]
    pictures: tuple[Picture, ...]
    seen: Mapping[str, Seen]
    scope: Scope

    @property
    def garment(self) -> Value | None:
        """The product's garment type; None when it is unknown."""
        label = self.labels.get(Attribute.GARMENT_TYPE)
        return label.current if label else None

    @property
    def garment_group(self) -> str:
        """Which part of the picture is the product; "" when the garment type is unknown."""
        return self.garment.garment_group if self.garment else ""

    @property
    def classifier(self) -> ModelVersion | None:
        """The model that judges this kind of garment."""
        return self.scope.classifier_for(self.garment_group)

    @property
    def questions(self) -> list[Question]:
        """What is asked: the colour of every product, and each other attribute that it has a label of."""
        return [
            Question(self, attribute)
            for code, attribute in self.scope.attributes.items()
            if (code == Attribute.COLOUR or code in self.labels) and self.scope.judges(code, self.garment)
        ]

    @property
    def new_questions(self) -> list[Question]:
        """Those whose answer may have changed since the product was last looked at."""
        return [one for one in self.questions if not one.is_answered]

    @property
    def dropped(self) -> list[Attribute]:
        """Attributes with a current prediction that nobody asks for any more: the label is gone, or the model."""
        asked = {question.attribute.code for question in self.questions}
        return [self.scope.attributes[code] for code in self.seen if code not in asked]

    @property
    def reason(self) -> str:
        """Why the product has to be looked at, one of :data:`reasons.RANKED`; "" when it has not."""
        changed = [reasons.LABEL] if self.dropped else []
        for question in self.new_questions:
            changed += question.changed
        return reasons.first(changed)


@dataclass(frozen=True, slots=True)
class Question:
    """Is this label right? One attribute of one product.

    Attributes:
        item: the product.
        attribute: what is judged.
    """

    item: Item
    attribute: Attribute

    @property
    def label(self) -> Label | None:
        """The shop's label; None when it gave none."""
        return self.item.labels.get(self.attribute.code)

    @property
    def label_value(self) -> Value:
        """The value that the label has now; for questions that :func:`findings.without_looking` lets through.

        Raises:
            ValueError: there is no label, or its word means nothing.
        """
        value = self.label.current if self.label else None
        if value is None:
            raise ValueError(f"product {self.item.product.pk} has no {self.attribute.code}")
        return value

    @property
    def card(self) -> Mapping[str, Any] | None:
        """What the classifier's card says of the attribute; None when there is no classifier that judges it."""
        return self.item.scope.card_of(self.attribute.code, self.item.garment_group)

    @property
    def known_as(self) -> str:
        """The label's value as the classifier knows it: itself or its nearest ancestor; "" when it knows none."""
        return self.item.scope.known_as(self.attribute.code, self.label_value.code, self.item.garment_group)

    @property
    def covers(self) -> tuple[str, ...]:
        """Finer values that the shop's word includes, see :meth:`Scope.covers`."""
        return self.item.scope.covers(self.attribute.code, self.label_value.code, self.item.garment_group)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that the prediction depends on; the same fingerprint means the same prediction."""
        pictures, label, garment, decided, models, words = self._depends_on
        parts = (self.attribute.code, *label, *decided, *garment, *pictures, *models, *words)
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()

    @property
    def parts(self) -> str:
        """A digest of each part of that, see :func:`reasons.digests`."""
        return reasons.digests(self._depends_on)

    @property
    def is_answered(self) -> bool:
        """Whether the current prediction still holds."""
        seen = self.item.seen.get(self.attribute.code)
        return seen is not None and seen.fingerprint == self.fingerprint

    @property
    def changed(self) -> list[str]:
        """Why the current prediction does not hold any more, some of :data:`reasons.RANKED`."""
        seen = self.item.seen.get(self.attribute.code)
        if seen is None:
            return [reasons.LABEL if self.item.seen else reasons.NEW]
        return reasons.changed(seen.parts, self.parts)

    @property
    def _depends_on(self) -> tuple[tuple[str, ...], ...]:
        """The texts of each of :data:`reasons.PARTS`."""
        item, label = self.item, self.label
        classifier = item.classifier
        return (
            tuple(picture.sha256 or picture.problem for picture in item.pictures),
            (str(label.value_id) if label else "",),
            (item.garment_group,),
            (f"{label.verdict}{label.correction_id or ''}" if label else "",),
            (item.scope.segmenter.version, classifier.version if classifier else ""),
            self.covers if label and label.current else (),
        )


def items_of(product_ids: Sequence[int], scope: Scope) -> list[Item]:
    """Read products, four queries in all, in the order of their primary keys."""
    codes = {attribute.pk: code for code, attribute in scope.attributes.items()}
    labels: dict[int, dict[str, Label]] = defaultdict(dict)
    for label in Label.objects.filter(product__in=product_ids).exclude(raw="").select_related("value", "correction"):
        labels[label.product_id][codes[label.attribute_id]] = label
    pictures: dict[int, list[Picture]] = defaultdict(list)
    for picture in Picture.objects.filter(product__in=product_ids).order_by("product_id", "position"):
        pictures[picture.product_id].append(picture)
    seen: dict[int, dict[str, Seen]] = defaultdict(dict)
    current = Prediction.objects.filter(product__in=product_ids, current=True)
    for product_id, attribute_id, *made_of in current.values_list("product_id", "attribute_id", "fingerprint", "parts"):
        seen[product_id][codes[attribute_id]] = Seen(*made_of)
    return [
        Item(product, labels[product.pk], _to_look_at(pictures[product.pk]), seen[product.pk], scope)
        for product in Product.objects.filter(pk__in=product_ids).order_by("pk")
    ]


def _to_look_at(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """The usable pictures, each content once; the first one where none can be used, for the reason."""
    usable: dict[str, Picture] = {}
    for picture in pictures:
        if not picture.problem:
            usable.setdefault(picture.sha256, picture)
    return tuple(list(usable.values())[:MOST_PICTURES]) or tuple(pictures[:1])


def changed_products(shop: Shop, scope: Scope) -> Iterator[tuple[int, str]]:
    """(primary key, why it has to be looked at, "" where it has not) of every product of the shop."""
    last = 0
    while keys := list(
        Product.objects.filter(shop=shop, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]
    ):
        for item in items_of(keys, scope):
            yield item.product.pk, item.reason
        last = keys[-1]
