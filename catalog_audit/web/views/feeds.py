"""Product lists: upload, look at the columns, see what became of each row."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from catalog_audit.catalog.files import FileProblem
from catalog_audit.feeds.columns import FIELDS, ColumnError
from catalog_audit.feeds.models import FeedImport, RowResult
from catalog_audit.feeds.readers import FeedError
from catalog_audit.feeds.uploads import accept_upload
from catalog_audit.feeds.writers import lines
from catalog_audit.jobs import service
from catalog_audit.web.access import admins_only
from catalog_audit.web.forms import FeedForm
from catalog_audit.web.previews import FIELD_NAMES, preview
from catalog_audit.web.problems import picture_problems
from catalog_audit.web.progress import describe

#: Imports that the page lists, and rejected rows on a page.
LATEST, ROWS = 20, 100


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@admins_only
def feeds(request: HttpRequest) -> HttpResponse:
    """The upload form and the latest imports."""
    form = FeedForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        mapping = {field: request.POST[f"map_{field}"] for field in FIELDS if f"map_{field}" in request.POST}
        files = form.cleaned_data["feed"], form.cleaned_data["archive"]
        try:
            feed_import = accept_upload(form.slug, *files, mapping, request.user, form.cleaned_data["dry_run"])
        except service.AlreadyRunning:
            form.add_error(None, _("Another product list of this shop is being imported. Wait until it is done."))
        except (FeedError, ColumnError, FileProblem) as error:
            form.add_error(None, str(error))
        else:
            return HttpResponseRedirect(reverse("web:feed_result", args=[feed_import.pk]))
    imports = FeedImport.objects.select_related("job__created_by", "shop")[:LATEST]
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "feeds/feeds.html", {"form": form, "imports": imports}, status=status)


@require_POST
@admins_only
def columns(request: HttpRequest) -> HttpResponse:
    """Which column would be what, from the first part of the file."""
    beginning = request.FILES.get("beginning")
    if beginning is None:
        return HttpResponse(status=400)
    try:
        return render(request, "feeds/_columns.html", {"preview": preview(beginning)})
    except FeedError as error:
        return render(request, "feeds/_columns.html", {"error": str(error)}, status=422)


@require_safe
@never_cache
@admins_only
def result(request: HttpRequest, import_id: int) -> HttpResponse:
    """What became of an import."""
    feed_import = _find(import_id)
    rejected = feed_import.rows.filter(outcome=RowResult.Outcome.REJECTED)
    changed = feed_import.rows.exclude(outcome=RowResult.Outcome.REJECTED)
    shown = "changed" if request.GET.get("rows") == "changed" else "rejected"
    page = Paginator(changed if shown == "changed" else rejected, ROWS).get_page(request.GET.get("page"))
    problems = picture_problems(feed_import.unusable_pictures)
    context = _progress(feed_import) | {"rows": page, "shown": shown, "problems": problems, "field_names": FIELD_NAMES}
    return render(request, "feeds/result.html", context)


@require_safe
@never_cache
@admins_only
def progress(request: HttpRequest, import_id: int) -> HttpResponse:
    """The part of the page that reloads; when the import is over the browser loads the whole page."""
    feed_import = _find(import_id)
    response = render(request, "feeds/_progress.html", _progress(feed_import))
    if not feed_import.job.is_active:
        response["HX-Refresh"] = "true"
    return response


@require_safe
@admins_only
def rejects(request: HttpRequest, import_id: int) -> StreamingHttpResponse:
    """The rejected rows as a CSV file."""
    feed_import = _find(import_id)
    rows = feed_import.rows.filter(outcome=RowResult.Outcome.REJECTED).values_list(*REJECT_COLUMNS)
    response = StreamingHttpResponse(lines(REJECT_COLUMNS, rows.iterator()), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{feed_import.shop_slug}-rejected-rows.csv"'
    return response


@require_POST
@admins_only
def cancel(request: HttpRequest, import_id: int) -> HttpResponse:
    """Stop an import; the rows that are in stay."""
    service.cancel(_find(import_id).job)
    return HttpResponseRedirect(reverse("web:feed_result", args=[import_id]))


REJECT_COLUMNS = ("line", "field", "reason", "external_id")


def _find(import_id: int) -> FeedImport:
    return get_object_or_404(FeedImport.objects.select_related("job__created_by", "shop"), pk=import_id)


def _progress(feed_import: FeedImport) -> dict[str, Any]:
    return {"feed_import": feed_import, "progress": describe(feed_import.job, timezone.now())}
