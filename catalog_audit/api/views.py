"""The API: shops, corrections, audit results, progress, arguable pairs. Read-only; trainings and models have modules of
their own."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response

from catalog_audit.api import filters
from catalog_audit.api.pagination import ArguablePairPages, CorrectionPages, ModelPages, ProductPages, ShopPages
from catalog_audit.api.permissions import IsAdmin, IsReviewer
from catalog_audit.api.serializers import (
    ArguablePairSerializer,
    AuditRowSerializer,
    AuditSerializer,
    ComparisonSerializer,
    CorrectionSerializer,
    ModelSerializer,
    ShopSerializer,
)
from catalog_audit.audits.exporting import STATES, rows_of
from catalog_audit.audits.models import ArguableRule, AuditRun
from catalog_audit.catalog.models import Label, Product, Shop
from catalog_audit.feeds.exporting import corrector, fixed_labels
from catalog_audit.registry.models import ModelComparison, ModelVersion
from catalog_audit.training.comparing import settle


class ShopList(generics.ListAPIView[Shop]):
    """The shops."""

    permission_classes = [IsReviewer]
    pagination_class = ShopPages
    serializer_class = ShopSerializer
    queryset = Shop.objects.all()


@extend_schema(
    parameters=[
        OpenApiParameter("since", OpenApiTypes.DATETIME, description="Only what was decided after this moment.")
    ]
)
class CorrectionList(generics.ListAPIView[Label]):
    """The labels of a shop that people fixed, oldest decision first."""

    permission_classes = [IsReviewer]
    pagination_class = CorrectionPages
    serializer_class = CorrectionSerializer
    queryset = Label.objects.none()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        shop = get_object_or_404(Shop, slug=kwargs["slug"])
        labels = fixed_labels(shop)
        since = request.query_params.get("since")
        if since:
            labels = labels.filter(decided_at__gt=filters.moment("since", since))
        page = self.paginate_queryset(labels)
        correction = corrector(shop)
        return self.get_paginated_response(
            self.get_serializer([correction(label) for label in page or []], many=True).data
        )


@extend_schema(
    parameters=[OpenApiParameter("state", OpenApiTypes.STR, enum=STATES, description="Only rows in this state.")]
)
class AuditRowList(generics.ListAPIView[Product]):
    """What the audit makes of every label of a shop. A page holds the rows of ``page_size`` products."""

    permission_classes = [IsReviewer]
    pagination_class = ProductPages
    serializer_class = AuditRowSerializer
    queryset = Product.objects.none()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        products = Product.objects.filter(shop=get_object_or_404(Shop, slug=kwargs["slug"]))
        wanted = request.query_params.get("state")
        if wanted:
            products = filters.products_that_may_be(products, filters.state(wanted))
        page = self.paginate_queryset(products)
        rows = [row for row in rows_of(page or []) if not wanted or row.state == wanted]
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)


class AuditDetail(generics.RetrieveAPIView[AuditRun]):
    """An audit run and how far it has come."""

    permission_classes = [IsReviewer]
    serializer_class = AuditSerializer
    queryset = AuditRun.objects.select_related("shop", "job")


@extend_schema(
    parameters=[OpenApiParameter("shop", OpenApiTypes.STR, description="Only what holds in this shop, by its slug.")]
)
class ArguablePairList(generics.ListAPIView[ArguableRule]):
    """The pairs of values that admins marked as arguable, those that were taken back too, newest first."""

    permission_classes = [IsReviewer]
    pagination_class = ArguablePairPages
    serializer_class = ArguablePairSerializer
    queryset = ArguableRule.objects.select_related("attribute", "low", "high", "shop", "made_by", "ended_by")

    def filter_queryset(self, queryset: QuerySet[ArguableRule]) -> QuerySet[ArguableRule]:
        slug = self.request.query_params.get("shop")
        return queryset.filter(Q(shop=None) | Q(shop=get_object_or_404(Shop, slug=slug))) if slug else queryset


class ModelList(generics.ListAPIView[ModelVersion]):
    """The models: in use, candidates, retired."""

    permission_classes = [IsAdmin]
    pagination_class = ModelPages
    serializer_class = ModelSerializer
    queryset = ModelVersion.objects.annotate(
        compared=Max("comparisons", filter=Q(comparisons__finished_at__isnull=False))
    )


class ComparisonDetail(generics.RetrieveAPIView[ModelComparison]):
    """A comparison of a candidate with the models in use."""

    permission_classes = [IsAdmin]
    serializer_class = ComparisonSerializer
    queryset = ModelComparison.objects.select_related("job", "candidate", "active")

    def get_object(self) -> ModelComparison:
        return settle(super().get_object())


class Schema(SpectacularAPIView):
    """The OpenAPI description of all this."""

    permission_classes = [IsReviewer]
