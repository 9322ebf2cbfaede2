"""What audits found, to look at: flags are decided on the review pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from catalog_audit.accounts.site import ByRole, ToLookAt
from catalog_audit.audits.models import ArguablePair, ArguableRule, AuditRun, Flag, Prediction, ReviewPolicy


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
    list_filter = ("state", "kind", "shop", "attribute")
    list_select_related = ("product", "shop", "attribute", "label_value", "suggested")
    search_fields = ("=product__external_id",)


@admin.register(ArguablePair)
class ArguablePairAdmin(ToLookAt):
    list_display = ("product", "attribute", "low", "high")
    list_select_related = ("product", "attribute", "low", "high")
    search_fields = ("=product__external_id",)


@admin.register(ArguableRule)
class ArguableRuleAdmin(ToLookAt):
    list_display = ("attribute", "low", "high", "shop", "garment_group", "made_by", "made_at", "ended_by", "ended_at")
    list_select_related = ("attribute", "low", "high", "shop", "made_by", "ended_by")


@admin.register(ReviewPolicy)
class ReviewPolicyAdmin(ByRole, admin.ModelAdmin):
    """How much is asked beside the flags."""

    list_display = ("__str__", "check_share", "sample_share")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and not ReviewPolicy.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
