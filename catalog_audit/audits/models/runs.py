"""Audit runs and what the networks predicted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.catalog.models import Attribute, Picture, Product, Shop, Value
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelVersion


class AuditRun(models.Model):
    """One audit of one shop."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="audits")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="audit")
    model_versions = models.JSONField(default=dict, help_text=_("Role of a model -> its version."))
    values_in_use = models.JSONField(default=dict, help_text=_("Attribute -> the values that the shop uses."))
    unchanged = models.PositiveIntegerField(default=0, help_text=_("Products that did not have to be looked at."))
    reasons = models.JSONField(default=dict, help_text=_("Why products had to be looked at -> how many."))

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.shop} #{self.pk}"


class RunProfile(models.Model):
    """What a run saw, summed up when it ended: see :mod:`catalog_audit.audits.profiles`, which writes and reads it."""

    run = models.OneToOneField(AuditRun, on_delete=models.CASCADE, primary_key=True, related_name="profile")
    figures = models.JSONField(default=dict)

    def __str__(self) -> str:
        return str(self.run_id)


class Prediction(models.Model):
    """What the networks said of one attribute of one product. Append-only but for ``current``.

    ``fingerprint`` digests all that the prediction depends on (pictures, label, models): while it stays the same the
    prediction stays too. ``parts`` are short digests of each of these ("" in rows of earlier versions of the program),
    so that it can be told which of them changed. ``picture`` is the one that is shown of those that were looked at;
    ``attention`` says where the network sees the suggested value, ``attention_label`` where it sees the label's.
    """

    run = models.ForeignKey(AuditRun, on_delete=models.CASCADE, related_name="predictions")
    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="predictions")
    attribute = models.ForeignKey(Attribute, on_delete=models.PROTECT)
    picture = models.ForeignKey(Picture, null=True, on_delete=models.SET_NULL)
    fingerprint = models.CharField(max_length=64)
    parts = models.CharField(max_length=64, blank=True, default="")
    current = models.BooleanField(default=True)
    segmenter = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    classifier = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    label_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    problem = models.CharField(max_length=40, blank=True, help_text=_("Why nothing was predicted; empty when it was."))
    top_value = models.ForeignKey(Value, null=True, on_delete=models.PROTECT, related_name="+")
    p_wrong = models.FloatField(null=True, help_text=_("Probability 0..1 that the label is wrong."))
    state = models.CharField(max_length=20, help_text=_("ok, flagged, disputed, unmapped or unreadable."))
    probabilities = models.JSONField(default=dict, help_text=_("Value code -> probability 0..1."))
    palette = models.JSONField(default=list, help_text=_("[[#rrggbb, share 0..1], ...], largest share first."))
    region_share = models.FloatField(default=0.0)
    mask = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    attention = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    attention_label = models.CharField(max_length=200, blank=True, help_text=_("File below the overlays folder."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "attribute"], condition=Q(current=True), name="one_current_prediction"
            )
        ]
        indexes = [
            models.Index(fields=["product", "attribute", "-created_at"]),
            # The latest products of which the networks are sure that they have a value: examples beside a flag.
            models.Index(
                fields=["label_value", "-id"], condition=Q(current=True, state="ok"), name="audits_prediction_sure"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.state}"
