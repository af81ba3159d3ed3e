"""Django's settings, all from `env.py`."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from offboarding import env

VALUES = env.read(os.environ)

BASE_DIR = env.ROOT
DATA = env.made_folder(Path(VALUES["DATA"]).resolve())
EVIDENCE_ROOT = DATA / "evidence"
PACKET_ROOT = DATA / "packets"
CHECKPOINT_FILE = DATA / "checkpoints.jsonl"

DEMO: bool = VALUES["DEMO"]
DEBUG: bool = VALUES["DEBUG"]
BASE_URL: str = VALUES["BASE_URL"]
SECRET_KEY: str = VALUES["SECRET_KEY"]
SEALING_KEYS: list[str] = VALUES["SEALING_KEYS"]
SIGNING_KEY: str = VALUES["SIGNING_KEY"][0]
OLD_SIGNING_KEYS: list[str] = VALUES["SIGNING_KEY"][1:]
FIRST_SIGNING_KEY: str = VALUES["SIGNING_KEY"][-1]
CHECKPOINT_MAIL: str = VALUES["CHECKPOINT_MAIL"]
TIME_STAMP_URL: str = VALUES["TIME_STAMP_URL"]
TIME_STAMP_CA: str = VALUES["TIME_STAMP_CA"]
REDIS_URL: str = VALUES["REDIS_URL"]
ENGINE_THREADS: int = VALUES["ENGINE_THREADS"]
ENGINE_PROCESSES: int = VALUES["ENGINE_PROCESSES"]
PROCESSES: int = VALUES["PROCESSES"] or (4 if REDIS_URL else 1) + ENGINE_PROCESSES - 1
OWNER_APPROVERS: int = VALUES["OWNER_APPROVERS"]
MANY_PLACES: int = VALUES["MANY_PLACES"]
MANY_PLACES_APPROVERS: int = VALUES["MANY_PLACES_APPROVERS"]
BREAKER_PEOPLE: int = VALUES["BREAKER_PEOPLE"]
BREAKER_PLACES: int = VALUES["BREAKER_PLACES"]
BREAKER_MINUTES: int = VALUES["BREAKER_MINUTES"]
REVIEW_HOURS: int = VALUES["REVIEW_HOURS"]
ACTIVITY_DAYS: int = VALUES["ACTIVITY_DAYS"]
TRAIL_HOURS: int = VALUES["TRAIL_HOURS"]
TRAIL_OVERLAP_HOURS: int = VALUES["TRAIL_OVERLAP_HOURS"]
VOLUME_FALL_PERCENT: int = VALUES["VOLUME_FALL_PERCENT"]
VOLUME_WATCH_MINUTES: int = VALUES["VOLUME_WATCH_MINUTES"]
KEY_GRACE_DAYS: int = VALUES["KEY_GRACE_DAYS"]
UPLOAD_BYTES: int = VALUES["UPLOAD_MB"] * 1_000_000
APPROVED_HOSTS: list[str] = VALUES["APPROVED_HOSTS"]
SIMULATORS: bool = VALUES["SIMULATORS"]
ONLY_SINGLE_SIGN_ON: bool = VALUES["SINGLE_SIGN_ON"] == "required"
BREAK_GLASS: str = VALUES["BREAK_GLASS"]
SECOND_FACTOR_REQUIRED: bool = VALUES["SECOND_FACTOR"] == "required"
METRICS_TOKEN: str = VALUES["METRICS_TOKEN"]
RETENTION_YEARS: int = VALUES["RETENTION_YEARS"]

SECURE = BASE_URL.startswith("https://")
ALLOWED_HOSTS = [urlsplit(BASE_URL).hostname or "", *VALUES["HOSTS"]]
if DEMO:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [BASE_URL] if SECURE else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.usersessions",
    "offboarding.work",
    "offboarding.ledger",
    "offboarding.users",
    "offboarding.directory",
    "offboarding.connections",
    "offboarding.evidence",
    "offboarding.discovery",
    "offboarding.trail",
    "offboarding.removals",
    "offboarding.notifications",
    "offboarding.checklist",
    "offboarding.emergencies",
    "offboarding.approvals",
    "offboarding.execution",
    "offboarding.verification",
    "offboarding.letters",
    "offboarding.packets",
    "offboarding.retention",
    "offboarding.stamps",
    "offboarding.journey",
    "offboarding.reports",
    "offboarding.web",
    "offboarding.demo",
]

MIDDLEWARE = [
    "offboarding.web.middleware.headers",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "offboarding.web.middleware.health",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "offboarding.web.middleware.house_rules",
    "offboarding.web.sittings.limits",
    "offboarding.web.account.guarding.factors",
    "offboarding.web.pace.paced",
]

ROOT_URLCONF = "offboarding.urls"
WSGI_APPLICATION = "offboarding.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "offboarding.web.nav.nav",
                "offboarding.demo.context.demo",
            ],
        },
    },
]

_database = VALUES["DATABASE_URL"]
DATABASES = {
    "default": {
        **(env.database(_database) if _database else env.sqlite(str(DATA / "offboard.sqlite3"))),
        "ATOMIC_REQUESTS": False,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# In the database, not in Redis: sign-in and its throttling must work with Redis gone.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        # Django's own limit is 300: who tries with that many addresses would push out the counts of all others.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
IDLE_SECONDS: int = VALUES["IDLE_MINUTES"] * 60
SESSION_COOKIE_AGE: int = VALUES["SIGN_IN_HOURS"] * 3600
SESSION_SAVE_EVERY_REQUEST = False

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "offboarding.users.passwords.NothingCommonInAnotherDress"},
    {"NAME": "offboarding.directory.passwords.NoWordsOfTheHouse"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "offboarding.users.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
ACCOUNT_FORMS = {
    "change_password": "offboarding.web.account.forms.Changed",
    "set_password": "offboarding.web.account.forms.Chosen",
}
ACCOUNT_PREVENT_ENUMERATION = True
ALLAUTH_TRUSTED_PROXY_COUNT: int = VALUES["TRUSTED_PROXIES"]
SOCIALACCOUNT_ADAPTER = "offboarding.users.adapter.SocialAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
MFA_ADAPTER = "offboarding.users.adapter.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Offboard"
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Passkeys need HTTPS; browsers make an exception for http://localhost, and so do we for the demo.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO

LANGUAGE_CODE = "en"
TIME_ZONE: str = VALUES["TIME_ZONE"]
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "evidence": VALUES["EVIDENCE_STORE"],
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}
SECURE_SSL_REDIRECT = SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
SECURE_HSTS_PRELOAD = SECURE
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if VALUES["TRUSTED_PROXIES"] else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-session" if SECURE else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE else "csrf"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "offboarding.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = UPLOAD_BYTES + 1_000_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
FILE_UPLOAD_HANDLERS = [
    "offboarding.web.hashing.Digesting",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "offboarding.web.capping.Capped",
]

vars().update(VALUES["MAIL"])
DEFAULT_FROM_EMAIL: str = VALUES["MAIL_FROM"]
SERVER_EMAIL = DEFAULT_FROM_EMAIL

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"lines": {"()": "offboarding.logs.formatter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # httpx writes whole addresses at INFO, and a write key is part of one of Segment's paths.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
    },
}
SILENCED_SYSTEM_CHECKS: list[str] = []
