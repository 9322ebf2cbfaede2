"""Addresses: pages at the root, the API below ``api/``, the Django admin below ``admin/``."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("catalog_audit.web.urls")),
    path("api/", include("catalog_audit.api.urls")),
    path("admin/", admin.site.urls),
]
