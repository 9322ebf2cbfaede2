"""The nudge that makes the training worker begin."""

from __future__ import annotations

from celery import shared_task

from catalog_audit.training import running
from catalog_audit.training.models import TrainingRun


@shared_task
def train(job_id: int) -> None:
    """Do a training that was asked for."""
    running.train(TrainingRun.objects.select_related("job").get(job=job_id))
