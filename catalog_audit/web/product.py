"""A product's whole history for its page: pictures, labels, predictions, verdicts, arguable pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from catalog_audit.accounts.models import User
from catalog_audit.audits.models import ArguablePair, Prediction
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Value
from catalog_audit.feeds.columns import LABEL_FIELDS
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.review.history import History, history_of
from catalog_audit.review.models import Decision

#: More predictions of one product are not shown.
PREDICTIONS = 200
#: So many of the shop's latest imports are searched for other words.
IMPORTS = 20

WORD, PREDICTION, VERDICT, PAIR = "word", "prediction", "verdict", "pair"


@dataclass(frozen=True, slots=True)
class LabelNow:
    """A label as it is.

    Attributes:
        label: the row.
        value: what it means now: the correction, or what the shop's word means.
        decided: whether a verdict of a person stands that may be shown.
    """

    label: Label
    value: Value | None
    decided: bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a label.

    Attributes:
        kind: :data:`WORD` (the shop sent another word), :data:`PREDICTION`, :data:`VERDICT` or :data:`PAIR`.
        when: its time.
        attribute: of the label.
        words: the shop's word before and after.
        prediction: what the networks said.
        decision: what a person said; of a pair that which made it.
        pair: two values of which both are right.
        undone: whether a verdict was taken back later.
    """

    kind: str
    when: datetime
    attribute: Attribute
    words: tuple[str, str] = ("", "")
    prediction: Prediction | None = None
    decision: Decision | None = None
    pair: ArguablePair | None = None
    undone: bool = False


@dataclass(frozen=True, slots=True)
class ProductHistory:
    """A product, ready to be drawn.

    Attributes:
        product: with its shop.
        pictures: in order, those that cannot be used too.
        labels: in the order of the attributes.
        events: newest first.
    """

    product: Product
    pictures: list[Picture]
    labels: list[LabelNow]
    events: list[Event] = field(default_factory=list)


def gather(product: Product, user: User) -> ProductHistory:
    """Gather what a person may see of a product; the number of queries does not depend on how much there is."""
    history = history_of(product, user)
    attributes = {attribute.code: attribute for attribute in Attribute.objects.all()}
    labels = Label.objects.filter(product=product).select_related("attribute", "value", "correction", "decided_by")
    events = [*_words(product, attributes), *_predictions(product), *_verdicts(history), *_pairs(product, history)]
    return ProductHistory(
        product=product,
        pictures=list(product.pictures.all()),
        labels=[_now(label, history) for label in labels.order_by("attribute__position", "attribute__code")],
        events=sorted(events, key=lambda event: event.when, reverse=True),
    )


def _now(label: Label, history: History) -> LabelNow:
    if label.attribute_id in history.blind:
        return LabelNow(label, label.value, decided=False)
    return LabelNow(label, label.current, decided=bool(label.verdict))


def _words(product: Product, attributes: dict[str, Attribute]) -> list[Event]:
    """Words that the shop's latest lists have changed."""
    latest = FeedImport.objects.filter(shop=product.shop_id, dry_run=False).order_by("-pk").values("pk")[:IMPORTS]
    rows = RowResult.objects.filter(
        feed_import__in=list(latest.values_list("pk", flat=True)),
        outcome=RowResult.Outcome.UPDATED,
        external_id=product.external_id,
    )
    return [
        Event(WORD, row.feed_import.job.created_at, attributes[LABEL_FIELDS[name]], (str(change[0]), str(change[1])))
        for row in rows.select_related("feed_import__job")
        for name, change in row.diff.items()
        if LABEL_FIELDS.get(name) in attributes
    ]


def _predictions(product: Product) -> list[Event]:
    rows = Prediction.objects.filter(product=product).select_related(
        "attribute", "label_value", "top_value", "segmenter", "classifier"
    )
    latest = rows.order_by("-created_at", "-pk")[:PREDICTIONS]
    return [Event(PREDICTION, row.created_at, row.attribute, prediction=row) for row in latest]


def _verdicts(history: History) -> list[Event]:
    undone = {decision.undoes_id for decision in history.decisions if decision.undoes_id}
    return [
        Event(VERDICT, one.created_at, one.attribute, decision=one, undone=one.pk in undone)
        for one in history.decisions
    ]


def _pairs(product: Product, history: History) -> list[Event]:
    """Pairs that stand, each beside the decision that made it."""
    made = {decision.token: decision for decision in history.decisions}
    pairs = ArguablePair.objects.filter(product=product).select_related("attribute", "low", "high")
    return [
        Event(PAIR, made[pair.decision].created_at, pair.attribute, decision=made[pair.decision], pair=pair)
        for pair in pairs
        if pair.decision in made
    ]
