"""Saved views of the queue: save, rename, delete, and back to the queue."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from catalog_audit.review import saved
from catalog_audit.review.models import SavedView
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.forms import RenameForm, ViewForm
from catalog_audit.web.selection import read_selection, write_selection


@require_POST
@reviewers_only
def save(request: PersonRequest) -> HttpResponse:
    """Keep filters under a name; only what the queue understands of them is kept."""
    form = ViewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give the view a name of at most 60 letters."))
        return _back(_cleaned(request.POST.get("query", "")))
    sent = form.cleaned_data
    query = _cleaned(sent["query"])
    try:
        saved.save(request.user, sent["name"], query, shared=sent["shared"])
    except saved.ViewError as error:
        messages.warning(request, str(error))
    return _back(query)


@require_POST
@reviewers_only
def rename(request: PersonRequest, view_id: int) -> HttpResponse:
    """Give a view another name."""
    view = get_object_or_404(SavedView, pk=view_id)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            saved.rename(view, request.user, form.cleaned_data["name"])
        except saved.ViewError as error:
            messages.warning(request, str(error))
    else:
        messages.error(request, _("Give the view a name of at most 60 letters."))
    return _back(view.query)


@require_POST
@reviewers_only
def delete(request: PersonRequest, view_id: int) -> HttpResponse:
    """Delete a view; the flags stay as they are shown."""
    view = get_object_or_404(SavedView, pk=view_id)
    saved.delete(view, request.user)
    return _back(view.query)


def _cleaned(query: str) -> str:
    return write_selection(read_selection(QueryDict(query[:2000])))


def _back(query: str) -> HttpResponse:
    address = reverse("web:flags")
    return HttpResponseRedirect(f"{address}?{query}" if query else address)
