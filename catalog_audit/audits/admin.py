"""What audits found, to look at: flags are decided on the review pages."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.audits.models import AuditRun, Flag, Prediction


@admin.register(AuditRun)
class AuditRunAdmin(ToLookAt):
    list_display = ("shop", "job", "unchanged")
    list_select_related = ("shop", "job")


@admin.register(Prediction)
class PredictionAdmin(ToLookAt):
    list_display = ("product", "attribute", "label_value", "top_value", "p_wrong", "state", "problem", "created_at")
    list_filter = ("state", "problem", "current")
    list_select_related = ("product", "attribute", "label_value", "top_value")
    search_fields = ("=product__external_id",)


@admin.register(Flag)
class FlagAdmin(ToLookAt):
    list_display = ("product", "shop", "attribute", "label_value", "suggested", "p_wrong", "state", "changed_at")
    list_filter = ("state", "shop", "attribute")
    list_select_related = ("product", "shop", "attribute", "label_value", "suggested")
    search_fields = ("=product__external_id",)
