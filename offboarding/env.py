"""Settings from the environment: each variable is declared once, read once, and refused with a sentence.

`docs/settings.md` lists them all; a test compares.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

from offboarding.lib.addresses import well_formed

ROOT = Path(__file__).resolve().parent.parent
DEMO_MARK = b"demo"
INSECURE = (b"django-insecure-", b"changeme", b"secret", b"example")
VARIED = 12  # of 32 random bytes, fewer different ones come up less than once in 10^17 draws
HOST = re.compile(r"(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*(?::[1-9][0-9]{0,4})?")
SEED = re.compile(r"[0-9a-fA-F]{64}")


class WrongSetting(Exception):
    """A value in the environment stops the start; the text says which one and what to write instead."""


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    default: str
    parse: Callable[[str], Any]
    says: str


def text(value: str) -> str:
    return value


def flag(value: str) -> bool:
    if value.lower() in ("1", "yes", "true", "on"):
        return True
    if value.lower() in ("", "0", "no", "false", "off"):
        return False
    raise ValueError("write 1 or 0")


def whole(least: int, most: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not value.isdigit() or not least <= int(value) <= most:
            raise ValueError(f"write a whole number from {least} to {most}")
        return int(value)

    return parse


def one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"write {' or '.join(words)}")
        return value

    return parse


def listed(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def outside_hosts(value: str) -> list[str]:
    """Names of hosts that may be called, with a port where it is not 443. No addresses by number: those have no certificate."""
    hosts = [host.lower() for host in listed(value)]
    if not all(HOST.fullmatch(host) for host in hosts):
        raise ValueError("write names of hosts, for example segment.example.com or segment.example.com:8443")
    return hosts


def zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("write a zone of the IANA list, for example Europe/Berlin") from error
    return value


def address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError("write scheme and host, for example https://offboard.example.com")
    return value.rstrip("/")


def database(value: str) -> dict[str, Any]:
    """Django's DATABASES entry for `sqlite:///path` or `postgresql://user:password@host:port/name?option=…`."""
    parts = urlsplit(value)
    if parts.scheme == "sqlite" and parts.path not in ("", "/"):
        return sqlite(unquote(parts.path[1:] if parts.path.startswith("//") else parts.path))
    if parts.scheme in ("postgres", "postgresql") and parts.path.strip("/"):
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path.strip("/")),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": dict(parse_qsl(parts.query)),
        }
    raise ValueError("write sqlite:////absolute/file or postgresql://user:password@host:5432/name")


def store(value: str) -> str:
    """The address of a database, checked here so that a wrong one is told with all the others."""
    if value:
        database(value)
    return value


def sqlite(path: str) -> dict[str, Any]:
    """SQLite as a real multi-writer store: without IMMEDIATE, half of all read-modify-write transactions fail."""
    return {
        "ENGINE": "offboarding.sqlite3",
        "NAME": path,
        # Opening it costs more than most of what is asked: a thread keeps its connection from one piece of work to the next.
        "CONN_MAX_AGE": 60,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def redis(value: str) -> str:
    if value and urlsplit(value).scheme not in ("redis", "rediss", "unix"):
        raise ValueError("write redis://host:6379/0, or leave it empty to work without Redis")
    return value


def mail(value: str) -> dict[str, Any]:
    """Where mail goes: `folder:/path`, `smtp://user:password@host:587?tls=1`, `smtps://user:password@host:465`, or `console:`.

    `tls=1` asks for TLS once connected; smtps is TLS from the first byte on.
    """
    parts = urlsplit(value)
    if parts.scheme == "console":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme == "folder" and parts.path:
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": parts.path,
        }
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        at_once = parts.scheme == "smtps"
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": parts.port or (465 if at_once else 587),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_TLS": not at_once and dict(parse_qsl(parts.query)).get("tls") == "1",
            "EMAIL_USE_SSL": at_once,
            "EMAIL_TIMEOUT": 10,
        }
    raise ValueError(
        "write folder:/path, console:, smtp://user:password@host:587?tls=1 or smtps://user:password@host:465"
    )


def evidence(value: str) -> dict[str, Any]:
    """Django's STORAGES entry for evidence: empty for the folder, or `s3://bucket/prefix?lock=compliance&region=…&endpoint=…`."""
    if not value:
        return {"BACKEND": "offboarding.evidence.folder.FolderStorage"}
    parts, given = urlsplit(value), dict(parse_qsl(urlsplit(value).query))
    lock, endpoint = given.pop("lock", "compliance").upper(), given.pop("endpoint", None)
    region = given.pop("region", None)
    if parts.scheme != "s3" or not parts.hostname or given or lock not in ("COMPLIANCE", "GOVERNANCE"):
        raise ValueError("write s3://bucket/prefix?lock=compliance&region=eu-central-1, or leave it empty")
    if endpoint and urlsplit(endpoint).scheme not in ("http", "https"):
        raise ValueError("write the endpoint as https://host")
    prefix = f"{parts.path.strip('/')}/" if parts.path.strip("/") else ""
    where = {"bucket": parts.netloc, "prefix": prefix, "mode": lock, "region": region, "endpoint": endpoint}
    return {"BACKEND": "offboarding.evidence.bucket.BucketStorage", "OPTIONS": where}


