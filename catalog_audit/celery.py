"""The Celery application; its settings are the ``CELERY_*`` names of :mod:`catalog_audit.settings`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog_audit.settings")

app = Celery("catalog_audit")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
