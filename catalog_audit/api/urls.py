"""Addresses of the API, below ``/api/``. The version stands in the address: ``v1`` stays as it is."""

from django.urls import path

from catalog_audit.api import trainings, views

app_name = "api"
urlpatterns = [
    path("v1/shops/", views.ShopList.as_view(), name="shops"),
    path("v1/shops/<slug:slug>/corrections/", views.CorrectionList.as_view(), name="corrections"),
    path("v1/shops/<slug:slug>/audit/", views.AuditRowList.as_view(), name="audit_rows"),
    path("v1/audits/<int:pk>/", views.AuditDetail.as_view(), name="audit"),
    path("v1/arguable-pairs/", views.ArguablePairList.as_view(), name="arguable_pairs"),
    path("v1/trainings/", trainings.TrainingCreate.as_view(), name="trainings"),
    path("v1/trainings/<int:pk>/", trainings.TrainingDetail.as_view(), name="training"),
    path("v1/trainings/<int:pk>/cancel/", trainings.TrainingCancel.as_view(), name="cancel_training"),
    path("v1/models/", views.ModelList.as_view(), name="models"),
    path("v1/comparisons/<int:pk>/", views.ComparisonDetail.as_view(), name="comparison"),
    path("v1/schema/", views.Schema.as_view(), name="schema"),
]