def mailbox(value: str) -> str:
    if value and not well_formed(value):
        raise ValueError("write one address like checkpoints@example.com, or leave it empty")
    return value


def authority(value: str) -> str:
    """With its path, unlike our own address. Only a simulated one, on this machine, is called without TLS."""
    parts = urlsplit(value)
    known = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    )
    if value and (not known or not parts.hostname or "@" in parts.netloc):
        raise ValueError("write its address, for example https://tsa.example.com/tsr, or leave it empty")
    return value


def password(value: str) -> str:
    if value and (len(value) < 24 or not value.isascii() or any(sign.isspace() for sign in value)):
        raise ValueError("write 24 or more letters, digits and signs without spaces, or leave it empty")
    return value


VARIABLES = (
    Variable(
        "OFFBOARD_DEMO", "0", flag, "1 runs on believable data and simulated workspaces; never for real use."
    ),
    Variable("OFFBOARD_DEBUG", "0", flag, "1 shows developers' error pages and the page of parts."),
    Variable(
        "OFFBOARD_DATA", "var/data", text, "Folder for evidence, packets, checkpoints and the SQLite file."
    ),
    Variable("OFFBOARD_BASE_URL", "http://localhost:8000", address, "The address that people type."),
    Variable("OFFBOARD_HOSTS", "", listed, "More host names to answer to, by comma."),
    Variable("OFFBOARD_SECRET_KEY", "", text, "Signs sessions and forms: 50 or more random characters."),
    Variable(
        "OFFBOARD_SEALING_KEYS", "", listed, "Fernet keys that seal stored tokens, newest first, by comma."
    ),
    Variable(
        "OFFBOARD_SIGNING_KEY",
        "",
        listed,
        "Ed25519 seed that signs packets and checkpoints: 64 hex digits. A new one goes in front, by comma.",
    ),
    Variable(
        "OFFBOARD_CHECKPOINT_MAIL",
        "",
        mailbox,
        "A mailbox that gets each newest signed checkpoint; or empty.",
    ),
    Variable(
        "OFFBOARD_TIME_STAMP_URL",
        "",
        authority,
        "A time stamping authority (RFC 3161) that is asked to stamp each signed checkpoint; or empty.",
    ),
    Variable(
        "OFFBOARD_TIME_STAMP_CA",
        "",
        text,
        "A file with the certificates (PEM) under which the authority's stamps count.",
    ),
    Variable(
        "OFFBOARD_DATABASE_URL",
        "",
        store,
        "postgresql://… or sqlite:////…; empty means SQLite in the data folder.",
    ),
    Variable("OFFBOARD_REDIS_URL", "", redis, "Redis for Celery; empty means that the engine does all work."),
    Variable(
        "OFFBOARD_MAIL",
        "console:",
        mail,
        "folder:/path, console:, smtp://user:password@host:587?tls=1 or smtps://user:password@host:465.",
    ),
    Variable("OFFBOARD_MAIL_FROM", "offboard@localhost", text, "The sender of our mail."),
    Variable("OFFBOARD_TIME_ZONE", "Europe/Berlin", zone, "Time zone for people who have not chosen one."),
    Variable("OFFBOARD_ENGINE_THREADS", "16", whole(1, 128), "How many rows one engine works on at once."),
    Variable("OFFBOARD_ENGINE_PROCESSES", "1", whole(1, 64), "How many processes share one engine's work."),
    Variable(
        "OFFBOARD_PROCESSES",
        "0",
        whole(0, 500),
        "Engines and Celery workers in all: their shares of Segment's rate limits while Redis is away.",
    ),
    Variable(
        "OFFBOARD_OWNER_APPROVERS", "2", whole(1, 5), "Approvers needed when a Workspace Owner is removed."
    ),
    Variable(
        "OFFBOARD_MANY_PLACES", "10", whole(1, 1000), "More workspaces than this need a second approver."
    ),
    Variable("OFFBOARD_MANY_PLACES_APPROVERS", "2", whole(1, 5), "Approvers needed for so many workspaces."),
    Variable(
        "OFFBOARD_BREAKER_PEOPLE",
        "20",
        whole(1, 10000),
        "More people than this losing access in a short time needs a second person.",
    ),
    Variable(
        "OFFBOARD_BREAKER_PLACES",
        "100",
        whole(1, 100000),
        "More places than this losing somebody in a short time needs a second person.",
    ),
    Variable(
        "OFFBOARD_BREAKER_MINUTES",
        "60",
        whole(1, 10080),
        "The short time that these two are counted in, in minutes.",
    ),
    Variable(
        "OFFBOARD_REVIEW_HOURS",
        "24",
        whole(1, 720),
        "How long a second person has to review an emergency, in hours.",
    ),
    Variable(
        "OFFBOARD_ACTIVITY_DAYS",
        "30",
        whole(1, 90),
        "How far back an emergency reads what the person did in the audit trail, in days.",
    ),
    Variable(
        "OFFBOARD_TRAIL_HOURS",
        "24",
        whole(0, 720),
        "How often each workspace's audit trail is copied, in hours; 0 copies only when somebody asks.",
    ),
    Variable(
        "OFFBOARD_TRAIL_OVERLAP_HOURS",
        "24",
        whole(1, 720),
        "How far each copy reads back behind the last one, since events show up late, in hours.",
    ),
    Variable(
        "OFFBOARD_VOLUME_FALL_PERCENT",
        "50",
        whole(1, 99),
        "A source that sends so much less than before the work is told to a person, in percent.",
    ),
    Variable(
        "OFFBOARD_VOLUME_WATCH_MINUTES",
        "120",
        whole(0, 1440),
        "How long events are watched after the work, in minutes; 0 compares at once.",
    ),
    Variable(
        "OFFBOARD_UPLOAD_MB", "10", whole(1, 500), "The largest file that can be attached as proof, in MB."
    ),
    Variable(
        "OFFBOARD_KEY_GRACE_DAYS",
        "7",
        whole(0, 90),
        "Days between the word that senders use a new write key and the removal of the old ones.",
    ),
    Variable(
        "OFFBOARD_APPROVED_HOSTS",
        "",
        outside_hosts,
        "Hosts beside Segment's own that connections may call over https, by comma.",
    ),
    Variable(
        "OFFBOARD_SIMULATORS",
        "0",
        flag,
        "1 lets connections call simulated workspaces on this machine; never for real use.",
    ),
    Variable(
        "OFFBOARD_SECOND_FACTOR",
        "required",
        one_of("required", "offered"),
        "required: whoever decides, executes, reveals or exports has a passkey or codes; offered: as people like.",
    ),
    Variable(
        "OFFBOARD_SINGLE_SIGN_ON",
        "offered",
        one_of("offered", "required"),
        "required: everybody signs in at a provider, except the break-glass account; offered: also with a password.",
    ),
    Variable(
        "OFFBOARD_BREAK_GLASS",
        "",
        mailbox,
        "Address of the one account that signs in with its password when no provider can be reached.",
    ),
    Variable("OFFBOARD_IDLE_MINUTES", "60", whole(5, 1440), "A sign-in ends after so long without activity."),
    Variable("OFFBOARD_SIGN_IN_HOURS", "12", whole(1, 168), "A sign-in ends after so long in any case."),
    Variable(
        "OFFBOARD_METRICS_TOKEN",
        "",
        password,
        "Bearer token that /metrics asks for; empty: there is no such page.",
    ),
    Variable(
        "OFFBOARD_EVIDENCE_STORE",
        "",
        evidence,
        "s3://bucket/prefix?lock=compliance&region=…; empty keeps evidence in the data folder.",
    ),
    Variable("OFFBOARD_RETENTION_YEARS", "7", whole(3, 30), "How long evidence is kept, in years."),
    Variable(
        "OFFBOARD_TRUSTED_PROXIES", "0", whole(0, 5), "How many proxies in front add to X-Forwarded-For."
    ),
)


