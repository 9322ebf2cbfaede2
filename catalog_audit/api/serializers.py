"""What the API shows. Everything here is read-only."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from catalog_audit.audits.exporting import STATES
from catalog_audit.audits.models import ArguableRule, AuditRun, Flag
from catalog_audit.catalog.models import Shop
from catalog_audit.jobs.models import Job
from catalog_audit.registry.models import ModelComparison, ModelVersion
from catalog_audit.registry.promoting import concerns_about, sentences


class ShopSerializer(serializers.ModelSerializer[Shop]):
    class Meta:
        model = Shop
        fields = ["slug", "name", "created_at"]


class CorrectionSerializer(serializers.Serializer[Any]):
    """A label that a person fixed, as in ``export_labels``."""

    external_id = serializers.CharField()
    attribute = serializers.CharField()
    old = serializers.CharField(help_text="The shop's word.")
    new = serializers.CharField(help_text="The right value, in the shop's own word where it has one.")
    decided_by = serializers.CharField(allow_blank=True)
    decided_at = serializers.DateTimeField()


class AuditRowSerializer(serializers.Serializer[Any]):
    """A label and what the audit makes of it, as in ``export_audit``."""

    external_id = serializers.CharField()
    attribute = serializers.CharField()
    label_raw = serializers.CharField(allow_blank=True)
    label = serializers.CharField(allow_blank=True)
    suggested = serializers.CharField(allow_blank=True)
    p_wrong = serializers.FloatField(allow_null=True, help_text="Probability 0..1 that the label is wrong.")
    state = serializers.ChoiceField(choices=STATES)


class ArguablePairSerializer(serializers.ModelSerializer[ArguableRule]):
    """Two values between which nobody is asked to decide. No shop: all shops; no garment group: all garments."""

    attribute = serializers.CharField(source="attribute.code")
    values = serializers.SerializerMethodField(help_text="The codes of the two values.")
    shop = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    made_by = serializers.CharField(default=None, allow_null=True)
    ended_by = serializers.CharField(default=None, allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When it was taken back; null while it holds.")

    class Meta:
        model = ArguableRule
        fields = [
            "id", "attribute", "values", "shop", "garment_group", "made_by", "made_at", "ended_by", "ended_at"
        ]  # fmt: skip

    def get_values(self, rule: ArguableRule) -> list[str]:
        return [rule.low.code, rule.high.code]


class AuditSerializer(serializers.ModelSerializer[AuditRun]):
    """An audit run and how far it has come."""

    shop = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    state = serializers.ChoiceField(source="job.state", choices=Job.State.choices)
    total = serializers.IntegerField(source="job.total")
    done = serializers.IntegerField(source="job.done")
    error = serializers.CharField(source="job.error")
    created_at = serializers.DateTimeField(source="job.created_at")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)
    flags = serializers.SerializerMethodField(help_text="Flags that this run raised and that are still undecided.")

    reasons = serializers.DictField(
        child=serializers.IntegerField(), help_text="Why products had to be looked at, with their number."
    )

    class Meta:
        model = AuditRun
        fields = [
            "id", "shop", "state", "total", "done", "unchanged", "reasons", "flags", "error", "created_at",
            "started_at", "finished_at", "model_versions",
        ]  # fmt: skip

    def get_flags(self, run: AuditRun) -> int:
        return Flag.objects.filter(run=run, kind=Flag.Kind.FLAG, state__in=Flag.UNDECIDED).count()


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    """A model and what its card says."""

    role = serializers.CharField(help_text="``segmenter``, or ``classifier/`` with the garment group; none is all.")
    comparison = serializers.SerializerMethodField(help_text="Key of the latest finished comparison, or null.")

    class Meta:
        model = ModelVersion
        fields = ["version", "kind", "garment_group", "role", "state", "created_at", "comparison", "card"]

    def get_comparison(self, model: ModelVersion) -> int | None:
        return getattr(model, "compared", None)


class ComparisonSerializer(serializers.ModelSerializer[ModelComparison]):
    """A candidate compared with the models in use, and how far that is."""

    candidate = serializers.SlugRelatedField(slug_field="version", read_only=True)
    active = serializers.SlugRelatedField(slug_field="version", read_only=True, allow_null=True)
    state = serializers.ChoiceField(source="job.state", choices=Job.State.choices)
    total = serializers.IntegerField(source="job.total")
    done = serializers.IntegerField(source="job.done")
    error = serializers.CharField(source="job.error")
    numbers = serializers.SerializerMethodField(help_text="Products, and labels by source.")
    concerns = serializers.SerializerMethodField(help_text="What speaks against putting the candidate into use.")

    class Meta:
        model = ModelComparison
        fields = [
            "id", "candidate", "active", "in_use", "training_set", "state", "total", "done", "error", "created_at",
            "finished_at", "numbers", "concerns", "figures",
        ]  # fmt: skip

    def get_numbers(self, comparison: ModelComparison) -> dict[str, int]:
        return dict(comparison.plan.get("numbers", {}))

    def get_concerns(self, comparison: ModelComparison) -> list[str]:
        return sentences(concerns_about(comparison)) if comparison.finished_at else []
