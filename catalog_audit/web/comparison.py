"""The page of a comparison: the verdict in words first, then the figures side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from catalog_audit.catalog.models import Attribute, Picture, Product, Value
from catalog_audit.registry.groups import group_name
from catalog_audit.registry.models import ModelComparison, ModelVersion, PromotionPolicy
from catalog_audit.registry.promoting import concerns_about, is_worse, latest_comparison, sentences
from catalog_audit.review.intervals import Share
from catalog_audit.training import comparing
from catalog_audit.training.models import TrainingSet
from catalog_audit.web.progress import describe

#: Flags that are shown at once; the others are folded away.
FIRST = 12


@dataclass(frozen=True, slots=True)
class Line:
    """Both models on the same questions.

    Attributes:
        name: what they are about.
        of: how many.
        candidate, active: accuracy with its interval.
        points: by how many points of a hundred the candidate is better; below zero it is worse.
        low, high: the 95% interval of that.
        verdict: "better", "worse" (both beyond chance), or "" .
        breaks: whether it is worse by more than the margin, beyond chance.
    """

    name: str
    of: int
    candidate: Share
    active: Share
    points: float
    low: float
    high: float
    verdict: str
    breaks: bool


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A value, and how the models do on it.

    Attributes:
        code: of the value.
        value: the dictionary's, or None where it is gone.
        found: candidate and active: of the products that have it, those named so.
        right: candidate and active: of the products named so, those that have it.
    """

    code: str
    value: Value | None
    found: tuple[Share, Share]
    right: tuple[Share, Share]


@dataclass(frozen=True, slots=True)
class Changed:
    """A label that only one of the models would flag.

    Attributes:
        product: the row, or None for pictures from outside or a product that is gone.
        picture: the row, or None.
        label, suggested: values, or None where they are gone.
        p_wrong: of the model that flags it, 0..1.
        is_good: whether the label is wrong indeed; None where nobody has said.
    """

    product: Product | None
    picture: Picture | None
    label: Value | None
    suggested: Value | None
    p_wrong: float
    is_good: bool | None


def page(comparison: ModelComparison) -> dict[str, Any]:
    """All that the page shows."""
    comparing.settle(comparison)
    chosen = TrainingSet.objects.filter(content_hash=comparison.training_set).first()
    context: dict[str, Any] = {
        "comparison": comparison,
        "progress": describe(comparison.job, timezone.now()),
        "training_set": chosen,
        "numbers": comparison.plan.get("numbers", {}),
    }
    if comparison.finished_at is None:
        return context
    figures = comparison.figures
    candidate = comparison.candidate
    is_latest = latest_comparison(candidate) == comparison
    concerns = concerns_about(comparison)
    attributes = {one.code: str(one) for one in Attribute.objects.all()}
    margin = PromotionPolicy.current().margin
    main = "set" if "set" in figures["evidence"] else "people"
    lines = _lines(figures["evidence"].get(main, {}).get("attributes", {}), attributes, margin)
    return context | {
        "can_promote": is_latest and candidate.state != ModelVersion.State.ACTIVE,
        "is_latest": is_latest,
        "concerns": sentences(concerns),
        "main": main,
        "verdict": [_sentence(line) for line in [*_on_the_whole(figures["evidence"], main, margin), *lines]],
        "sources": [(source, _lines(found, attributes, margin)) for source, found in figures["sources"].items()],
        "groups": list(_groups(figures["evidence"], attributes, margin)),
        "values": list(_values(figures["values"], attributes)),
        "reliability": figures["reliability"],
        "kept": figures["flags"]["kept"],
        "changes": [(name, figures["flags"][name], _changed(figures["flags"][name], name)) for name in _CHANGES],
        "speed": figures["speed"],
        "first": FIRST,
    }


_CHANGES = ("gained", "lost")


def _line(name: str, pair: Mapping[str, Any], margin: float) -> Line:
    verdict = "better" if pair["low"] > 0 else "worse" if pair["high"] < 0 else ""
    return Line(
        name,
        pair["of"],
        Share(pair["candidate"], pair["of"]),
        Share(pair["active"], pair["of"]),
        pair["difference"] * 100,
        pair["low"] * 100,
        pair["high"] * 100,
        verdict,
        is_worse(pair, margin),
    )


