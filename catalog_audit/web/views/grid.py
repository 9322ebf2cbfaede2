"""The grid: up to a hundred flags of one kind on a page, decided with one key."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.catalog.naming import names, names_where
from catalog_audit.review import actions, grids
from catalog_audit.review.errors import ReviewError
from catalog_audit.review.leases import PAGE
from catalog_audit.review.models import Decision
from catalog_audit.review.queue import Position, Queue, Selection
from catalog_audit.web import undone
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.forms import BatchForm, BatchUndoForm
from catalog_audit.web.selection import read_selection, write_selection
from catalog_audit.web.tiles import sentences

PAGE_SIZE = PAGE


@require_safe
@never_cache
@reviewers_only
def grid(request: PersonRequest) -> HttpResponse:
    """The next tiles of one kind; the list of kinds where the address names none.

    Only the inner part when the page's script asks for it.
    """
    selection = grids.plain(read_selection(request.GET))
    kind = _kind(selection)
    if kind is None:
        return _list_kinds(request, selection)
    label, suggested = kind
    page = grids.take_page(request.user, selection, Position.parse(request.GET.get("after", "")), PAGE_SIZE)
    context = {
        "page": page,
        "label": label,
        "suggested": suggested,
        "count": Queue(request.user, selection).count(),
        "parameters": write_selection(selection),
        "kinds_parameters": write_selection(replace(selection, label="", suggested="")),
        "sentences": json.dumps(sentences(label, suggested), ensure_ascii=False),
        "is_first": "after" not in request.GET,
    }
    return render(request, "flags/_grid.html" if "X-Part" in request.headers else "flags/grid.html", context)


def _kind(selection: Selection) -> tuple[Value, Value] | None:
    """Label and suggestion of the tiles; None where the address does not name both, or values that do not exist."""
    if not grids.is_one_kind(selection):
        return None
    codes, attribute = (selection.label, selection.suggested), selection.attribute
    found = names_where(lambda known: all(known.coded(code, attribute) for code in codes))
    pairs = zip(*(found.coded(code, attribute) for code in codes), strict=False)
    return next(pairs, None)


def _list_kinds(request: PersonRequest, selection: Selection) -> HttpResponse:
    counted = replace(selection, p_from=None, p_to=None, reviewer="", run=None, brand="")
    kinds = [
        {
            "kind": kind,
            "parameters": write_selection(
                replace(
                    counted, attribute=kind.label.attribute.code, label=kind.label.code, suggested=kind.suggested.code
                )
            ),
        }
        for kind in grids.kinds(counted)
    ]
    context = {
        "kinds": kinds,
        "selection": counted,
        "parameters": write_selection(counted),
        "shops": names().shops.values(),
        "attributes": names().attributes.values(),
        "states": (Flag.State.OPEN, Flag.State.DISPUTED),
    }
    return render(request, "flags/kinds.html", context)


@require_safe
@reviewers_only
def stage(request: PersonRequest, flag_id: int) -> HttpResponse:
    """The picture of a flag with what lies over it, for a closer look at a tile."""
    related = ("product", "prediction__picture")
    flag = get_object_or_404(Flag.objects.select_related(*related), pk=flag_id)
    picture = flag.prediction.picture
    context = {
        "flag": flag,
        "product": flag.product,
        "prediction": flag.prediction,
        "picture": picture if picture is not None and picture.sha256 else None,
    }
    return render(request, "flags/_stage.html", context)


@require_POST
@reviewers_only
def decide(request: PersonRequest) -> HttpResponse:
    """Store one choice about several flags. 400: not understood; 409: nothing stored, the message says why.

    Flags of which nothing could be stored are told one by one and do not hinder the others.
    """
    form = BatchForm(request.POST)
    if not form.is_valid():
        return _refuse(_("The decision was not understood, so nothing was stored."), "invalid", 400)
    sent = form.cleaned_data
    try:
        batch = actions.decide_many(sent["flags"], sent["choice"], request.user, sent["token"])
    except ReviewError as error:
        return _refuse(str(error), error.code, 409)
    return JsonResponse(_answer(request, batch))


@require_POST
@reviewers_only
def undo(request: PersonRequest) -> HttpResponse:
    """Take back a whole batch, as far as that is possible."""
    form = BatchUndoForm(request.POST)
    if not form.is_valid():
        return _refuse(_("The decision was not understood, so nothing was stored."), "invalid", 400)
    try:
        batch = actions.undo_batch(request.user, form.cleaned_data["token"], form.cleaned_data["of"])
    except ReviewError as error:
        return _refuse(str(error), error.code, 409)
    said = undone.in_words(len(batch.stored), len(batch.refused))
    answer = _answer(request, batch) | {"verdict": Decision.Verdict.UNDO, "message": said}
    if batch.stored:
        answer["address"] = _flag_address(request, batch.stored[0].flag_id)
    return JsonResponse(answer)


def _answer(request: PersonRequest, batch: actions.Batch) -> dict[str, Any]:
    flags = Flag.objects.select_related("product").in_bulk(list(batch.refused))
    refused = []
    for key, error in sorted(batch.refused.items()):
        product = flags[key].product if key in flags else None
        refused.append(
            {
                "flag": key,
                "address": _flag_address(request, key),
                "title": (product.title or product.external_id) if product else "",
                "message": str(error),
            }
        )
    return {
        "stored": len(batch.stored),
        "refused": refused,
        "repeated": batch.repeated,
        "waiting": Queue(request.user, read_selection(request.GET)).count(),
    }


def _flag_address(request: PersonRequest, key: int) -> str:
    return f"{reverse('web:flag', args=[key])}?{write_selection(read_selection(request.GET))}"


def _refuse(message: str, code: str, status: int) -> HttpResponse:
    return JsonResponse({"message": message, "code": code}, status=status)
