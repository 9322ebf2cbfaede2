"""Results to take away."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.audits.exporting import AUDIT_COLUMNS, audit_rows, cells
from catalog_audit.catalog.models import Shop
from catalog_audit.feeds.exporting import CORRECTION_COLUMNS, correction_rows
from catalog_audit.feeds.writers import lines
from catalog_audit.web.access import admins_only
from catalog_audit.web.overview import shop_summaries


@require_safe
@never_cache
@admins_only
def exports(request: HttpRequest) -> HttpResponse:
    """What can be downloaded of each shop."""
    return render(request, "exports.html", {"shops": shop_summaries()})


@require_safe
@admins_only
def download(request: HttpRequest, slug: str, kind: str) -> StreamingHttpResponse:
    """The corrections, or the whole audit, as a CSV file that is written while it is sent."""
    shop = get_object_or_404(Shop, slug=slug)
    if kind == "corrections":
        pieces = lines(CORRECTION_COLUMNS, correction_rows(shop))
    elif kind == "audit":
        pieces = lines(AUDIT_COLUMNS, map(cells, audit_rows(shop)))
    else:
        raise Http404
    response = StreamingHttpResponse(pieces, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{shop.slug}-{kind}.csv"'
    return response
