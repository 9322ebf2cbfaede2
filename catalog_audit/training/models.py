"""Trainings that were asked for, and the sets of examples that they learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelVersion


class SetIsFixed(TypeError):
    """Code tried to change a training set."""

    def __init__(self) -> None:
        super().__init__("a training set is never changed; make another one")


class TrainingSet(models.Model):
    """What people and shops said of pictures at one moment. Never changed: a model's card names it by its hash.

    The examples lie in a file, see :mod:`catalog_audit.training.sets`; the numbers here are counted from it.
    """

    content_hash = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 of the file of examples."))
    folder = models.CharField(max_length=200, help_text=_("Below the data folder."))
    name = models.CharField(max_length=100, blank=True, help_text=_("Of a set that was brought in; else empty."))
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    shops = models.JSONField(default=list, help_text=_("Slugs of the shops, sorted."))
    counts = models.JSONField(default=dict, help_text=_("Attribute -> value -> origin -> number of examples."))
    examples = models.PositiveIntegerField(default=0, help_text=_("Pictures times attributes."))
    pictures = models.PositiveIntegerField(default=0, help_text=_("Different ones."))
    designs = models.PositiveIntegerField(default=0)
    verified = models.PositiveIntegerField(default=0, help_text=_("Examples whose label a person has looked at."))
    parts = models.JSONField(default=dict, help_text=_("Part -> its number of examples, pictures and designs."))
    left_out = models.JSONField(default=dict, help_text=_("Reason -> number of labels or pictures that do not train."))
    joined = models.PositiveIntegerField(
        default=0, help_text=_("Designs that count as one with another, because a picture shows both.")
    )

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="training_set_time")]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.name} ({self.short_hash})" if self.name else self.short_hash

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise SetIsFixed
        super().save(*args, **kwargs)

    @property
    def short_hash(self) -> str:
        """The first twelve digits of the hash, which also name the folder."""
        return self.content_hash[:12]

    @property
    def path(self) -> Path:
        """The file of examples."""
        return Path(settings.DATA_DIR) / self.folder / "examples.csv"


class TrainingSetBuild(models.Model):
    """A training set that was asked for."""

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="training_set_build")
    shops = models.JSONField(default=list, help_text=_("Slugs of the shops; empty for all of them."))
    added = models.JSONField(default=list, help_text=_("Hashes of sets whose examples go in as well."))
    note = models.CharField(max_length=500, blank=True)
    language = models.CharField(max_length=10, default="en", help_text=_("Of what the person is told."))
    training_set = models.ForeignKey(
        TrainingSet, null=True, blank=True, on_delete=models.PROTECT, related_name="builds"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"


class SegmentationSource(models.Model):
    """Pictures with masks from outside, that a segmentation network can learn from. Never changed.

    Below ``folder`` lie ``photos/``, ``masks/`` (8-bit PNG of the numbers that ``labels.csv`` explains) and
    ``labels.csv`` itself, as :mod:`inference.fit.data_ccp` reads them.
    """

    name = models.CharField(max_length=100)
    content_hash = models.CharField(max_length=64, unique=True, help_text=_("SHA-256 over the names and files."))
    folder = models.CharField(max_length=200, help_text=_("Below the data folder."))
    pictures = models.PositiveIntegerField(default=0)
    groups = models.JSONField(default=dict, help_text=_("Group -> number of pictures that show it."))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.name


class TrainingRun(models.Model):
    """One training. Its checkpoints lie below ``work``; the same options go on from them.

    One with a training set makes a new classifier; one without it trains all models from folders of data.
    """

    class Mode(models.TextChoices):
        FINETUNE = "finetune", _("Go on from the model in use")
        HEADS = "heads", _("Quick, but learns less")
        FULL = "full", _("From the beginning")

    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="training")
    options = models.JSONField(help_text=_("Folders and stages, or the order of a training from a set."))
    training_set = models.ForeignKey(
        TrainingSet, null=True, blank=True, on_delete=models.PROTECT, related_name="trainings"
    )
    mode = models.CharField(max_length=10, choices=Mode.choices, blank=True)
    attributes = models.JSONField(default=list, help_text=_("Codes of the attributes to learn."))
    garment_groups = models.JSONField(default=list, help_text=_("Garment groups to learn from."))
    base = models.ForeignKey(ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    model = models.ForeignKey(
        ModelVersion, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text=_("The result.")
    )
    device = models.CharField(max_length=100, blank=True, help_text=_("Where it runs or ran."))
    language = models.CharField(max_length=10, default="en", help_text=_("Of what the person is told."))
    attempts = models.PositiveSmallIntegerField(default=0, help_text=_("Beginnings since it last got anywhere."))
    current = models.JSONField(default=dict, help_text=_("What it is at: network, epoch, loss, time left."))
    outcome = models.JSONField(default=dict, help_text=_("Figures before and after, and what was not learnt."))

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"


class TrainingPoint(models.Model):
    """What one epoch of one network came to. Only added; the curves of a training are made of these."""

    run = models.ForeignKey(TrainingRun, on_delete=models.CASCADE, related_name="points")
    member = models.PositiveSmallIntegerField(help_text=_("Number of the network, from 1."))
    epoch = models.PositiveSmallIntegerField(help_text=_("From 1."))
    loss = models.FloatField()
    accuracy = models.JSONField(default=dict, help_text=_("Attribute -> share of watched labels that are named."))
    seconds = models.FloatField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "member", "epoch"], name="training_point")]
        ordering = ["run", "member", "epoch"]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.member}/{self.epoch}"
