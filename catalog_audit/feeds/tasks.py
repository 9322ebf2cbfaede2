"""The task that imports an uploaded feed."""

from __future__ import annotations

import logging

from celery import shared_task

from catalog_audit.catalog.files import FileProblem
from catalog_audit.feeds import running, uploads
from catalog_audit.feeds.columns import ColumnError
from catalog_audit.feeds.models import FeedImport
from catalog_audit.feeds.readers import FeedError
from catalog_audit.jobs.service import AlreadyRunning, Cancelled

logger = logging.getLogger(__name__)


@shared_task(name="catalog_audit.feeds.tasks.import_feed")
def import_feed(job_id: int) -> None:
    """Carry out the import of a job. A second message for the same job finds it taken and ends."""
    feed_import = FeedImport.objects.select_related("job").get(job_id=job_id)
    try:
        running.carry_out(feed_import)
    except (AlreadyRunning, Cancelled):
        logger.info("import job %s is not ours to do", job_id)
    except (FeedError, ColumnError, FileProblem) as error:
        # The job carries the message for the person who started it.
        logger.warning("import job %s: %s", job_id, error)
    uploads.forget(feed_import)
