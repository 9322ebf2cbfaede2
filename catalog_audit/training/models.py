"""Trainings that were asked for."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog_audit.jobs.models import Job


class TrainingRun(models.Model):
    """One training. Its checkpoints lie below ``work``; the same options go on from them."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="training")
    options = models.JSONField(help_text=_("Folders and stages, see catalog_audit.training.options."))

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"
