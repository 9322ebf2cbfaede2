from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "catalog_audit.review"
    verbose_name = _("Review")

    def ready(self) -> None:
        from django.db.models.signals import post_delete

        from catalog_audit.catalog.models import Product, Shop
        from catalog_audit.jobs import sweeper
        from catalog_audit.review import days, parts

        sweeper.register_chore(days.refresh)
        sweeper.register_chore(parts.refresh)
        # Decisions are never deleted but along with what they are about.
        post_delete.connect(days.forget, sender=Product)
        post_delete.connect(days.forget, sender=Shop)