def read(environ: Mapping[str, str]) -> dict[str, Any]:
    """Every variable parsed, by name without its prefix. Raises WrongSetting with one line for each wrong value."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    given = {**demo_values(environ), **environ} if wants_demo(environ) else environ
    for variable in VARIABLES:
        raw = given.get(variable.name, "").strip() or variable.default
        try:
            values[variable.name.removeprefix("OFFBOARD_")] = variable.parse(raw)
        except ValueError as error:
            wrong.append(f"{variable.name} is wrong: {error}.")
    wrong += unknown(environ)
    if not wrong:
        wrong += missing(values)
    if wrong:
        raise WrongSetting("\n".join(wrong))
    return values


def unknown(environ: Mapping[str, str]) -> list[str]:
    names = {variable.name for variable in VARIABLES}
    return [
        f"{name} is not a setting. Check its spelling in docs/settings.md."
        for name in sorted(environ)
        if name.startswith("OFFBOARD_") and name not in names
    ]


def missing(values: Mapping[str, Any]) -> list[str]:
    """What only the operator can supply: the three keys. `manage.py make_keys` prints fresh ones."""
    hint = "`python manage.py make_keys` prints fresh keys."
    found = []
    if len(values["SECRET_KEY"]) < 50:
        found.append(f"OFFBOARD_SECRET_KEY is missing or shorter than 50 characters. {hint}")
    if not values["SEALING_KEYS"]:
        found.append(f"OFFBOARD_SEALING_KEYS is missing. {hint}")
    for number, key in enumerate(values["SEALING_KEYS"], 1):
        if not fernet_key(key):
            found.append(
                f"OFFBOARD_SEALING_KEYS is wrong. Sealing key {number} is not 32 bytes in URL-safe base64. {hint}"
            )
    if not values["SIGNING_KEY"] or not all(SEED.fullmatch(each) for each in values["SIGNING_KEY"]):
        found.append(f"OFFBOARD_SIGNING_KEY is missing or not 64 hex digits. {hint}")
    if values["SINGLE_SIGN_ON"] == "required" and not values["BREAK_GLASS"]:
        found.append(
            "OFFBOARD_BREAK_GLASS is missing. With OFFBOARD_SINGLE_SIGN_ON=required one account has to be named that"
            " still signs in with its password: without it, a provider that fails locks everybody out."
        )
    return found or [f"{name} {why} {hint}" for name, why in guessable(values)]


def fernet_key(key: str) -> bytes:
    """The 32 bytes of a sealing key; empty if it is none."""
    try:
        found = urlsafe_b64decode(key)
    except ValueError:
        return b""
    return found if len(found) == 32 else b""


def guessable(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Keys that somebody else could know: too even to be random, an example, the demo's, or one for two purposes."""
    keys = [("OFFBOARD_SECRET_KEY", values["SECRET_KEY"].encode())]
    keys += [("OFFBOARD_SIGNING_KEY", bytes.fromhex(key)) for key in values["SIGNING_KEY"]]
    keys += [("OFFBOARD_SEALING_KEYS", fernet_key(key)) for key in values["SEALING_KEYS"]]
    for name, key in keys:
        if len(set(key)) < VARIED:
            yield name, "is too even: nobody drew it by chance."
        if key.startswith(INSECURE):
            yield name, "is an example that everybody knows."
        if key.startswith(DEMO_MARK) and not values["DEMO"]:
            yield name, "is a key of a demo."
        if [other for _, other in keys].count(key) > 1:
            yield name, "is used twice. Each needs a key of its own."


