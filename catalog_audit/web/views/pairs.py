"""Arguable pairs: look at them, see what a mark would close, mark, take back."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog_audit.audits import arguable
from catalog_audit.audits.models import ArguableRule
from catalog_audit.review import confusions
from catalog_audit.web.access import PersonRequest, admins_only, reviewers_only
from catalog_audit.web.forms import PairForm
from catalog_audit.web.pairs import page, preview_page


@require_safe
@never_cache
@reviewers_only
def pairs(request: PersonRequest) -> HttpResponse:
    """What is confused, and what was marked."""
    return render(request, "dashboard/pairs.html", page(request.GET))


@require_safe
@never_cache
@reviewers_only
def preview(request: PersonRequest) -> HttpResponse:
    """What a mark would close."""
    form = PairForm(request.GET)
    if not form.is_valid():
        messages.error(request, _("Choose a pair of values."))
        return HttpResponseRedirect(reverse("web:pairs"))
    return render(request, "dashboard/pair.html", preview_page(form.scope))


@require_POST
@admins_only
def mark(request: PersonRequest) -> HttpResponse:
    """Mark a pair as arguable."""
    form = PairForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a pair of values."))
        return HttpResponseRedirect(reverse("web:pairs"))
    try:
        rule = arguable.mark(form.scope, request.user)
    except arguable.AlreadyMarked:
        messages.warning(request, _("This pair is marked already."))
    else:
        closed = rule.set_aside.count()
        sentence = ngettext("Marked. %(count)d flag is closed.", "Marked. %(count)d flags are closed.", closed)
        messages.success(request, sentence % {"count": closed})
    confusions.forget()
    return HttpResponseRedirect(reverse("web:pairs"))


@require_POST
@admins_only
def take_back(request: PersonRequest, rule_id: int) -> HttpResponse:
    """Take a mark back."""
    returned = arguable.take_back(get_object_or_404(ArguableRule, pk=rule_id), request.user)
    sentence = ngettext("Taken back. %(count)d flag is back.", "Taken back. %(count)d flags are back.", returned)
    messages.success(request, sentence % {"count": returned})
    confusions.forget()
    return HttpResponseRedirect(reverse("web:pairs"))
