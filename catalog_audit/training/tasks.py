"""The nudges that make a worker begin."""

from __future__ import annotations

import logging

from celery import shared_task

from catalog_audit.catalog.files import FileProblem
from catalog_audit.jobs import dispatch
from catalog_audit.jobs.service import AlreadyRunning, Cancelled
from catalog_audit.registry.models import ModelComparison
from catalog_audit.training import comparing, retraining, running, set_building
from catalog_audit.training.models import TrainingRun, TrainingSetBuild
from catalog_audit.training.problems import TrainingProblem
from catalog_audit.training.sets import SetError

logger = logging.getLogger(__name__)


@shared_task
def train(job_id: int) -> None:
    """Do a training that was asked for. A second message for the same job finds it taken and ends."""
    run = TrainingRun.objects.select_related("job", "training_set").get(job=job_id)
    try:
        if run.training_set is None:
            running.train(run)
        else:
            retraining.retrain(run)
    except (AlreadyRunning, Cancelled):
        logger.info("training job %s is not ours to do", job_id)
    except (SetError, TrainingProblem) as error:
        # The job carries the message for the person who started it.
        logger.warning("training job %s: %s", job_id, error)


@shared_task
def compare_chunk(job_id: int) -> None:
    """Do one chunk of a comparison and, while there was one, pass the nudge on."""
    comparison = ModelComparison.objects.select_related("job", "candidate").get(job=job_id)
    if comparing.do_one_chunk(comparison):
        dispatch.enqueue(comparison.job)


@shared_task(name="catalog_audit.training.tasks.make_training_set")
def make_training_set(job_id: int) -> None:
    """Make a training set that was asked for. A second message for the same job finds it taken and ends."""
    try:
        set_building.build(TrainingSetBuild.objects.select_related("job__created_by").get(job=job_id))
    except (AlreadyRunning, Cancelled):
        logger.info("training set job %s is not ours to do", job_id)
    except (SetError, FileProblem) as error:
        # The job carries the message for the person who started it.
        logger.warning("training set job %s: %s", job_id, error)
