"""Settings, all from the environment; the defaults need no database server, no Redis and no configuration.

The table in README.md says what each variable does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from catalog_audit import environment

BASE_DIR = Path(__file__).resolve().parent.parent

#: Everything the program writes lies below this folder: database, pictures, broker files, trained models.
DATA_DIR = Path(os.environ.get("CATALOG_AUDIT_DATA", BASE_DIR / "var")).expanduser().resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)

PICTURES_DIR = DATA_DIR / "pictures"
OVERLAYS_DIR = DATA_DIR / "overlays"
UPLOADS_DIR = DATA_DIR / "uploads"
MODELS_DIR = DATA_DIR / "models"
SHIPPED_MODELS_DIR = BASE_DIR / "inference" / "weights"

SECRET_KEY = os.environ.get("CATALOG_AUDIT_SECRET_KEY") or environment.secret(DATA_DIR / "secret_key")
DEBUG = environment.flag("CATALOG_AUDIT_DEBUG", default=False)
ALLOWED_HOSTS = environment.words("CATALOG_AUDIT_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = environment.words("CATALOG_AUDIT_ORIGINS", "")

INSTALLED_APPS = [
    "catalog_audit.accounts.apps.RoleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_htmx",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "catalog_audit.accounts",
    "catalog_audit.jobs",
    "catalog_audit.catalog",
    "catalog_audit.feeds",
    "catalog_audit.registry",
    "catalog_audit.audits",
    "catalog_audit.review",
    "catalog_audit.training",
    "catalog_audit.web",
    "catalog_audit.api",
    "catalog_audit.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "catalog_audit.web.middleware.PersonLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "catalog_audit.urls"
WSGI_APPLICATION = "catalog_audit.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "catalog_audit.web.context.shell",
            ],
        },
    },
]

# --- database -------------------------------------------------------------------------------------------------------

DATABASES: dict[str, Any] = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or f"sqlite:///{DATA_DIR / 'catalog_audit.sqlite3'}", conn_max_age=60
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL lets pages be read while a worker writes; IMMEDIATE takes the write lock at the start of a transaction, so
    # that the busy timeout applies instead of an instant "database is locked" when a read lock is upgraded.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- people ---------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "web:sign_in"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "web:sign_in"

# --- languages ------------------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("CATALOG_AUDIT_TIME_ZONE", "UTC")

# --- static files and uploads ---------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns at every start when it is missing
# WhiteNoise finds the files where they are, so that nothing has to be collected before the first start.
WHITENOISE_USE_FINDERS = True
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# --- security -------------------------------------------------------------------------------------------------------

#: On by default. `make demo` and `make run` turn it off, because they serve plain HTTP on the loopback address only.
HTTPS = environment.flag("CATALOG_AUDIT_HTTPS", default=True)
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
if environment.flag("CATALOG_AUDIT_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# --- work in the background -----------------------------------------------------------------------------------------

#: Every queue, and what it is for. A worker that serves none of them is of no use.
QUEUE_PICTURES = "pictures"
QUEUE_TRAINING = "training"

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or "filesystem://localhost"
if CELERY_BROKER_URL.startswith("filesystem:"):
    _broker_dir = DATA_DIR / "broker"
    for _name in ("queue", "processed", "control"):
        (_broker_dir / _name).mkdir(parents=True, exist_ok=True)
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        # One folder for both directions: what one process puts out is what another takes in.
        "data_folder_in": str(_broker_dir / "queue"),
        "data_folder_out": str(_broker_dir / "queue"),
        "processed_folder": str(_broker_dir / "processed"),
        "control_folder": str(_broker_dir / "control"),
        "store_processed": False,
        "polling_interval": 0.1,
    }
else:
    CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = QUEUE_PICTURES
CELERY_TASK_ROUTES = {"catalog_audit.training.tasks.*": {"queue": QUEUE_TRAINING}}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = TIME_ZONE

#: Seconds without a heartbeat after which a chunk is given to another worker and a worker counts as gone.
STALE_AFTER_SECONDS = environment.number("CATALOG_AUDIT_STALE_AFTER", default=30, minimum=2)

# --- the audit ------------------------------------------------------------------------------------------------------

#: Products of one chunk: what a killed worker loses, and what one batch of the networks holds.
CHUNK_SIZE = environment.number("CATALOG_AUDIT_CHUNK", default=32, minimum=1)
#: "cpu", "cuda", or empty to use CUDA when it is present.
DEVICE = os.environ.get("CATALOG_AUDIT_DEVICE", "")

# --- API and logs ---------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Catalog Audit",
    "DESCRIPTION": "Corrections, audit results and trainings for a shop's own systems.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": {
        "JobState": "catalog_audit.jobs.models.Job.State",
        "ModelState": "catalog_audit.registry.models.ModelVersion.State",
        "LabelState": "catalog_audit.audits.exporting.STATES",
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("CATALOG_AUDIT_LOG_LEVEL", "INFO")},
}