def _lines(pairs: Mapping[str, Any], attributes: Mapping[str, str], margin: float) -> list[Line]:
    """A line for each attribute, in the dictionary's order; "" stands for all of them."""
    order = ["", *attributes]
    known = sorted(pairs, key=lambda code: order.index(code) if code in order else len(order))
    return [
        _line(attributes.get(code, code) if code else _("all attributes together"), pairs[code], margin)
        for code in known
    ]


def _on_the_whole(evidence: Mapping[str, Any], main: str, margin: float) -> list[Line]:
    return [_line(_("On the whole"), evidence[main]["all"], margin)] if main in evidence else []


def _sentence(line: Line) -> tuple[str, str]:
    """(verdict, a line in words)."""
    ends = sorted((abs(line.low), abs(line.high)))
    numbers = {
        "what": line.name,
        "points": _points(abs(line.points)),
        "low": _points(ends[0]),
        "high": _points(ends[1]),
    }
    if line.verdict == "better":
        return "better", _("%(what)s: the candidate is better by %(points)s points (%(low)s to %(high)s).") % numbers
    if line.verdict == "worse":
        return "worse", _("%(what)s: the candidate is worse by %(points)s points (%(low)s to %(high)s).") % numbers
    sentence = _("%(what)s: no difference that chance would not explain (%(points)s points, from %(low)s to %(high)s).")
    signed = {
        name: _points(number) for name, number in (("points", line.points), ("low", line.low), ("high", line.high))
    }
    return "", sentence % (signed | {"what": line.name})


def _points(number: float) -> str:
    """A number of points with one digit, as the language writes it."""
    return number_format(round(number, 1) + 0.0, 1)


def _groups(
    evidence: Mapping[str, Any], attributes: Mapping[str, str], margin: float
) -> Iterable[tuple[str, list[tuple[str, list[Line]]]]]:
    """Where it was measured -> garment group -> lines."""
    for name, found in evidence.items():
        yield name, [(group_name(group), _lines(pairs, attributes, margin)) for group, pairs in found["groups"].items()]


def _values(
    figures: Mapping[str, Mapping[str, Any]], attributes: Mapping[str, str]
) -> Iterable[tuple[str, list[ValueLine]]]:
    rows = Value.objects.filter(attribute__code__in=list(figures)).select_related("attribute")
    known = {(row.attribute.code, row.code): row for row in rows}
    for attribute, values in figures.items():
        lines = [
            ValueLine(
                code,
                known.get((attribute, code)),
                _shares(one, "recall"),
                _shares(one, "precision"),
            )
            for code, one in values.items()
        ]
        yield attributes.get(attribute, attribute), lines


def _shares(one: Mapping[str, Any], what: str) -> tuple[Share, Share]:
    return Share(*one["candidate"][what]), Share(*one["active"][what])


def _changed(told: Mapping[str, Any], which: str) -> list[Changed]:
    """The examples with their rows, four questions in all."""
    model = "candidate" if which == "gained" else "active"
    answers: Sequence[Mapping[str, Any]] = told["examples"]
    products = Product.objects.in_bulk([one["product"] for one in answers if one["product"]])
    pictures = {
        (row.product_id, row.sha256): row
        for row in Picture.objects.filter(product__in=list(products), sha256__in={one["picture"] for one in answers})
    }
    rows = Value.objects.filter(attribute__code__in={one["attribute"] for one in answers}).select_related("attribute")
    values = {(row.attribute.code, row.code): row for row in rows}
    return [
        Changed(
            products.get(one["product"]),
            pictures.get((one["product"], one["picture"])),
            values.get((one["attribute"], one["label"])),
            values.get((one["attribute"], one[model]["top"])),
            one[model]["p_wrong"] or 0.0,
            one["label"] not in one["truth"] if one["verified"] else None,
        )
        for one in answers
    ]
