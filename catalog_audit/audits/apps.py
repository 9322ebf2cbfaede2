from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AuditsConfig(AppConfig):
    name = "catalog_audit.audits"
    verbose_name = _("Audits")

    def ready(self) -> None:
        from catalog_audit.audits import counting
        from catalog_audit.jobs import sweeper
        from catalog_audit.jobs.dispatch import Route, register
        from catalog_audit.jobs.models import Job

        register(Job.Kind.AUDIT, Route("catalog_audit.audits.tasks.audit_chunk", settings.QUEUE_PICTURES, tickets=4))
        register(Job.Kind.WEIGHING, Route("catalog_audit.audits.tasks.weigh", settings.QUEUE_PICTURES))
        post_migrate.connect(counting.install, sender=self)
        connection_created.connect(_prefer_indexes)
        sweeper.register_chore(counting.fold)


def _prefer_indexes(connection: Any, **_kwargs: Any) -> None:
    """Tell PostgreSQL that the disk finds any page about as fast as the next one.

    It takes disks for spinning ones by default, and would rather read the whole table of the numbers of flags, or of
    decisions, than the part of an index that a page needs.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET random_page_cost = 1.1")
