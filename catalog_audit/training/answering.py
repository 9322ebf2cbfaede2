"""A candidate and the models in use answer the same questions about the same pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from catalog_audit.audits.items import items_of
from catalog_audit.audits.pooling import Pooled, pool
from catalog_audit.audits.scope import Scope
from catalog_audit.catalog.files import picture_path
from catalog_audit.registry.models import ModelVersion
from catalog_audit.training import engine
from catalog_audit.training.cases import Ask, Case
from inference.contract import PictureRequest

if TYPE_CHECKING:
    from inference.contract import PaletteEntry, Reading

#: What a model says that does not know the attribute, or did not find the product.
_NOTHING: Mapping[str, Any] = {"top": "", "share": 0.0, "right": False, "state": "ok", "p_wrong": None}


@dataclass(frozen=True, slots=True)
class _Shown:
    """A case with what there is to look at.

    Attributes:
        case: the product.
        garment_group: which part of the pictures it is.
        pictures: (file, SHA-256).
    """

    case: Case
    garment_group: str
    pictures: Sequence[tuple[Path, str]]


@dataclass(frozen=True, slots=True)
class _Look:
    """What one set of models made of a product.

    Attributes:
        scope: its models, and what the shop uses.
        pooled: what they say of all pictures together.
        palette: the colours of the picture that is shown.
    """

    scope: Scope
    pooled: Pooled
    palette: Sequence[PaletteEntry]


def answer(
    cases: Sequence[Case],
    candidate: Sequence[ModelVersion],
    active: Sequence[ModelVersion],
    in_use: Mapping[str, Mapping[str, Sequence[str]]],
    first: int = 0,
) -> tuple[list[dict[str, Any]], list[tuple[int, float, float]]]:
    """Look at products with both sets of models.

    Args:
        cases: products with what is asked of them.
        candidate: the models with the candidate.
        active: the models in use.
        in_use: shop -> attribute -> the values that it uses.
        first: whose turn it is first, 0 or 1.

    Returns:
        The answers, see :mod:`catalog_audit.training.comparison_figures`; (pictures, seconds of the candidate, seconds
        of the models in use) of every turn. Products that have no pictures or that neither finds give no answer.
    """
    scopes = Scope.read(candidate), Scope.read(active)
    shown = _to_look_at(cases, scopes[1])
    requests = [
        PictureRequest(f"{number}.{place}", path, one.garment_group, digest)
        for number, one in enumerate(shown)
        for place, (path, digest) in enumerate(one.pictures)
    ]
    both = engine.read_by_turns(candidate, active, requests, first)
    readings = [iter(part) for part in both.readings]
    answers = []
    for one in shown:
        for scope in scopes:
            scope.use(in_use.get(one.case.shop, {}))
        looks = [_look(scope, [next(part) for _ in one.pictures]) for scope, part in zip(scopes, readings, strict=True)]
        answers += _answers(one, *looks)
    return answers, both.seconds


def _to_look_at(cases: Sequence[Case], scope: Scope) -> list[_Shown]:
    """The cases with their pictures: those that a training set names, else those that the product has now."""
    items = {item.product.pk: item for item in items_of([case.product for case in cases if case.product], scope)}
    shown = []
    for case in cases:
        item = items.get(case.product) if case.product else None
        group = case.garment_group or (item.garment_group if item else "")
        pictures = [(Path(settings.DATA_DIR) / file, digest) for file, digest in case.pictures]
        if not pictures and item:
            pictures = [(picture_path(one), one.sha256) for one in item.pictures if not one.problem]
        if group and pictures:
            shown.append(_Shown(case, group, pictures))
    return shown


def _look(scope: Scope, readings: Sequence[Reading]) -> _Look:
    pooled = pool(readings)
    return _Look(scope, pooled, readings[pooled.shown].palette)


def _answers(shown: _Shown, candidate: _Look, active: _Look) -> list[dict[str, Any]]:
    if candidate.pooled.problem and active.pooled.problem:
        return []
    case, group = shown.case, shown.garment_group
    found = []
    for attribute, ask in case.asks.items():
        said = [_said(look, attribute, ask, group) for look in (candidate, active)]
        if all(one is None for one in said):
            continue
        found.append(
            {
                "product": case.product,
                "picture": shown.pictures[active.pooled.shown][1],
                "group": group,
                "attribute": attribute,
                "label": ask.label,
                "truth": ask.truth,
                "sources": ask.sources,
                "verified": ask.verified,
                "candidate": said[0] or dict(_NOTHING),
                "active": said[1] or dict(_NOTHING),
            }
        )
    return found


def _said(look: _Look, attribute: str, ask: Ask, group: str) -> dict[str, Any] | None:
    """What a set of models says of a label; None where it does not judge the attribute or knows no right value."""
    card = look.scope.card_of(attribute, group)
    if card is None:
        return None
    right = {code for value in ask.truth for code in _meant(look.scope, attribute, value, group)}
    if not right:
        return None
    probabilities = look.pooled.probabilities.get(attribute)
    if not probabilities:
        return dict(_NOTHING)
    known_as, covers = "", tuple[str, ...]()
    if ask.label:
        known_as = look.scope.known_as(attribute, ask.label, group)
        covers = look.scope.covers(attribute, ask.label, group)
    judged = engine.judge(card, probabilities, look.palette, known_as, covers)
    return {
        "top": judged.top,
        "share": round(judged.share, 5),
        "right": judged.top in right,
        "state": judged.state,
        "p_wrong": None if judged.p_wrong is None else round(judged.p_wrong, 5),
    }


def _meant(scope: Scope, attribute: str, value: str, group: str) -> set[str]:
    """What a model may name where a value is right: it or its nearest ancestor, and the finer ones that it includes."""
    return {one for one in (scope.known_as(attribute, value, group), *scope.covers(attribute, value, group)) if one}
