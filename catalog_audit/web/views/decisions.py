"""Decisions as the browser sends them: JSON for the page's script, a redirect for a browser without it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog_audit.audits.models import Flag
from catalog_audit.catalog.models import Value
from catalog_audit.review import actions
from catalog_audit.review.errors import FlagAlreadyDecided, NothingToUndo, ReviewError
from catalog_audit.review.models import Decision
from catalog_audit.review.queue import Queue
from catalog_audit.web import undone
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.conflicts import in_words
from catalog_audit.web.forms import DecisionForm, UndoForm
from catalog_audit.web.selection import read_selection


@require_POST
@reviewers_only
def decide(request: PersonRequest, flag_id: int) -> HttpResponse:
    """Store a verdict. 400: not understood; 409: nothing stored, the message says why."""
    flag = get_object_or_404(Flag.objects.only("pk"), pk=flag_id)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _refuse(request, _("The decision was not understood, so nothing was stored."), "invalid", 400)
    try:
        outcome = _act(flag, request.user, **form.cleaned_data)
    except FlagAlreadyDecided as error:
        return _refuse(request, in_words(error, request.user, form.cleaned_data), error.code, 409)
    except ReviewError as error:
        return _refuse(request, str(error), error.code, 409)
    return _stored(request, outcome, _next_address(request))


@require_POST
@reviewers_only
def undo(request: PersonRequest) -> HttpResponse:
    """Take back what the person did last (a batch as a whole), or the decision whose token is given."""
    form = UndoForm(request.POST)
    if not form.is_valid():
        return _refuse(request, _("The decision was not understood, so nothing was stored."), "invalid", 400)
    try:
        outcome = actions.undo(request.user, form.cleaned_data["token"], _decision(form.cleaned_data["of"]))
    except ReviewError as error:
        return _refuse(request, str(error), error.code, 409)
    said = undone.in_words(outcome.number, outcome.refused)
    if not _wants_json(request):
        messages.success(request, said)
    return _stored(request, outcome, _flag_address(request, outcome.decision.flag_id), message=said)


def _act(flag: Flag, user: Any, choice: Value | str, token: UUID, lean: Value | None) -> actions.Outcome:
    if isinstance(choice, Value):
        return actions.fix(flag, choice, user, token)
    if choice == Decision.Verdict.DISPUTE:
        return actions.dispute(flag, user, token, lean)
    acts = {
        Decision.Verdict.ACCEPT: actions.accept,
        Decision.Verdict.BOTH: actions.both,
        Decision.Verdict.SKIP: actions.skip,
    }
    return acts[Decision.Verdict(choice)](flag, user, token)


def _decision(token: UUID | None) -> Decision | None:
    if token is None:
        return None
    decision = Decision.objects.filter(token=token).first()
    if decision is None:
        raise NothingToUndo
    return decision


def _stored(request: PersonRequest, outcome: actions.Outcome, next_address: str, **more: str) -> HttpResponse:
    if not _wants_json(request):
        return HttpResponseRedirect(next_address)
    decision = outcome.decision
    return JsonResponse(
        {
            "flag": decision.flag_id,
            "verdict": decision.verdict,
            "repeated": outcome.repeated,
            "address": _flag_address(request, decision.flag_id),
            "waiting": Queue(request.user, read_selection(request.GET)).count(),
        }
        | more
    )


def _refuse(request: PersonRequest, message: str, code: str, status: int) -> HttpResponse:
    if _wants_json(request):
        return JsonResponse({"message": message, "code": code}, status=status)
    messages.warning(request, message)
    return HttpResponseRedirect(_next_address(request))


def _wants_json(request: PersonRequest) -> bool:
    return request.accepts("application/json") and not request.accepts("text/html")


def _next_address(request: PersonRequest) -> str:
    parameters = request.GET.urlencode()
    return f"{reverse('web:next_flag')}?{parameters}"


def _flag_address(request: PersonRequest, flag_id: int) -> str:
    parameters = request.GET.copy()
    parameters.pop("after", None)
    address = reverse("web:flag", args=[flag_id])
    return f"{address}?{parameters.urlencode()}" if parameters else address
