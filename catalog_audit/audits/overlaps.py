"""How far two values overlap in what the networks say: values that they cannot tell apart on this shop's pictures."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any

from catalog_audit.audits.models import Prediction
from catalog_audit.catalog.models import Attribute, Label, Product, Shop, Value

#: Of a larger shop every so manieth product is taken, so that it comes to so many.
PRODUCTS = 20_000
#: Pairs of which fewer products have one of the two values are left out, and those that share less.
FEWEST, LEAST = 10, 0.02

_LARGEST = 100
_BATCH = 1000


def shared(one: float, other: float) -> float:
    """The probability that two values have in common, 0..1: 1 where each has a half, 0 where one has nothing."""
    return 2 * min(one, other)


def measure(shop: Shop) -> list[list[Any]]:
    """The pairs of a shop's values that overlap most, by garment group.

    Of the current predictions whose label has one of the two values, the mean of :func:`shared`.

    Returns:
        [key of the lower value, key of the higher value, garment group, products, mean 0..1], for each group and
        attribute the largest hundred.
    """
    values = {(value.attribute_id, value.code): value.pk for value in Value.objects.order_by()}
    labels: dict[tuple[int, str], int] = defaultdict(int)
    sums: dict[tuple[int, int, int, str], float] = defaultdict(float)
    for keys in _products(shop):
        groups = _groups(keys)
        rows = Prediction.objects.filter(product__in=keys, current=True, problem="").exclude(label_value=None)
        fields = rows.values_list("product", "attribute", "label_value", "label_value__code", "probabilities")
        for product, attribute, label, code, probabilities in fields.iterator():
            own = probabilities.get(code)
            group = groups.get(product, "")
            if own is None or not group:
                continue
            labels[label, group] += 1
            for other, probability in probabilities.items():
                rival = values.get((attribute, other))
                if rival is not None and rival != label and min(own, probability) > 0:
                    low, high = sorted((label, rival))
                    sums[attribute, low, high, group] += shared(own, probability)
    return _largest(sums, labels)


def _products(shop: Shop) -> list[list[int]]:
    """Batches of keys of products, evenly spread over the catalogue."""
    keys = list(Product.objects.filter(shop=shop).order_by("pk").values_list("pk", flat=True))
    some = keys[:: max(1, ceil(len(keys) / PRODUCTS))]
    return [some[start : start + _BATCH] for start in range(0, len(some), _BATCH)]


def _groups(products: Sequence[int]) -> dict[int, str]:
    """Product -> garment group."""
    labels = Label.objects.filter(product__in=products, attribute__code=Attribute.GARMENT_TYPE)
    rows = labels.values_list("product", "correction__garment_group", "value__garment_group")
    return {product: correction or value for product, correction, value in rows if correction or value}


def _largest(sums: Mapping[tuple[int, int, int, str], float], labels: Mapping[tuple[int, str], int]) -> list[list[Any]]:
    by_part: dict[tuple[int, str], list[list[Any]]] = defaultdict(list)
    for (attribute, low, high, group), total in sums.items():
        number = labels.get((low, group), 0) + labels.get((high, group), 0)
        if number >= FEWEST and total / number >= LEAST:
            by_part[attribute, group].append([low, high, group, number, round(total / number, 4)])
    largest = (sorted(rows, key=lambda row: (-row[4], row[:2]))[:_LARGEST] for rows in by_part.values())
    return [row for rows in largest for row in rows]
