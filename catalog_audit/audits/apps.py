from django.apps import AppConfig
from django.conf import settings
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
        post_migrate.connect(counting.install, sender=self)
        sweeper.register_chore(counting.fold)
