"""The queue of flags, and the page of one flag."""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.audits.models import Flag
from catalog_audit.audits.naming import name
from catalog_audit.registry.service import model_is_missing
from catalog_audit.review import leases
from catalog_audit.review.actions import label_stands, last_of
from catalog_audit.review.disputing import may_decide
from catalog_audit.review.effort import estimate
from catalog_audit.review.mixing import may_hold_samples
from catalog_audit.review.queue import Position, Queue
from catalog_audit.review.saved import may_change, views_of
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.cards import address_of, load, make_card
from catalog_audit.web.evidence import gather
from catalog_audit.web.filters import filters
from catalog_audit.web.selection import read_selection, write_selection

PAGE_SIZE = 40


@require_safe
@never_cache
@reviewers_only
def queue(request: PersonRequest) -> HttpResponse:
    """The flags of a selection, the surest errors first."""
    selection = read_selection(request.GET)
    flags = Queue(request.user, selection)
    page, tally = flags.page(Position.parse(request.GET.get("after", "")), PAGE_SIZE), flags.tally()
    context = {
        "page": page,
        "tally": tally,
        "selection": selection,
        "parameters": write_selection(selection),
        "filters": filters(request.user, selection),
        "views": [(view, may_change(view, request.user)) for view in views_of(request.user)],
        "is_first": "after" not in request.GET,
        "p_from": f"{selection.p_from or 0:g}",
        "is_work": selection.state in Flag.UNDECIDED,
    }
    if selection.state == Flag.State.OPEN:
        context |= {"effort": estimate(request.user, selection, (tally.number, tally.more))}
    return render(request, "flags/queue.html", context)


@require_safe
@never_cache
@reviewers_only
def effort(request: PersonRequest) -> HttpResponse:
    """What the open flags of a selection would take, in a sentence: asked for while the slider moves."""
    found = estimate(request.user, read_selection(request.GET))
    return render(request, "flags/_effort.html", {"effort": found})


@require_safe
@never_cache
@reviewers_only
def flag(request: PersonRequest, flag_id: int) -> HttpResponse:
    """One flag; only its inner part when the page's script asks for it."""
    found = load(flag_id)
    if found is None:
        raise Http404
    leases.hold(found, request.user)
    return _render_flag(request, found, Queue(request.user, read_selection(request.GET)))


@require_safe
@never_cache
@reviewers_only
def evidence(request: PersonRequest, flag_id: int) -> HttpResponse:
    """What lies around a flag: examples of both values, sisters. Asked for after the flag itself."""
    found = get_object_or_404(Flag.objects.select_related("product"), pk=flag_id)
    name([found])
    return render(request, _template(request, "evidence"), {"evidence": gather(found)})


@require_safe
@never_cache
@reviewers_only
def following(request: PersonRequest) -> HttpResponse:
    """Go to the flag behind a position, or in front of it; to the end page when there is none.

    The page's script gets the flag at once: it would only ask for it again.
    """
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
    whole = load(found.pk) if _is_part(request) else None
    if whole is None:
        return HttpResponseRedirect(address_of(found.pk, write_selection(selection)))
    if before:
        leases.hold(whole, request.user)
    return _render_flag(request, whole, flags)


def _render_flag(request: PersonRequest, found: Flag, flags: Queue) -> HttpResponse:
    card = make_card(
        found,
        flags.position(found),
        flags.count(),
        write_selection(flags.selection),
        request.user,
        hides_shares=may_hold_samples(flags.selection),
    )
    context = {
        "card": card,
        "stands": not found.is_undecided or label_stands(found),
        "decidable": may_decide(found, request.user),
    }
    return render(request, _template(request, "flag"), context)


def _template(request: PersonRequest, name: str) -> str:
    """The inner part for the script, the whole page for everybody else."""
    return f"flags/_{name}.html" if _is_part(request) else f"flags/{name}.html"


def _is_part(request: PersonRequest) -> bool:
    return "X-Part" in request.headers
