from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    default = True
    name = "catalog_audit.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from catalog_audit.accounts.roles import create_roles

        post_migrate.connect(create_roles, sender=self)


class RoleAdminConfig(admin_apps.AdminConfig):
    """The Django admin, open by role; stands in INSTALLED_APPS instead of ``django.contrib.admin``."""

    default = False
    default_site = "catalog_audit.accounts.site.RoleAdminSite"
