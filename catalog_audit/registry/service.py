"""Registering model files, and choosing which of them audits use."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from catalog_audit.keeping import Kept
from catalog_audit.registry.models import ModelComparison, ModelVersion, Promotion

_SHIPPED = "shipped:"
_KINDS = {"segmenter": ModelVersion.Kind.SEGMENTATION, "classifier": ModelVersion.Kind.CLASSIFICATION}


class ModelsMissing(Exception):
    """There is no active model of a kind that an audit cannot do without."""


def file_of(model: ModelVersion) -> Path:
    """The ``.safetensors`` file of a model."""
    if model.path.startswith(_SHIPPED):
        return Path(settings.SHIPPED_MODELS_DIR) / model.path.removeprefix(_SHIPPED)
    return Path(settings.DATA_DIR) / model.path


def register_shipped() -> list[ModelVersion]:
    """Register the models that came with the program, and put each into use unless a trained one is.

    An upgrade brings other files under the same names: the new version takes the place of the old shipped one. A
    shipped model whose file is gone is retired.

    Returns:
        The models that are new.
    """
    new = []
    cards = list(_cards(Path(settings.SHIPPED_MODELS_DIR)))
    ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE, path__startswith=_SHIPPED).exclude(
        path__in=[_SHIPPED + path.name for path, _card in cards]
    ).update(state=ModelVersion.State.RETIRED)
    for path, card in cards:
        role = {"kind": _KINDS[card["kind"]], "garment_group": card.get("garment_group", "")}
        try:
            with transaction.atomic():
                model, created = ModelVersion.objects.get_or_create(
                    **role,
                    version=card["sha256"][:12],
                    defaults={"path": _SHIPPED + path.name, "card": card, "state": ModelVersion.State.CANDIDATE},
                )
                if model.path == _SHIPPED + path.name and model.card != card:
                    # The same weights with other thresholds or figures.
                    ModelVersion.objects.filter(pk=model.pk).update(card=card)
                active = ModelVersion.objects.filter(**role, state=ModelVersion.State.ACTIVE).first()
                if active is None or (active.path.startswith(_SHIPPED) and active.pk != model.pk):
                    promote(model, act=Promotion.Act.SHIPPED)
        except IntegrityError:
            # Another process registers at the same moment; one of the two wins, which is enough.
            continue
        if created:
            new.append(model)
    return new


def register(path: Path) -> ModelVersion:
    """Register a trained model as a candidate, or find it when it is registered already.

    Args:
        path: the ``.safetensors`` file, with its card beside it; below the data folder its place is kept relative.

    Raises:
        ValueError: the card is missing or describes no model that audits use.
    """
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        kind = _KINDS[card["kind"]]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{card_path} is no card of a model: {error}") from error
    root = Path(settings.DATA_DIR)
    return ModelVersion.objects.get_or_create(
        kind=kind,
        garment_group=card.get("garment_group", ""),
        version=card["sha256"][:12],
        defaults={"path": str(path.relative_to(root) if path.is_relative_to(root) else path), "card": card},
    )[0]


def promote(
    model: ModelVersion,
    *,
    act: str = Promotion.Act.PROMOTED,
    by: Any = None,
    reason: str = "",
    comparison: ModelComparison | None = None,
    concerns: Sequence[Mapping[str, Any]] = (),
) -> Promotion | None:
    """Put a model into use in place of the one that is, and write down that it was done.

    Nothing is asked here; people go by :func:`catalog_audit.registry.promoting.put_into_use`, which does.

    Args:
        model: the model.
        act: how it came into use.
        by: who did it, or None.
        reason: why, in that person's words.
        comparison: what they went by.
        concerns: what spoke against it.

    Returns:
        The row of it; None where the model is in use already.
    """
    role = {"kind": model.kind, "garment_group": model.garment_group}
    with transaction.atomic():
        # The rows of the role are locked, so that of two promotions at once the second sees what the first did.
        versions = list(ModelVersion.objects.select_for_update().filter(**role).order_by("pk"))
        replaced = next((one for one in versions if one.state == ModelVersion.State.ACTIVE), None)
        if replaced is not None and replaced.pk != model.pk:
            ModelVersion.objects.filter(pk=replaced.pk).update(state=ModelVersion.State.RETIRED)
        ModelVersion.objects.filter(pk=model.pk).update(state=ModelVersion.State.ACTIVE)
        model.refresh_from_db()
        _known.forget()
        if replaced is not None and replaced.pk == model.pk:
            return None
        return Promotion.objects.create(
            **role, act=act, model=model, replaced=replaced, by=by, reason=reason, comparison=comparison,
            concerns=list(concerns),
        )  # fmt: skip


def active_models() -> list[ModelVersion]:
    """The models that audits use now; shipped ones are registered on the way.

    Raises:
        ModelsMissing: there is no segmentation network, or no classifier at all.
    """
    register_shipped()
    models = models_in_use()
    for kind in ModelVersion.Kind:
        if not any(model.kind == kind for model in models):
            raise ModelsMissing(f"there is no active {kind.label} model; look below {settings.SHIPPED_MODELS_DIR}")
    return models


def models_in_use() -> list[ModelVersion]:
    """The active models that are registered; perhaps none yet."""
    return list(ModelVersion.objects.filter(state=ModelVersion.State.ACTIVE))


def model_is_missing() -> bool:
    """Whether audits have had models once and now lack one that they cannot do without."""
    known = _known().values()
    active = {model.kind for model in known if model.state == ModelVersion.State.ACTIVE}
    return bool(known) and not active.issuperset(ModelVersion.Kind.values)


def version_of(model: int | None) -> str:
    """The version of a model by its key, "" for none."""
    if model is None:
        return ""
    known = _known()
    if model not in known:
        known = _known.again()
    return known[model].version if model in known else ""


#: Every model without its card; another process may have promoted one some seconds ago.
_known: Kept[dict[int, ModelVersion]] = Kept(lambda: ModelVersion.objects.defer("card").in_bulk(), seconds=10.0)
_known.forget_with(ModelVersion)


def _cards(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The model files of a folder with their cards; whether a file is whole is checked when it is loaded."""
    for card_path in sorted(folder.glob("*.json")):
        card = json.loads(card_path.read_text(encoding="utf-8"))
        weights = card_path.with_suffix(".safetensors")
        if isinstance(card, dict) and card.get("kind") in _KINDS and _is_usable(card) and weights.exists():
            yield weights, card


def _is_usable(card: dict[str, Any]) -> bool:
    """False for the classifiers of one attribute that there were once."""
    return card["kind"] != "classifier" or "attributes" in card


def find(beginning: str) -> ModelVersion:
    """The model whose version begins so; registered ones only.

    Raises:
        ValueError: there is none, or more than one.
    """
    found = list(ModelVersion.objects.filter(version__startswith=beginning.lower())[:2]) if beginning else []
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{model.version} ({model.get_state_display()})" for model in ModelVersion.objects.all()[:20])
    raise ValueError(
        f"{'more than one model has' if found else 'no model has'} a version that begins with {beginning!r} "
        f"(there are {known or 'none; an audit registers those that came with the program'})"
    )
