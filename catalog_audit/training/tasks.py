"""The nudges that make workers begin."""

from __future__ import annotations

from celery import shared_task

from catalog_audit.jobs import dispatch
from catalog_audit.registry.models import ModelComparison
from catalog_audit.training import comparing, running
from catalog_audit.training.models import TrainingRun


@shared_task
def train(job_id: int) -> None:
    """Do a training that was asked for."""
    running.train(TrainingRun.objects.select_related("job").get(job=job_id))


@shared_task
def compare_chunk(job_id: int) -> None:
    """Do one chunk of a comparison and, while there was one, pass the nudge on."""
    comparison = ModelComparison.objects.select_related("job", "candidate").get(job=job_id)
    if comparing.do_one_chunk(comparison):
        dispatch.enqueue(comparison.job)
