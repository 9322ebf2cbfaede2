"""What an audit looks at: a product's colour label, its picture and its kind of garment, read in batches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.registry.models import ModelVersion

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Item:
    """One product as an audit sees it.

    Attributes:
        product: the product.
        attribute: what is audited.
        label: the shop's label; None when it gave none.
        garment: the product's garment type label; None when it gave none.
        picture: the first usable picture, else the first, else None.
        models: role (``segmenter`` or garment group) -> active model.
    """

    product: Product
    attribute: Attribute
    label: Label | None
    garment: Label | None
    picture: Picture | None
    models: Mapping[str, ModelVersion]

    @property
    def garment_group(self) -> str:
        """Which part of the picture is the product; "" when the garment type is unknown."""
        kind = self.garment.current if self.garment else None
        return kind.garment_group if kind else ""

    @property
    def label_value(self) -> Value:
        """The value that the label has now; for items that :func:`findings.without_looking` lets through.

        Raises:
            ValueError: there is no label, or its word means nothing.
        """
        value = self.label.current if self.label else None
        if value is None:
            raise ValueError(f"product {self.product.pk} has no {self.attribute.code}")
        return value

    @property
    def segmenter(self) -> ModelVersion:
        """The network that cuts the product out."""
        return self.models["segmenter"]

    @property
    def classifier(self) -> ModelVersion | None:
        """The specialist of the garment group."""
        return self.models.get(self.garment_group)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of all that the prediction depends on; the same fingerprint means the same prediction."""
        label = self.label
        parts = (
            self.attribute.code,
            str(label.value_id) if label else "",
            f"{label.verdict}{label.correction_id or ''}" if label else "",
            self.garment_group,
            self.picture.sha256 or self.picture.problem if self.picture else "",
            self.segmenter.version,
            self.classifier.version if self.classifier else "",
        )
        return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()


def role_models(models: Sequence[ModelVersion], attribute: Attribute) -> dict[str, ModelVersion]:
    """Role -> model, of the models that concern one attribute."""
    roles = {}
    for model in models:
        if model.kind == ModelVersion.Kind.SEGMENTATION:
            roles["segmenter"] = model
        elif model.attribute == attribute.code:
            roles[model.garment_group] = model
    return roles


def items_of(product_ids: Sequence[int], attribute: Attribute, models: Mapping[str, ModelVersion]) -> list[Item]:
    """Read products, three queries in all, in the order of their primary keys."""
    labels: dict[tuple[int, str], Label] = {}
    for label in Label.objects.filter(
        product__in=product_ids, attribute__code__in=(attribute.code, Attribute.GARMENT_TYPE)
    ).select_related("attribute", "value__parent", "correction__parent"):
        if label.raw:
            labels[label.product_id, label.attribute.code] = label
    pictures: dict[int, Picture] = {}
    for picture in Picture.objects.filter(product__in=product_ids).order_by("product_id", "position"):
        known = pictures.get(picture.product_id)
        if known is None or (known.problem and not picture.problem):
            pictures[picture.product_id] = picture
    return [
        Item(
            product=product,
            attribute=attribute,
            label=labels.get((product.pk, attribute.code)),
            garment=labels.get((product.pk, Attribute.GARMENT_TYPE)),
            picture=pictures.get(product.pk),
            models=models,
        )
        for product in Product.objects.filter(pk__in=product_ids).order_by("pk")
    ]


def changed_products(
    shop: Shop, attribute: Attribute, models: Mapping[str, ModelVersion]
) -> Iterator[tuple[int, bool]]:
    """(primary key, whether it has to be looked at) of every product of the shop."""
    last = 0
    while keys := list(
        Product.objects.filter(shop=shop, pk__gt=last).order_by("pk").values_list("pk", flat=True)[:_BATCH]
    ):
        seen = dict(
            Prediction.objects.filter(product__in=keys, attribute=attribute, current=True).values_list(
                "product_id", "fingerprint"
            )
        )
        for item in items_of(keys, attribute, models):
            yield item.product.pk, seen.get(item.product.pk) != item.fingerprint
        last = keys[-1]
