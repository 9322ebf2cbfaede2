"""The truth about work in the background: rows, not messages (a broker may lose a message)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Job(models.Model):
    """One piece of long work, cut into chunks.

    At most one job of a kind is active for a subject at a time (a database constraint, so that two processes cannot
    both win): "two imports of one shop at once" ends with a clear message for the second.
    """

    class Kind(models.TextChoices):
        IMPORT = "import", _("import")
        AUDIT = "audit", _("audit")
        TRAINING_SET = "training_set", _("training set")
        TRAINING = "training", _("training")
        COMPARISON = "comparison", _("comparison")
        WEIGHING = "weighing", _("weighing")

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    ACTIVE = (State.QUEUED, State.RUNNING)

    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=120, help_text=_("What the job works on, for example a shop's slug."))
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    total = models.PositiveIntegerField(default=0, help_text=_("Units of work in all, for example products."))
    done = models.PositiveIntegerField(default=0)
    stage = models.CharField(max_length=120, blank=True)
    cancel_requested = models.BooleanField(default=False)
    error = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)
    owner = models.CharField(max_length=200, blank=True, help_text=_("host:process that runs a job without chunks."))
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "subject"], condition=Q(state__in=("queued", "running")), name="one_active_job"
            )
        ]
        indexes = [models.Index(fields=["state", "kind"]), models.Index(fields=["kind", "subject", "-created_at"])]
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} #{self.pk}"

    @property
    def is_active(self) -> bool:
        """Whether the job still waits or runs."""
        return self.state in self.ACTIVE


class Chunk(models.Model):
    """A part of a job that one worker does in one transaction."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=State.choices, default=State.PENDING)
    payload = models.JSONField(default=list)
    size = models.PositiveIntegerField(default=0, help_text=_("Units of work in this chunk."))
    owner = models.CharField(max_length=200, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="chunk_number")]
        indexes = [models.Index(fields=["job", "state", "number"]), models.Index(fields=["state", "heartbeat_at"])]
        ordering = ["job", "number"]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"


class WorkerBeat(models.Model):
    """The last sign of life of a worker process; pages say so when there is none."""

    name = models.CharField(max_length=200, unique=True)
    queue = models.CharField(max_length=50)
    seen_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["queue", "seen_at"])]

    def __str__(self) -> str:
        return self.name
