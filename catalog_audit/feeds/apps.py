from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class FeedsConfig(AppConfig):
    name = "catalog_audit.feeds"
    verbose_name = _("Feeds")

    def ready(self) -> None:
        from catalog_audit.jobs.dispatch import Route, register
        from catalog_audit.jobs.models import Job

        register(Job.Kind.IMPORT, Route("catalog_audit.feeds.tasks.import_feed", settings.QUEUE_PICTURES))
