"""Imports of product lists, to look at."""

from __future__ import annotations

from django.contrib import admin

from catalog_audit.accounts.site import ToLookAt
from catalog_audit.feeds.models import FeedImport, RowResult


@admin.register(FeedImport)
class FeedImportAdmin(ToLookAt):
    list_display = ("source_name", "shop_slug", "dry_run", "new", "updated", "unchanged", "rejected")
    list_filter = ("shop_slug", "dry_run")


@admin.register(RowResult)
class RowResultAdmin(ToLookAt):
    list_display = ("feed_import", "line", "external_id", "outcome", "field", "reason")
    list_filter = ("outcome",)
    list_select_related = ("feed_import",)
