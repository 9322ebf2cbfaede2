"""Audit runs: start, watch, cancel."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog_audit.audits import planning
from catalog_audit.audits.models import AuditRun
from catalog_audit.audits.running import start_audit
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs import service
from catalog_audit.registry.service import ModelsMissing
from catalog_audit.web.access import admins_only, reviewers_only
from catalog_audit.web.forms import AuditForm
from catalog_audit.web.progress import describe
from catalog_audit.web.reasons import sentences
from catalog_audit.web.runs import page

#: How many runs the page lists.
LATEST = 50
#: Seconds that somebody waits to be told what an audit would look at.
PATIENCE = 4.0


@require_safe
@never_cache
@reviewers_only
def audits(request: HttpRequest) -> HttpResponse:
    """All runs, and the form that starts one."""
    return render(request, "audits/audits.html", _runs() | {"form": AuditForm(), "shops": Shop.objects.all()})


@require_safe
@never_cache
@reviewers_only
def audit_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that reloads while something runs."""
    return render(request, "audits/_list.html", _runs())


@require_safe
@never_cache
@reviewers_only
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run: why it looked, what it saw, and whether that is like the runs before."""
    found = get_object_or_404(AuditRun.objects.select_related("shop", "job__created_by"), pk=run_id)
    return render(request, "audits/run.html", page(found, request.GET.get("attribute", "")))


@require_safe
@never_cache
@reviewers_only
def plan(request: HttpRequest) -> HttpResponse:
    """What an audit would look at, and why."""
    shop = Shop.objects.filter(slug=request.GET.get("shop", "")).first()
    if shop is None:
        messages.error(request, _("Choose a shop."))
        return HttpResponseRedirect(reverse("web:audits"))
    try:
        planned = planning.plan(shop, PATIENCE)
    except ModelsMissing:
        messages.error(request, _("No model is in use, so nothing can be audited until an admin promotes one."))
        return HttpResponseRedirect(reverse("web:audits"))
    context = {"shop": shop, "plan": planned, "reasons": sentences(planned.reasons)}
    return render(request, "audits/plan.html", context)


@require_POST
@admins_only
def start(request: HttpRequest) -> HttpResponse:
    """Audit a shop."""
    form = AuditForm(request.POST)
    if form.is_valid():
        try:
            start_audit(form.cleaned_data["shop"], request.user)
        except service.AlreadyRunning:
            messages.warning(request, _("This shop is being audited already."))
    else:
        messages.error(request, _("Choose a shop."))
    return HttpResponseRedirect(reverse("web:audits"))


@require_POST
@admins_only
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop a run; what it has found so far stays."""
    service.cancel(get_object_or_404(AuditRun.objects.select_related("job"), pk=run_id).job)
    return HttpResponseRedirect(reverse("web:audits"))


def _runs() -> dict[str, Any]:
    now = timezone.now()
    runs = AuditRun.objects.select_related("shop", "job__created_by")[:LATEST]
    rows = [(run, describe(run.job, now)) for run in runs]
    active = any(run.job.is_active for run, _progress in rows)
    return {
        "rows": [(run, progress, sentences(run.reasons)) for run, progress in rows],
        "active": active,
        "lonely": any(progress.lonely for _run, progress in rows),
    }
