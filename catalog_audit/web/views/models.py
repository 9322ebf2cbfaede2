"""Models: look, compare, put into use, take back. Admins only."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from catalog_audit.jobs import service
from catalog_audit.registry import promoting
from catalog_audit.registry.models import ModelComparison, ModelVersion
from catalog_audit.registry.promoting import CannotPromote, ReasonNeeded
from catalog_audit.registry.service import ModelsMissing
from catalog_audit.training import comparing
from catalog_audit.training.sets import SetError
from catalog_audit.web import comparison as comparison_page
from catalog_audit.web import shelf
from catalog_audit.web.access import PersonRequest, admins_only
from catalog_audit.web.forms import CompareForm, MarginForm

_WITH_ROWS = ModelComparison.objects.select_related("job__created_by", "candidate", "active")


@require_safe
@never_cache
@admins_only
def models(request: HttpRequest) -> HttpResponse:
    """All models, and who put which into use and why."""
    return render(request, "models/models.html", shelf.page())


@require_POST
@admins_only
def compare(request: PersonRequest, model_id: int) -> HttpResponse:
    """Start comparing a candidate with the models in use."""
    candidate = get_object_or_404(ModelVersion, pk=model_id)
    form = CompareForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("This training set is not there any more."))
        return HttpResponseRedirect(reverse("web:models"))
    try:
        made = comparing.start_comparison(candidate, form.cleaned_data["training_set"], request.user)
    except service.AlreadyRunning as error:
        made = ModelComparison.objects.get(job=error.job)
    except (comparing.NothingToCompare, ModelsMissing, SetError) as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(reverse("web:models"))
    return HttpResponseRedirect(reverse("web:comparison", args=[made.pk]))


@require_safe
@never_cache
@admins_only
def comparison(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """A candidate and the models in use, side by side."""
    found = get_object_or_404(_WITH_ROWS, pk=comparison_id)
    return render(request, "models/comparison.html", comparison_page.page(found))


@require_safe
@never_cache
@admins_only
def progress(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """The part of the page that reloads while the comparison runs; the whole page when it is over."""
    found = get_object_or_404(_WITH_ROWS, pk=comparison_id)
    if not found.job.is_active:
        return HttpResponseClientRefresh()
    return render(request, "models/_progress.html", comparison_page.page(found))


@require_POST
@admins_only
def cancel(request: HttpRequest, comparison_id: int) -> HttpResponse:
    """Stop a comparison."""
    service.cancel(get_object_or_404(_WITH_ROWS, pk=comparison_id).job)
    return HttpResponseRedirect(reverse("web:comparison", args=[comparison_id]))


@require_POST
@admins_only
def promote(request: PersonRequest, model_id: int) -> HttpResponse:
    """Put a model into use."""
    model = get_object_or_404(ModelVersion, pk=model_id)
    try:
        promoting.put_into_use(model, request.user, request.POST.get("reason", ""))
    except ReasonNeeded as error:
        wanted = _("A reason of at least %(count)d letters is needed:") % {"count": promoting.SHORTEST_REASON}
        messages.error(request, " ".join([wanted, *promoting.sentences(error.concerns)]))
    except CannotPromote as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The model is in use. Workers use it from their next part of work on."))
    return HttpResponseRedirect(reverse("web:models"))


@require_POST
@admins_only
def roll_back(request: PersonRequest, model_id: int) -> HttpResponse:
    """Take a model back to the one before."""
    model = get_object_or_404(ModelVersion, pk=model_id)
    try:
        promoting.roll_back(model, request.user, request.POST.get("reason", ""))
    except CannotPromote as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request, _("The earlier model is in use again. Workers use it from their next part of work on.")
        )
    return HttpResponseRedirect(reverse("web:models"))


@require_POST
@admins_only
def margin(request: PersonRequest) -> HttpResponse:
    """Say how much worse a candidate may be without a written reason."""
    form = MarginForm(request.POST)
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
    else:
        messages.error(request, _("The margin is a number of points between 0 and 20."))
    return HttpResponseRedirect(reverse("web:models"))
