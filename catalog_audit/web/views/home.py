"""The first page: what to do next."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.review import statistics
from catalog_audit.review.figures import day_began
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.overview import active_jobs, shop_summaries
from catalog_audit.web.progress import describe


@require_safe
@never_cache
@reviewers_only
def home(request: PersonRequest) -> HttpResponse:
    """Counts of flags, what was done today, the shops, and what is running."""
    shops = shop_summaries()
    now = timezone.now()
    context = {
        "shops": shops,
        "open_flags": sum(shop.open for shop in shops),
        "disputed_flags": sum(shop.disputed for shop in shops),
        "decided_flags": sum(shop.decided for shop in shops),
        "products": sum(shop.products for shop in shops),
        "today": statistics.today(request.user.pk, day_began(now)),
        "jobs": [describe(job, now) for job in active_jobs()],
    }
    return render(request, "home.html", context)
