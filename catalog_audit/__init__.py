"""The Django project: catalogue in, flags reviewed, corrections out."""

from catalog_audit.celery import app as celery_app

__all__ = ["celery_app"]
