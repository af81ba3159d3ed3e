"""What is wrong with an installation, said before it hurts. Every command of `manage.py` runs these at its start."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register

from offboarding.evidence.store import storage
from offboarding.ledger.stamps import trusted
from offboarding.lib.sealing import NotASealingKey, Sealer
from offboarding.lib.timestamps import NotStamped

LOOPBACK = ("localhost", "127.0.0.1", "::1")
Apps = Sequence[AppConfig] | None


@register(Tags.security)
def demo_stays_at_home(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """On the demo anybody signs in as anybody."""
    if not settings.DEMO or not settings.SECURE or urlsplit(settings.BASE_URL).hostname in LOOPBACK:
        return []
    return [
        Error(
            f"The demo is on, and its address is public: {settings.BASE_URL}.",
            hint="Set OFFBOARD_DEMO=0, or let OFFBOARD_BASE_URL name this machine: http://localhost:8000.",
            id="offboarding.E001",
        )
    ]


@register(Tags.security)
def error_pages_show_nothing(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """A developer's error page shows settings, code and what people typed."""
    if not settings.DEBUG or not settings.SECURE or urlsplit(settings.BASE_URL).hostname in LOOPBACK:
        return []
    return [
        Error(
            f"Developers' error pages are on, and the address is public: {settings.BASE_URL}.",
            hint="Set OFFBOARD_DEBUG=0.",
            id="offboarding.E004",
        )
    ]


@register(Tags.files)
def data_folder_is_writable(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Evidence, packets and checkpoints are written there."""
    try:
        with tempfile.TemporaryFile(dir=settings.DATA):
            return []
    except OSError as error:
        return [
            Error(
                f"The data folder {settings.DATA} cannot be written: {error.strerror}.",
                hint="Give the folder to the user that runs Offboard, or set OFFBOARD_DATA to another one.",
                id="offboarding.E002",
            )
        ]


@register(Tags.files)
def evidence_is_kept_by_the_bucket(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Without Object Lock whoever has our credentials could delete what we keep."""
    ask = getattr(storage(), "why_unfit", None)
    try:
        why = ask() if ask else ""
    except OSError as error:
        hint = "Evidence waits until it answers. Look at its address, and at the credentials of this machine."
        return [
            Warning(
                f"Nobody knows whether the bucket for evidence is locked: {error}.",
                hint=hint,
                id="offboarding.W005",
            )
        ]
    if not why:
        return []
    hint = "Make a bucket with Object Lock on, and name it in OFFBOARD_EVIDENCE_STORE."
    return [Error(why, hint=hint, id="offboarding.E005")]


@register(Tags.security)
def sealing_keys_are_keys(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """A key that is none would show only when the first token is stored or opened."""
    try:
        Sealer(settings.SEALING_KEYS)
    except NotASealingKey as error:
        return [
            Error(
                f"OFFBOARD_SEALING_KEYS is wrong. {error}",
                hint="`python manage.py make_keys` prints a fresh one. Keep the old ones behind it, by comma.",
                id="offboarding.E003",
            )
        ]
    return []


@register(Tags.files)
def stamps_can_be_checked(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Without certificates every stamp would be refused, hour after hour."""
    if not settings.TIME_STAMP_URL and not settings.TIME_STAMP_CA:
        return []
    try:
        trusted()
    except NotStamped as error:
        hint = (
            "Name a file with the certificates of the authority's CA, in PEM form, in OFFBOARD_TIME_STAMP_CA."
        )
        return [Error(f"No time stamp can count: {error}.", hint=hint, id="offboarding.E006")]
    return []


@register("work")
def sqlite_stays_on_one_machine(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    if not settings.REDIS_URL or not settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        return []
    return [
        Warning(
            "Redis is set, but the database is a SQLite file.",
            hint="Workers on other machines cannot open the file. Set OFFBOARD_DATABASE_URL=postgresql://…, "
            "or keep all processes on this machine.",
            id="offboarding.W001",
        )
    ]


@register(Tags.security)
def https_comes_from_somewhere(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Without a trusted proxy no request counts as HTTPS, so each page redirects to itself for ever."""
    if not settings.SECURE or settings.SECURE_PROXY_SSL_HEADER:
        return []
    return [
        Warning(
            "The address is https, but no proxy is trusted to say so.",
            hint="Set OFFBOARD_TRUSTED_PROXIES to the number of proxies in front, and let the first of them set "
            "X-Forwarded-Proto. Leave it only if this process itself ends TLS.",
            id="offboarding.W002",
        )
    ]


@register(Tags.security, deploy=True)
def simulators_are_not_for_servers(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    if not settings.SIMULATORS or settings.DEMO:
        return []
    return [
        Warning(
            "Connections may call this machine, without TLS.",
            hint="Leave OFFBOARD_SIMULATORS away. It is for trying things out with simulated workspaces.",
            id="offboarding.W004",
        )
    ]


@register(Tags.security, deploy=True)
def who_can_act_has_a_second_factor(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    if settings.SECOND_FACTOR_REQUIRED or settings.DEMO:
        return []
    return [
        Warning(
            "Whoever has the password of an approver, or of security, acts in their name.",
            hint="Leave OFFBOARD_SECOND_FACTOR away: a second factor is then required of everybody who can act.",
            id="offboarding.W007",
        )
    ]


@register(Tags.security, deploy=True)
def mail_leaves_the_house(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    if not settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        return []
    return [
        Warning(
            "Mail is written to the log, so nobody gets it.",
            hint="Set OFFBOARD_MAIL=smtp://user:password@host:587?tls=1.",
            id="offboarding.W003",
        )
    ]


@register(Tags.security, deploy=True)
def what_leaves_the_machine_is_encrypted(app_configs: Apps, **_kwargs: Any) -> list[CheckMessage]:
    """Passwords, the record and links that set a password go there."""
    return [
        Warning(
            f"Nothing makes the way to {what} at {host} secret.",
            hint=f"Set {hint}. Leave it only if the whole way there is yours.",
            id="offboarding.W006",
        )
        for what, host, secret, hint in ways_out()
        if is_elsewhere(host) and not secret
    ]


def ways_out() -> Iterator[tuple[str, str, bool, str]]:
    """(what is there, its host, whether the way there is secret, what makes it so)"""
    given = settings.DATABASES["default"]
    if given["ENGINE"].endswith("postgresql"):
        secret = given["OPTIONS"].get("sslmode") in ("require", "verify-ca", "verify-full")
        yield "the database", given["HOST"], secret, "sslmode=verify-full in OFFBOARD_DATABASE_URL"
    redis = urlsplit(settings.REDIS_URL)
    yield "Redis", redis.hostname or "", redis.scheme != "redis", "rediss:// in OFFBOARD_REDIS_URL"
    if settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        secret = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
        yield "the mail server", settings.EMAIL_HOST, secret, "tls=1 or smtps:// in OFFBOARD_MAIL"


def is_elsewhere(host: str) -> bool:
    """A socket and a name without a dot, such as another container's, are of the same machine."""
    return "." in host.strip(".") and host not in LOOPBACK
