"""What an audit judges, with which models, and how finely the shop itself tells values apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.db.models import Count

from catalog_audit.catalog.lineage import Lineage, lineages
from catalog_audit.catalog.models import Attribute, Label, Shop, Value
from catalog_audit.registry.models import ModelVersion

#: A shop uses a value when so many of its labels have it, or a finer one: one or two may be slips.
LABELS_IN_USE = 3

#: Length is judged on these garments and what stands below them; "maxi" says nothing of a T-shirt.
KINDS_WITH_LENGTH = ("dress", "skirt")

_NO_TREE = Lineage({})


class Scope:
    """The same for all products of a run.

    Attributes:
        models: the models by role, see :attr:`catalog_audit.registry.models.ModelVersion.role`.
        attributes: every attribute by code, in the dictionary's order.
        in_use: attribute code -> codes of the values that the shop uses.
    """

    def __init__(
        self,
        models: Iterable[ModelVersion],
        attributes: Iterable[Attribute],
        values: Iterable[Value],
        in_use: Mapping[str, Collection[str]] | None = None,
    ) -> None:
        self.models = {model.role: model for model in models}
        self.attributes = {attribute.code: attribute for attribute in attributes}
        self.in_use: dict[str, frozenset[str]] = {}
        self._lineages = lineages(values)
        self._covers: dict[tuple[str, str, str], tuple[str, ...]] = {}
        self.use(in_use or {})

    @classmethod
    def read(cls, models: Sequence[ModelVersion], in_use: Mapping[str, Collection[str]] | None = None) -> Scope:
        """With the dictionary as the database has it now."""
        return cls(models, Attribute.objects.all(), Value.objects.order_by(), in_use)

    def use(self, in_use: Mapping[str, Collection[str]]) -> None:
        """Say which values the shop uses."""
        self.in_use = {code: frozenset(used) for code, used in in_use.items()}
        self._covers.clear()

    def lineage(self, attribute: str) -> Lineage:
        """The family tree of an attribute's values."""
        return self._lineages.get(self.attributes[attribute].pk, _NO_TREE)

    @property
    def segmenter(self) -> ModelVersion:
        """The network that cuts products out."""
        return self.models["segmenter"]

    def classifier_for(self, garment_group: str) -> ModelVersion | None:
        """The specialist of a garment group, else the model for all groups, else None."""
        return self.models.get(f"classifier/{garment_group}") or self.models.get("classifier/")

    def card_of(self, attribute: str, garment_group: str) -> Mapping[str, Any] | None:
        """What the classifier of a garment group says of an attribute; None when it cannot judge its labels."""
        model = self.classifier_for(garment_group)
        card = model.card.get("attributes", {}).get(attribute) if model else None
        return card if card and "policy" in card else None

    def judges(self, attribute: str, garment: Value | None) -> bool:
        """Whether labels of an attribute are judged on that kind of garment (colours are on every one)."""
        if attribute == Attribute.COLOUR:
            return True
        if attribute == Attribute.LENGTH:
            kinds = self.lineage(Attribute.GARMENT_TYPE)
            if garment is None or kinds.nearest(garment.code, KINDS_WITH_LENGTH) is None:
                return False
        return self.card_of(attribute, garment.garment_group if garment else "") is not None

    def known_as(self, attribute: str, value: str, garment_group: str) -> str:
        """The value itself or its nearest ancestor that the classifier knows; "" when it knows none."""
        card = self.card_of(attribute, garment_group)
        return (self.lineage(attribute).nearest(value, card["values"]) or "") if card else ""

    def covers(self, attribute: str, value: str, garment_group: str) -> tuple[str, ...]:
        """What else the classifier may see where the shop's word is right.

        A shop that has no word for light blue calls it blue: a finer value that the shop does not use is covered by
        its word for the coarser one. A heading that the classifier does not know itself (printed, outerwear) covers
        all that stands below it.
        """
        key = (attribute, value, garment_group)
        if key not in self._covers:
            card = self.card_of(attribute, garment_group)
            finer = self.lineage(attribute).below(value, card["values"]) if card else []
            if self.known_as(attribute, value, garment_group):
                finer = [code for code in finer if code not in self.in_use.get(attribute, ())]
            self._covers[key] = tuple(sorted(finer))
        return self._covers[key]


def values_in_use(shop: Shop, scope: Scope) -> dict[str, list[str]]:
    """Attribute code -> codes of the values that a shop uses, in one query."""
    counted: dict[str, dict[str, int]] = {}
    rows = Label.objects.filter(product__shop=shop).exclude(raw="").exclude(value=None).order_by()
    for attribute, value, count in rows.values_list("attribute__code", "value__code").annotate(Count("pk")):
        counts = counted.setdefault(attribute, {})
        for code in scope.lineage(attribute).upwards(value):
            counts[code] = counts.get(code, 0) + count
    return {
        attribute: sorted(code for code, count in counts.items() if count >= LABELS_IN_USE)
        for attribute, counts in counted.items()
    }
