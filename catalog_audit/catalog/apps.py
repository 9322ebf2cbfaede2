from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class CatalogConfig(AppConfig):
    name = "catalog_audit.catalog"
    verbose_name = _("Catalogue")

    def ready(self) -> None:
        from catalog_audit.catalog.dictionary.loading import load_after_migrate

        post_migrate.connect(load_after_migrate, sender=self)
