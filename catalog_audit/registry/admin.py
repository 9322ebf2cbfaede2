"""Model files, to look at: they are made and chosen by commands."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.registry.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(ToLookAt):
    list_display = ("kind", "garment_group", "version", "state", "created_at")
    list_filter = ("kind", "state", "garment_group")
