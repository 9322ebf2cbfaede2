"""WSGI entry point: ``gunicorn catalog_audit.wsgi``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalog_audit.settings")

application = get_wsgi_application()
