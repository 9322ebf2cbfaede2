"""The history of decisions, to look at: it is never changed."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.review.models import Decision


@admin.register(Decision)
class DecisionAdmin(ToLookAt):
    list_display = ("created_at", "user", "product", "attribute", "verdict", "raw", "old_value", "new_value")
    list_filter = ("verdict", "user")
    list_select_related = ("user", "product", "attribute", "old_value", "new_value")
    search_fields = ("=product__external_id",)
