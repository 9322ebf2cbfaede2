"""The dictionary can be changed; what came from a shop's product list is to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from catalog_audit.accounts.site import ByRole, ToLookAt
from catalog_audit.catalog import mapping
from catalog_audit.catalog.models import Attribute, Label, Picture, Product, Shop, Synonym, Value


class Kept(ByRole, admin.ModelAdmin):
    """Can be changed and not deleted: everything else hangs on it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Shop)
class ShopAdmin(Kept):
    list_display = ("slug", "name", "created_at")


@admin.register(Attribute)
class AttributeAdmin(Kept):
    list_display = ("code", "name_en", "name_ru", "position")


@admin.register(Value)
class ValueAdmin(Kept):
    list_display = ("code", "attribute", "name_en", "name_ru", "swatch", "parent", "garment_group", "position")
    list_filter = ("attribute",)
    list_select_related = ("attribute", "parent")
    search_fields = ("code", "name_en", "name_ru")
    autocomplete_fields = ("parent",)


@admin.register(Synonym)
class SynonymAdmin(ByRole, admin.ModelAdmin):
    list_display = ("word", "value", "attribute", "shop", "created_by")
    list_filter = ("attribute", "shop")
    list_select_related = ("value", "attribute", "shop", "created_by")
    search_fields = ("word", "value__name_en", "value__name_ru")
    autocomplete_fields = ("value",)
    exclude = ("created_by",)

    def save_model(self, request: Any, obj: Synonym, form: Any, change: bool) -> None:
        shops = {obj.shop}
        if change:
            shops.add(Synonym.objects.select_related("shop").get(pk=obj.pk).shop)
        else:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
        self._remap(shops)

    def delete_model(self, request: HttpRequest, obj: Synonym) -> None:
        super().delete_model(request, obj)
        self._remap({obj.shop})

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Synonym]) -> None:
        shops = {synonym.shop for synonym in queryset}
        super().delete_queryset(request, queryset)
        self._remap(shops)

    def _remap(self, shops: set[Shop | None]) -> None:
        """Let the labels follow; a word without a shop is every shop's."""
        for shop in Shop.objects.all():
            if None in shops or shop in shops:
                mapping.remap(shop)


@admin.register(Product)
class ProductAdmin(ToLookAt):
    list_display = ("external_id", "title", "shop", "group", "brand", "updated_at")
    list_filter = ("shop",)
    list_select_related = ("shop",)
    search_fields = ("=external_id", "title")


@admin.register(Label)
class LabelAdmin(ToLookAt):
    list_display = ("product", "attribute", "raw", "value", "verdict", "correction", "decided_by", "decided_at")
    list_filter = ("attribute", "verdict", "product__shop")
    list_select_related = ("product", "attribute", "value", "correction", "decided_by")
    search_fields = ("=product__external_id", "=raw")


@admin.register(Picture)
class PictureAdmin(ToLookAt):
    list_display = ("source", "product", "width", "height", "problem")
    list_filter = ("problem",)
    list_select_related = ("product",)
    search_fields = ("=product__external_id", "=source")
