"""The first page: what to do next."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.web.access import reviewers_only
from catalog_audit.web.overview import active_jobs, shop_summaries
from catalog_audit.web.progress import describe


@require_safe
@never_cache
@reviewers_only
def home(request: HttpRequest) -> HttpResponse:
    """Counts of flags, the shops, and what is running."""
    shops = shop_summaries()
    now = timezone.now()
    context = {
        "shops": shops,
        "open_flags": sum(shop.open for shop in shops),
        "disputed_flags": sum(shop.disputed for shop in shops),
        "decided_flags": sum(shop.decided for shop in shops),
        "products": sum(shop.products for shop in shops),
        "jobs": [describe(job, now) for job in active_jobs()],
    }
    return render(request, "home.html", context)
