"""Model files, to look at: they are made and chosen by commands."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.registry.models import ModelComparison, ModelVersion, Promotion


@admin.register(ModelVersion)
class ModelVersionAdmin(ToLookAt):
    list_display = ("kind", "garment_group", "version", "state", "created_at")
    list_filter = ("kind", "state", "garment_group")


@admin.register(ModelComparison)
class ModelComparisonAdmin(ToLookAt):
    list_display = ("candidate", "active", "created_at", "finished_at")
    list_select_related = ("candidate", "active")


@admin.register(Promotion)
class PromotionAdmin(ToLookAt):
    list_display = ("at", "act", "model", "replaced", "by", "reason")
    list_select_related = ("model", "replaced", "by")
    list_filter = ("act", "kind")
