"""The page of one product."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalog_audit.catalog.models import Product
from catalog_audit.web.access import PersonRequest, reviewers_only
from catalog_audit.web.problems import REASONS
from catalog_audit.web.product import gather


@require_safe
@never_cache
@reviewers_only
def product(request: PersonRequest, product_id: int) -> HttpResponse:
    """Everything that is known of a product and has happened to its labels."""
    found = get_object_or_404(Product.objects.select_related("shop"), pk=product_id)
    return render(request, "products/product.html", {"history": gather(found, request.user), "reasons": REASONS})
