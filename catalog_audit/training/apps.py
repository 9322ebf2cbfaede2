from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class TrainingConfig(AppConfig):
    name = "catalog_audit.training"
    verbose_name = _("Training")

    def ready(self) -> None:
        from catalog_audit.jobs.dispatch import Route, register
        from catalog_audit.jobs.models import Job

        register(Job.Kind.TRAINING, Route("catalog_audit.training.tasks.train", settings.QUEUE_TRAINING))
        # One worker at a time: the others are for audits, and speed is measured by one.
        register(Job.Kind.COMPARISON, Route("catalog_audit.training.tasks.compare_chunk", settings.QUEUE_PICTURES))
        # Not on the queue of trainings, where one would wait for hours.
        register(
            Job.Kind.TRAINING_SET, Route("catalog_audit.training.tasks.make_training_set", settings.QUEUE_PICTURES)
        )
