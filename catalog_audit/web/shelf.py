"""The page of models: which is in use, which are candidates, which were in use, with their cards in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Attribute
from catalog_audit.jobs.models import Job
from catalog_audit.registry.groups import group_name
from catalog_audit.registry.models import ModelComparison, ModelVersion, Promotion, PromotionPolicy
from catalog_audit.registry.promoting import can_go_back, concerns_about, previous_of, sentences
from catalog_audit.registry.service import register_shipped
from catalog_audit.training.models import TrainingSet

#: Models that are out of use, and acts of the log, that the page lists.
LATEST = 10


@dataclass(frozen=True, slots=True)
class Card:
    """What a model's card says, in words.

    Attributes:
        title: what it does.
        data: (name, licence) of what it learnt from.
        figures: (name, accuracy 0..1, pictures) on pictures that it never saw.
        limits: what it is not good at.
        split: which pictures were held out.
    """

    title: str
    data: list[tuple[str, str]]
    figures: list[tuple[str, float, int]]
    limits: str
    split: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """A model on the page.

    Attributes:
        model: the row.
        card: in words.
        promotion: the latest time that it was put into use, or None.
        comparison: the latest finished one, or None.
        running: the one that is under way, or None.
        concerns: what speaks against putting it into use; candidates only.
        back_to: the model that taking it back would bring, or None.
        can_go_back: whether it can be taken back.
    """

    model: ModelVersion
    card: Card
    promotion: Promotion | None
    comparison: ModelComparison | None = None
    running: ModelComparison | None = None
    concerns: Sequence[str] = ()
    back_to: ModelVersion | None = None
    can_go_back: bool = False


@dataclass(frozen=True, slots=True)
class Role:
    """Models that do the same.

    Attributes:
        name: what they do, for which garments.
        active: the one in use, or None.
        candidates: the newest first.
        retired: those that were in use, or were never wanted; the newest first.
    """

    name: str
    active: Shelved | None
    candidates: list[Shelved]
    retired: list[Shelved]


def page() -> dict[str, Any]:
    """All that the page shows."""
    if not ModelVersion.objects.exists():
        register_shipped()
    attributes = {one.code: str(one) for one in Attribute.objects.all()}
    return {
        "roles": list(_roles(attributes)),
        "log": Promotion.objects.select_related("model", "replaced", "by", "comparison")[:LATEST],
        "sets": TrainingSet.objects.all()[:LATEST],
        "margin": PromotionPolicy.current().margin * 100,
    }


def _roles(attributes: Mapping[str, str]) -> Iterable[Role]:
    models = list(ModelVersion.objects.order_by("kind", "garment_group", "-pk"))
    promotions = _latest_promotions(models)
    finished, running = _comparisons(models)
    state = ModelVersion.State

    def shelved(model: ModelVersion) -> Shelved:
        card, promotion = card_in_words(model, attributes), promotions.get(model.pk)
        if model.state == state.ACTIVE:
            return Shelved(model, card, promotion, back_to=previous_of(model), can_go_back=can_go_back(model))
        latest = finished.get(model.pk)
        return Shelved(model, card, promotion, latest, running.get(model.pk), sentences(concerns_about(latest)))

    for key in dict.fromkeys((model.kind, model.garment_group) for model in models):
        own = [model for model in models if (model.kind, model.garment_group) == key]
        in_use = next((model for model in own if model.state == state.ACTIVE), None)
        yield Role(
            role_name(*key),
            shelved(in_use) if in_use else None,
            [shelved(model) for model in own if model.state == state.CANDIDATE],
            [shelved(model) for model in [one for one in own if one.state == state.RETIRED][:LATEST]],
        )


def role_name(kind: str, garment_group: str) -> str:
    """What models of a role do."""
    if kind == ModelVersion.Kind.SEGMENTATION:
        return _("Finds the product in a picture")
    return _("Reads colour, type, pattern and length: %(group)s") % {"group": group_name(garment_group)}


def _latest_promotions(models: Sequence[ModelVersion]) -> dict[int, Promotion]:
    rows = Promotion.objects.filter(model__in=models).select_related("by").order_by("pk")
    return {row.model_id: row for row in rows if row.model_id}


def _comparisons(
    models: Sequence[ModelVersion],
) -> tuple[dict[int, ModelComparison], dict[int, ModelComparison]]:
    """Model -> its latest finished comparison, and model -> the one that is under way."""
    keys = ModelComparison.objects.filter(candidate__in=models).order_by("pk")
    latest = dict(keys.filter(finished_at__isnull=False).values_list("candidate", "pk"))
    active = dict(keys.filter(job__state__in=Job.ACTIVE).values_list("candidate", "pk"))
    rows = ModelComparison.objects.defer("plan").in_bulk([*latest.values(), *active.values()])
    return {model: rows[key] for model, key in latest.items()}, {model: rows[key] for model, key in active.items()}


def card_in_words(model: ModelVersion, attributes: Mapping[str, str]) -> Card:
    """A model's card in words; what a card does not say is left out."""
    card = model.card
    figures = []
    for code, one in card.get("figures", {}).items():
        if isinstance(one, dict) and one.get("items") and "accuracy" in one:
            figures.append((attributes.get(code, code), float(one["accuracy"]), int(one["items"])))
    photos = card.get("figures", {}).get("photos", {})
    if "pixel_accuracy" in photos:
        figures.append((_("pixels named rightly"), float(photos["pixel_accuracy"]), int(photos["count"])))
    return Card(
        title=str(card.get("title", "")),
        data=[
            (str(one.get("name", "")), str(one.get("licence", "")))
            for one in card.get("data", ())
            if isinstance(one, dict)
        ],
        figures=figures,
        limits=str(card.get("limits", "")),
        split=str(card.get("split", "")),
    )
