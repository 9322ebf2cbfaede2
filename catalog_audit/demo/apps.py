from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "catalog_audit.demo"
