"""The result of an audit, one row per product and attribute; every product is there.

``state`` is decided in this order: what a person said (accepted, fixed); an undecided flag (flagged, disputed); no
label, or a word that maps to nothing (unmapped); a picture that could not be read (unreadable); else ok. A label that
no model judges (the length of trousers, say) is ok or unmapped. Predictions and flags about a value that the label no
longer has (the shop has sent another word since) do not count: such a product is not audited yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields

from catalog_audit.audits.models import Flag, Prediction
from catalog_audit.audits.scope import Scope
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Value
from catalog_audit.feeds.writers import probability
from catalog_audit.registry.service import models_in_use

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class AuditRow:
    """A product's label and what the audit makes of it.

    Attributes:
        external_id: the product, by the shop's own name.
        attribute: attribute code.
        label_raw: the shop's word, "" when it says nothing.
        label: the value's code, "" when the word maps to nothing.
        suggested: code of the value that ought to be there: the person's correction, or else what the model sees
            (the label's own code when the model agrees); "" when nothing was predicted.
        p_wrong: probability 0..1 that the label is wrong, or None.
        state: ok, flagged, disputed, unmapped, unreadable, accepted or fixed.
        audited: whether the state rests on an audit, a decision or a problem (False: not audited yet). Not exported.
    """

    external_id: str
    attribute: str
    label_raw: str
    label: str
    suggested: str
    p_wrong: float | None
    state: str
    audited: bool = field(default=True, compare=False)


AUDIT_COLUMNS: tuple[str, ...] = tuple(one.name for one in fields(AuditRow) if one.name != "audited")
STATES: tuple[str, ...] = ("ok", "flagged", "disputed", "unmapped", "unreadable", "accepted", "fixed")


def audit_rows(shop: Shop) -> Iterator[AuditRow]:
    """The rows of all products of the shop, in the order in which the products came; constant memory."""
    reader = _Reader()
    last = 0
    while products := list(
        Product.objects.filter(shop=shop, pk__gt=last).only("pk", "external_id").order_by("pk")[:_BATCH]
    ):
        yield from reader.rows(products)
        last = products[-1].pk


def cells(row: AuditRow) -> tuple[str, ...]:
    """The row as it is exported, in the order of ``AUDIT_COLUMNS``."""
    return tuple(probability(row.p_wrong) if name == "p_wrong" else getattr(row, name) for name in AUDIT_COLUMNS)


def rows_of(products: Sequence[Product]) -> list[AuditRow]:
    """The rows of some products."""
    return list(_Reader().rows(products))


class _Reader:
    """Reads batches of products, four queries each."""

    def __init__(self) -> None:
        self._attributes = {attribute.pk: attribute for attribute in Attribute.objects.all()}
        self._values = {value.pk: value for value in Value.objects.order_by()}
        self._garment_type = next((pk for pk, one in self._attributes.items() if one.code == Attribute.GARMENT_TYPE), 0)
        self._scope = Scope(models_in_use(), self._attributes.values(), self._values.values())

    def rows(self, products: Sequence[Product]) -> Iterator[AuditRow]:
        keys = [product.pk for product in products]
        labels: dict[int, dict[int, Label]] = defaultdict(dict)
        for label in Label.objects.filter(product__in=keys).exclude(raw=""):
            labels[label.product_id][label.attribute_id] = label
        predictions = {
            (one.product_id, one.attribute_id): one
            for one in Prediction.objects.filter(product__in=keys, current=True).only(
                "product", "attribute", "label_value", "top_value", "problem", "p_wrong", "probabilities"
            )
        }
        flags = {
            (one.product_id, one.attribute_id): one
            for one in Flag.objects.filter(product__in=keys, state__in=Flag.UNDECIDED, kind=Flag.Kind.FLAG)
        }
        readable = set(
            Picture.objects.filter(product__in=keys, problem="").values_list("product_id", flat=True).distinct()
        )
        for product in products:
            garment = self._garment(labels[product.pk].get(self._garment_type))
            for attribute in self._attributes.values():
                key = (product.pk, attribute.pk)
                own = labels[product.pk].get(attribute.pk)
                if own is not None or attribute.code == Attribute.COLOUR:
                    waits = product.pk in readable if self._scope.judges(attribute.code, garment) else None
                    yield self._row(product, attribute, own, predictions.get(key), flags.get(key), waits)

    def _garment(self, label: Label | None) -> Value | None:
        value_id = (label.correction_id or label.value_id) if label else None
        return self._values[value_id] if value_id else None

    def _row(
        self,
        product: Product,
        attribute: Attribute,
        label: Label | None,
        prediction: Prediction | None,
        flag: Flag | None,
        readable: bool | None,
    ) -> AuditRow:
        if prediction is not None and not prediction.problem and prediction.label_value_id != _value_of(label):
            prediction = None
        if flag is not None and flag.label_value_id != _value_of(label):
            flag = None
        state, audited = _state(label, prediction, flag, readable)
        return AuditRow(
            external_id=product.external_id,
            attribute=attribute.code,
            label_raw=label.raw if label else "",
            label=self._code(_value_of(label)),
            suggested=self._suggested(label, prediction, flag),
            p_wrong=flag.p_wrong if flag else prediction.p_wrong if prediction else None,
            state=state,
            audited=audited,
        )

    def _code(self, value_id: int | None) -> str:
        return self._values[value_id].code if value_id else ""

    def _suggested(self, label: Label | None, prediction: Prediction | None, flag: Flag | None) -> str:
        if label is not None and label.verdict == Label.Verdict.FIXED:
            return self._code(label.correction_id)
        if flag is not None:
            return self._code(flag.suggested_id)
        if prediction is None or prediction.top_value_id is None:
            return ""
        top = self._code(prediction.top_value_id)
        value_id = _value_of(label)
        return self._code(value_id) if self._known_as(value_id, set(prediction.probabilities)) == top else top

    def _known_as(self, value_id: int | None, known: set[str]) -> str:
        """The value, or its nearest ancestor, that the model knows; "" when it knows none."""
        while value_id:
            value = self._values[value_id]
            if value.code in known:
                return value.code
            value_id = value.parent_id
        return ""


def _value_of(label: Label | None) -> int | None:
    return label.value_id if label else None


def _state(
    label: Label | None, prediction: Prediction | None, flag: Flag | None, readable: bool | None
) -> tuple[str, bool]:
    """The state and whether it rests on something.

    Args:
        label: the shop's.
        prediction: the current one about it.
        flag: the undecided one about it.
        readable: whether the product has a picture that can be used; None where no model judges the label.
    """
    if label is not None and label.verdict:
        return label.verdict, True
    if flag is not None:
        return ("flagged" if flag.raised_as == Flag.State.OPEN else "disputed"), True
    if label is None or label.value_id is None:
        return "unmapped", True
    if prediction is not None:
        return ("unreadable" if prediction.problem else "ok"), True
    if readable is None:
        return "ok", True
    return ("ok", False) if readable else ("unreadable", True)
