"""Which model files exist, and which of them are in use."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ModelVersion(models.Model):
    """One model file. At most one is active for a kind and garment group.

    A classifier judges all attributes that its card names, of one garment group ("" is all groups that have no model of
    their own).
    """

    class Kind(models.TextChoices):
        SEGMENTATION = "segmentation", _("segmentation")
        CLASSIFICATION = "classification", _("classification")

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        CANDIDATE = "candidate", _("candidate")
        RETIRED = "retired", _("retired")

    kind = models.CharField(max_length=20, choices=Kind.choices)
    garment_group = models.CharField(max_length=20, blank=True)
    version = models.CharField(max_length=12, help_text=_("First 12 hexadecimal digits of the weights' SHA-256."))
    path = models.CharField(max_length=500, help_text=_("Below the data folder, or shipped:NAME."))
    card = models.JSONField(default=dict)
    state = models.CharField(max_length=20, choices=State.choices, default=State.CANDIDATE)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "garment_group", "version"], name="model_version"),
            models.UniqueConstraint(
                fields=["kind", "garment_group"], condition=Q(state="active"), name="one_active_model"
            ),
        ]
        ordering = ["kind", "garment_group", "-created_at"]

    def __str__(self) -> str:
        return f"{self.kind} {self.garment_group} {self.version}".replace("  ", " ")

    @property
    def role(self) -> str:
        """What the pipeline calls it: ``segmenter``, ``classifier/top``, or ``classifier/`` for all groups."""
        return "segmenter" if self.kind == self.Kind.SEGMENTATION else f"classifier/{self.garment_group}"
