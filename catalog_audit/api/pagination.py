"""Pages by cursor: an address stays right while rows are added, and no page costs more than the first."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class ShopPages(CursorPagination):
    page_size = 100
    ordering = "slug"


class CorrectionPages(CursorPagination):
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    # Oldest first: who has read up to a moment goes on from there with `since`.
    ordering = ("decided_at", "id")


class ArguablePairPages(CursorPagination):
    page_size = 100
    ordering = "-id"


class ProductPages(CursorPagination):
    page_size = 100
    max_page_size = 1000
    page_size_query_param = "page_size"
    ordering = "id"


class ModelPages(CursorPagination):
    page_size = 100
    ordering = "-id"
