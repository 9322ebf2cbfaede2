"""Which model files exist, which of them are in use, how they compare, and who put which into use and why."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog_audit.jobs.models import Job


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


class HistoryIsFixed(TypeError):
    """Code tried to change or delete what is only added."""

    def __init__(self) -> None:
        super().__init__("comparisons and promotions are never changed or deleted")


class AddedOnly(models.Model):
    """Rows that are written once."""

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise HistoryIsFixed
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise HistoryIsFixed


class ModelComparison(AddedOnly):
    """A candidate and the models in use, asked the same questions about the same pictures.

    ``figures`` (see :mod:`catalog_audit.training.comparison_figures`) are written once, with ``finished_at``, when the
    last part is in.
    """

    candidate = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="comparisons")
    active = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    in_use = models.JSONField(default=dict, help_text=_("Role of a model -> version of the one in use."))
    training_set = models.CharField(max_length=64, blank=True, help_text=_("Content hash of the training set."))
    plan = models.JSONField(default=dict, help_text=_("What is asked: numbers by source, values that shops use."))
    job = models.OneToOneField(Job, on_delete=models.CASCADE, related_name="comparison")
    figures = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["candidate", "-id"], name="registry_comparison_latest")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"#{self.pk}"


class ComparisonPart(models.Model):
    """The answers of one chunk of a comparison."""

    comparison = models.ForeignKey(ModelComparison, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    answers = models.JSONField(default=list)
    seconds = models.JSONField(default=list, help_text=_("[pictures, seconds of the candidate, of the model in use]"))

    class Meta:
        constraints = [models.UniqueConstraint(fields=["comparison", "number"], name="comparison_part")]
        ordering = ["comparison", "number"]

    def __str__(self) -> str:
        return f"{self.comparison_id}/{self.number}"


class Promotion(AddedOnly):
    """A model was put into use in place of another, or taken back.

    ``model`` is None where a specialist was taken back and the model of all garment groups judges again; ``replaced``
    is None where there was none before.
    """

    class Act(models.TextChoices):
        PROMOTED = "promoted", _("put into use")
        ROLLED_BACK = "rolled_back", _("taken back")
        SHIPPED = "shipped", _("came with the program")

    act = models.CharField(max_length=20, choices=Act.choices, default=Act.PROMOTED)
    kind = models.CharField(max_length=20, choices=ModelVersion.Kind.choices)
    garment_group = models.CharField(max_length=20, blank=True)
    model = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="promotions")
    replaced = models.ForeignKey(ModelVersion, null=True, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now_add=True)
    reason = models.TextField(blank=True)
    comparison = models.ForeignKey(ModelComparison, null=True, on_delete=models.PROTECT, related_name="promotions")
    concerns = models.JSONField(default=list, help_text=_("What spoke against it at that moment."))

    class Meta:
        indexes = [models.Index(fields=["kind", "garment_group", "-id"], name="registry_promotion_latest")]
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.act} {self.kind} {self.garment_group} {self.model_id}".replace("  ", " ")


class PromotionPolicy(models.Model):
    """How much worse a candidate may be without a written reason; one row, which admins edit."""

    margin = models.FloatField(
        _("margin"),
        default=0.01,
        validators=[MinValueValidator(0.0), MaxValueValidator(0.2)],
        help_text=_("0..0.2 of accuracy: 0.01 is one point in a hundred."),
    )

    class Meta:
        verbose_name = _("promotion policy")
        verbose_name_plural = _("promotion policy")
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_promotion_policy")]

    def __str__(self) -> str:
        return str(_("promotion policy"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> PromotionPolicy:
        """The row, or the defaults where nobody has saved it yet."""
        return cls.objects.first() or cls()
