"""Trainings: start, watch, stop, go on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog_audit.jobs import service
from catalog_audit.registry.service import ModelsMissing
from catalog_audit.training.models import TrainingRun, TrainingSet
from catalog_audit.training.problems import TrainingProblem
from catalog_audit.training.retraining import go_on, start_retraining
from catalog_audit.web.access import PersonRequest, admins_only
from catalog_audit.web.progress import describe
from catalog_audit.web.training_forms import RetrainingForm
from catalog_audit.web.trainings import look_at

#: How many trainings the page lists.
LATEST = 50


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admins_only
def trainings(request: PersonRequest) -> HttpResponse:
    """All trainings, and the form that starts one."""
    form = RetrainingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        try:
            run = start_retraining(
                chosen["training_set"],
                mode=chosen["mode"],
                attributes=chosen["attributes"],
                groups=chosen["groups"],
                user=request.user,
            )
        except service.AlreadyRunning:
            form.add_error(None, _("Another training is under way. There is one at a time; wait until it is over."))
        except (TrainingProblem, ModelsMissing) as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(reverse("web:training_run", args=[run.pk]))
    status = 422 if form.is_bound and not form.is_valid() else 200
    context = _runs() | {"form": form, "sets": TrainingSet.objects.exists()}
    return render(request, "training/trainings.html", context, status=status)


@require_safe
@never_cache
@admins_only
def training_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that reloads while something runs."""
    return render(request, "training/_list.html", _runs())


@require_safe
@never_cache
@admins_only
def training(request: HttpRequest, run_id: int) -> HttpResponse:
    """One training."""
    return render(request, "training/training.html", {"view": look_at(_find(run_id), timezone.now())})


@require_safe
@never_cache
@admins_only
def progress(request: HttpRequest, run_id: int) -> HttpResponse:
    """The part of its page that reloads; when the training is over the browser loads the whole page."""
    run = _find(run_id)
    response = render(request, "training/_run.html", {"view": look_at(run, timezone.now())})
    if not run.job.is_active:
        response["HX-Refresh"] = "true"
    return response


@require_POST
@admins_only
def cancel(request: HttpRequest, run_id: int) -> HttpResponse:
    """Stop a training; what it has learnt so far stays, to go on from."""
    service.cancel(_find(run_id).job)
    return HttpResponseRedirect(reverse("web:training_run", args=[run_id]))


@require_POST
@admins_only
def resume(request: PersonRequest, run_id: int) -> HttpResponse:
    """Go on with a training that failed or was stopped."""
    run = _find(run_id)
    if not look_at(run, timezone.now()).may_go_on:
        return HttpResponseRedirect(reverse("web:training_run", args=[run_id]))
    try:
        again = go_on(run, user=request.user)
    except service.AlreadyRunning:
        messages.warning(request, _("Another training is under way. There is one at a time; wait until it is over."))
        return HttpResponseRedirect(reverse("web:training_run", args=[run_id]))
    return HttpResponseRedirect(reverse("web:training_run", args=[again.pk]))


def _all() -> QuerySet[TrainingRun]:
    return TrainingRun.objects.select_related("job__created_by", "training_set", "model", "base")


def _find(run_id: int) -> TrainingRun:
    return get_object_or_404(_all(), pk=run_id)


def _runs() -> dict[str, Any]:
    now = timezone.now()
    rows = [(run, describe(run.job, now)) for run in _all()[:LATEST]]
    active = any(run.job.is_active for run, _progress in rows)
    return {"rows": rows, "active": active, "lonely": any(progress.lonely for _run, progress in rows)}
