"""Labels with the predictions about them that hold now, as a second look reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_audit.audits.items import Question, items_of
from catalog_audit.audits.models import Prediction
from catalog_audit.audits.reckoning import Evidence
from catalog_audit.audits.scope import Scope
from catalog_audit.catalog.models import Attribute, Product


@dataclass(frozen=True, slots=True)
class Seen:
    """A label whose prediction is of what is there now.

    Attributes:
        question: the label, and what it means to the networks.
        prediction: the current one.
    """

    question: Question
    prediction: Prediction

    @property
    def evidence(self) -> Evidence:
        """What the library goes by."""
        question, item = self.question, self.question.item
        return Evidence(
            self.prediction.probabilities,
            question.known_as,
            question.covers,
            self.prediction.palette,
            item.garment_group,
            design_of(item.product),
        )


def design_of(product: Product) -> str:
    """Key of a product's design: colours of one share it."""
    return product.group or product.external_id


def seen_in(keys: Sequence[int], attribute: Attribute, scope: Scope) -> list[Seen]:
    """Labels of some products whose current prediction says something and is of what is there now."""
    questions = {
        item.product.pk: question
        for item in items_of(keys, scope)
        for question in item.questions
        if question.attribute == attribute and question.label and question.label.current and question.card
    }
    current = Prediction.objects.filter(product__in=list(questions), attribute=attribute, current=True, problem="")
    return [
        Seen(questions[one.product_id], one)
        for one in current.select_related("picture").order_by("product_id")
        if one.probabilities
        and one.fingerprint == questions[one.product_id].fingerprint
        and (questions[one.product_id].known_as or questions[one.product_id].covers)
    ]


def version_of(question: Question) -> str:
    """The classifier that answers the question."""
    return question.item.classifier.version if question.item.classifier else ""
