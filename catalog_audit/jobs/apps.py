from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "catalog_audit.jobs"
    verbose_name = _("Work in the background")

    def ready(self) -> None:
        # Connects the signals of Celery workers; in other processes they are never sent.
        from catalog_audit.jobs import beats  # noqa: F401
