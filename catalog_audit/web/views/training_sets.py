"""Training sets: look, make, take away."""

from __future__ import annotations

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from catalog_audit.jobs import service
from catalog_audit.training import sets as files
from catalog_audit.training.models import TrainingSet, TrainingSetBuild
from catalog_audit.training.set_building import start_build
from catalog_audit.web.access import admins_only
from catalog_audit.web.forms import TrainingSetForm
from catalog_audit.web.training_sets import contents, overview


@require_safe
@never_cache
@admins_only
def sets(request: HttpRequest) -> HttpResponse:
    """All sets, what the latest holds, and the form that makes another."""
    return render(request, "training/sets.html", overview(timezone.now()) | {"form": TrainingSetForm()})


@require_safe
@never_cache
@admins_only
def set_list(request: HttpRequest) -> HttpResponse:
    """The part of the page that reloads while a set is being made."""
    return render(request, "training/_sets.html", overview(timezone.now()))


@require_safe
@never_cache
@admins_only
def one_set(request: HttpRequest, beginning: str) -> HttpResponse:
    """What a set holds."""
    return render(request, "training/set.html", {"contents": contents(_found(beginning))})


@require_POST
@admins_only
def make(request: HttpRequest) -> HttpResponse:
    """Ask for a set of the catalogue as it is now."""
    form = TrainingSetForm(request.POST)
    if form.is_valid():
        try:
            asked = form.cleaned_data
            start_build(asked["shops"], asked["added"], user=request.user, note=asked["note"])
        except service.AlreadyRunning:
            messages.warning(request, _("A training set is being made already."))
    else:
        messages.error(request, _("Choose shops and sets of the lists."))
    return HttpResponseRedirect(reverse("web:training_sets"))


@require_POST
@admins_only
def cancel(request: HttpRequest, build_id: int) -> HttpResponse:
    """Stop making a set; nothing of it is kept."""
    service.cancel(get_object_or_404(TrainingSetBuild.objects.select_related("job"), pk=build_id).job)
    return HttpResponseRedirect(reverse("web:training_sets"))


@require_safe
@admins_only
def download(request: HttpRequest, beginning: str) -> FileResponse:
    """The file of examples; the pictures are written by ``manage.py export_training_set``."""
    found = _found(beginning)
    try:
        stream = found.path.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        stream, as_attachment=True, filename=f"training-set-{found.short_hash}.csv", content_type="text/csv"
    )


def _found(beginning: str) -> TrainingSet:
    try:
        return files.find(beginning)
    except files.SetError:
        raise Http404 from None
