"""The queue of flags, and the page of one flag."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Attribute, Shop, Value
from catalog_audit.registry.service import model_is_missing
from catalog_audit.review import leases
from catalog_audit.review.actions import label_stands, last_of
from catalog_audit.review.queue import Position, Queue
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.cards import make_card
from catalog_audit.web.evidence import gather
from catalog_audit.web.selection import STATES, read_selection, write_selection

PAGE_SIZE = 40


@require_safe
@never_cache
@reviewers_only
def queue(request: PersonRequest) -> HttpResponse:
    """The flags of a selection, the surest errors first."""
    selection = read_selection(request.GET)
    flags = Queue(request.user, selection)
    page = flags.page(Position.parse(request.GET.get("after", "")), PAGE_SIZE)
    attributes = Attribute.objects.filter(Exists(Flag.objects.filter(attribute=OuterRef("pk"), kind=Flag.Kind.FLAG)))
    context = {
        "page": page,
        "count": flags.count(),
        "selection": selection,
        "parameters": write_selection(selection),
        "states": [(state.value, state.label) for state in STATES],
        "shops": Shop.objects.all(),
        "attributes": attributes,
        "values": _values(attributes, selection.attribute),
        "is_first": "after" not in request.GET,
    }
    return render(request, "flags/queue.html", context)


def _values(attributes: QuerySet[Attribute], chosen: str) -> QuerySet[Value]:
    """What labels and suggestions can be narrowed to: the values of the chosen attribute, or of all with flags."""
    values = Value.objects.filter(attribute__in=attributes).select_related("attribute")
    return values.filter(attribute__code=chosen) if chosen else values


@require_safe
@never_cache
@reviewers_only
def flag(request: PersonRequest, flag_id: int) -> HttpResponse:
    """One flag; only its inner part when the page's script asks for it."""
    # Not all by one join: to plan it would take the database longer than all of these queries.
    own = ("product", "label__value", "prediction__picture", "prediction__run")
    flags = Flag.objects.select_related(*own).prefetch_related(
        "shop", "attribute", "label_value", "suggested", "garment_type"
    )
    flags = flags.prefetch_related("prediction__segmenter", "prediction__classifier")
    found = get_object_or_404(flags, pk=flag_id)
    return _render_flag(request, found)


@require_safe
@never_cache
@reviewers_only
def evidence(request: PersonRequest, flag_id: int) -> HttpResponse:
    """What lies around a flag: examples of both values, sisters. Asked for after the flag itself."""
    related = ("shop", "attribute", "product", "label_value", "suggested")
    found = get_object_or_404(Flag.objects.select_related(*related), pk=flag_id)
    return render(request, _template(request, "evidence"), {"evidence": gather(found)})


@require_safe
@never_cache
@reviewers_only
def following(request: PersonRequest) -> HttpResponse:
    """Go to the flag behind a position, or in front of it; to the end page when there is none."""
    selection = read_selection(request.GET)
    flags = Queue(request.user, selection)
    position = Position.parse(request.GET.get("after", ""))
    before = Position.parse(request.GET.get("before", ""))
    found = flags.preceding(before) if before else flags.take(position)
    if found is None:
        context = {
            "parameters": write_selection(selection),
            "selection": selection,
            "last": last_of(request.user),
            "model_is_missing": model_is_missing(),
        }
        return render(request, _template(request, "end"), context)
    address = reverse("web:flag", args=[found.pk])
    parameters = write_selection(selection)
    return HttpResponseRedirect(f"{address}?{parameters}" if parameters else address)


def _render_flag(request: PersonRequest, found: Flag) -> HttpResponse:
    leases.hold(found, request.user)
    selection = read_selection(request.GET)
    flags = Queue(request.user, selection)
    card = make_card(found, flags.position(found), flags.count(), write_selection(selection))
    context = {"card": card, "stands": not found.is_undecided or label_stands(found)}
    return render(request, _template(request, "flag"), context)


def _template(request: PersonRequest, name: str) -> str:
    """The inner part for the script, the whole page for everybody else."""
    inner = "X-Part" in request.headers
    return f"flags/_{name}.html" if inner else f"flags/{name}.html"
