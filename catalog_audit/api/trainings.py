"""Trainings over the API: start one, watch it, stop it. For admins."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import generics, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from catalog_audit.api.permissions import IsAdmin
from catalog_audit.jobs import service
from catalog_audit.jobs.models import Job
from catalog_audit.registry.service import ModelsMissing
from catalog_audit.training.models import TrainingPoint, TrainingRun
from catalog_audit.training.problems import TrainingProblem
from catalog_audit.training.retraining import learnable, start_retraining
from catalog_audit.training.sets import SetError, find
from inference.contract import GARMENT_GROUPS


class TrainingRequestSerializer(serializers.Serializer[Any]):
    """What to learn, from what, and how thoroughly."""

    set = serializers.CharField(max_length=64, help_text="Beginning of the training set's hash.")
    mode = serializers.ChoiceField(choices=TrainingRun.Mode.choices, default=TrainingRun.Mode.FINETUNE)
    attributes = serializers.ListField(
        child=serializers.CharField(max_length=50), default=list, help_text="Codes of attributes; none means all."
    )
    groups = serializers.ListField(
        child=serializers.ChoiceField(choices=GARMENT_GROUPS), default=list, help_text="None means all."
    )

    def validate_attributes(self, codes: list[str]) -> list[str]:
        """The networks must know them."""
        known = [one.code for one in learnable()]
        unknown = sorted(set(codes) - set(known))
        if unknown:
            names = {"unknown": ", ".join(unknown), "known": ", ".join(known)}
            raise serializers.ValidationError(_("There is no attribute %(unknown)s; there are %(known)s.") % names)
        return codes


class TrainingPointSerializer(serializers.ModelSerializer[TrainingPoint]):
    """What one epoch of one network came to."""

    class Meta:
        model = TrainingPoint
        fields = ["member", "epoch", "loss", "accuracy", "seconds"]


class TrainingSerializer(serializers.ModelSerializer[TrainingRun]):
    """A training, how far it has come and what it came to."""

    set = serializers.CharField(source="training_set.content_hash", allow_null=True, default=None)
    state = serializers.ChoiceField(source="job.state", choices=Job.State.choices)
    stage = serializers.CharField(source="job.stage")
    total = serializers.IntegerField(source="job.total")
    done = serializers.IntegerField(source="job.done")
    error = serializers.CharField(source="job.error")
    created_at = serializers.DateTimeField(source="job.created_at")
    started_at = serializers.DateTimeField(source="job.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)
    model = serializers.CharField(source="model.version", allow_null=True, default=None, help_text="The candidate.")
    current = serializers.JSONField(help_text="Network, epoch, loss and seconds left of what it is at.")
    outcome = serializers.JSONField(help_text="Figures before and after, and what was not learnt.")
    points = TrainingPointSerializer(many=True)

    class Meta:
        model = TrainingRun
        fields = [
            "id", "set", "mode", "attributes", "garment_groups", "state", "stage", "total", "done", "error", "device",
            "created_at", "started_at", "finished_at", "current", "model", "outcome", "points",
        ]  # fmt: skip
        read_only_fields = fields


class TrainingCreate(generics.GenericAPIView[TrainingRun]):
    """Start a training."""

    permission_classes = [IsAdmin]
    serializer_class = TrainingRequestSerializer
    queryset = TrainingRun.objects.none()

    @extend_schema(
        responses={
            201: TrainingSerializer,
            400: OpenApiResponse(description="Something asked for does not exist, or there is nothing to learn."),
            409: OpenApiResponse(description="Another training is under way."),
        }
    )
    def post(self, request: Request) -> Response:
        """The training is done by the training worker; watch it at its own address."""
        asked = self.get_serializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            run = start_retraining(
                find(asked.validated_data["set"]),
                mode=asked.validated_data["mode"],
                attributes=asked.validated_data["attributes"],
                groups=asked.validated_data["groups"],
                user=request.user,
            )
        except SetError as error:
            raise serializers.ValidationError({"set": str(error)}) from error
        except (TrainingProblem, ModelsMissing) as error:
            raise serializers.ValidationError({"detail": str(error)}) from error
        except service.AlreadyRunning:
            detail = _("Another training is under way. There is one at a time; wait until it is over.")
            return Response({"detail": detail}, status=status.HTTP_409_CONFLICT)
        return Response(TrainingSerializer(run).data, status=status.HTTP_201_CREATED)


class TrainingDetail(generics.RetrieveAPIView[TrainingRun]):
    """A training and how far it has come."""

    permission_classes = [IsAdmin]
    serializer_class = TrainingSerializer
    queryset = TrainingRun.objects.select_related("job", "training_set", "model").prefetch_related("points")


class TrainingCancel(generics.GenericAPIView[TrainingRun]):
    """Stop a training; what has been learnt so far is kept."""

    permission_classes = [IsAdmin]
    serializer_class = TrainingSerializer
    queryset = TrainingDetail.queryset

    @extend_schema(request=None, responses={200: TrainingSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """One that is over stays as it is."""
        run = get_object_or_404(self.get_queryset(), pk=pk)
        service.cancel(run.job)
        return Response(TrainingSerializer(run).data)