def fresh_keys(mark: bytes = b"") -> dict[str, str]:
    """The demo's begin with a mark, so that they are known outside of it. What is left of each is random enough."""
    rest = 32 - len(mark)
    return {
        "OFFBOARD_SECRET_KEY": mark.decode() + secrets.token_urlsafe(48),
        "OFFBOARD_SEALING_KEYS": urlsafe_b64encode(mark + secrets.token_bytes(rest)).decode(),
        "OFFBOARD_SIGNING_KEY": (mark + secrets.token_bytes(rest)).hex(),
    }


def wants_demo(environ: Mapping[str, str]) -> bool:
    try:
        return flag(environ.get("OFFBOARD_DEMO", "").strip())
    except ValueError:  # told with all the other wrong values
        return False


def made_folder(path: Path) -> Path:
    """The folder, made if it is not there. Raises WrongSetting where it cannot be."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WrongSetting(
            f"OFFBOARD_DATA is wrong: {path} is no folder and cannot be made. Name another one."
        ) from error
    return path


def demo_values(environ: Mapping[str, str]) -> dict[str, str]:
    """The demo's own defaults. Its keys are made at the first start and kept beside its data."""
    data = Path(environ.get("OFFBOARD_DATA", "").strip() or ROOT / "var" / "demo").resolve()
    keys = data / "keys.env"
    if not keys.exists():
        made_folder(data)
        keys.touch(mode=0o600)
        keys.write_text("".join(f"{name}={value}\n" for name, value in fresh_keys(DEMO_MARK).items()))
    made = dict(line.split("=", 1) for line in keys.read_text().splitlines() if line)
    return {
        **made,
        "OFFBOARD_DATA": str(data),
        "OFFBOARD_MAIL": f"folder:{data / 'mail'}",
        "OFFBOARD_SIMULATORS": "1",
        # One press signs a visitor in.
        "OFFBOARD_SECOND_FACTOR": "offered",
        "OFFBOARD_OWNER_APPROVERS": "1",
        "OFFBOARD_MANY_PLACES_APPROVERS": "1",
        "OFFBOARD_VOLUME_WATCH_MINUTES": "1",
        # A visitor sees the old key go while they watch.
        "OFFBOARD_KEY_GRACE_DAYS": "0",
    }
