from __future__ import annotations

import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.conf import settings as django_settings
from django.core.checks import WARNING, CheckMessage, run_checks

from offboarding import checks
from offboarding.env import ROOT, fresh_keys

PUBLIC = "https://offboard.example.com"
DATABASE = "postgresql://offboard:word@db.example.com/offboard"


def ids(**options: Any) -> set[str]:
    return {
        message.id or "" for message in run_checks(**options) if (message.id or "").startswith("offboarding.")
    }


@pytest.mark.parametrize(
    ("demo", "required", "complains"), [(False, False, True), (False, True, False), (True, False, False)]
)
def test_a_server_on_which_a_password_alone_acts_is_a_warning(
    settings: LazySettings, demo: bool, required: bool, complains: bool
) -> None:
    settings.DEMO, settings.SECOND_FACTOR_REQUIRED = demo, required
    assert ("offboarding.W007" in ids(include_deployment_checks=True)) is complains
    assert "offboarding.W007" not in ids()


def test_the_tests_own_settings_are_without_complaint() -> None:
    assert ids() == set()


@pytest.mark.parametrize(
    ("demo", "base_url", "complains", "because"),
    [
        (True, PUBLIC, True, "anybody would sign in as anybody"),
        (True, "https://localhost:8443", False, "only this machine reaches it"),
        (True, "http://localhost:8000", False, "the demo as it starts"),
        (False, PUBLIC, False, "a real installation"),
    ],
)
def test_a_public_demo_is_an_error(
    settings: LazySettings, demo: bool, base_url: str, complains: bool, because: str
) -> None:
    settings.DEMO, settings.BASE_URL, settings.SECURE = demo, base_url, base_url.startswith("https")
    assert ("offboarding.E001" in ids()) is complains, because


@pytest.mark.parametrize(("base_url", "complains"), [(PUBLIC, True), ("http://localhost:8000", False)])
def test_developers_error_pages_in_public_are_an_error(
    settings: LazySettings, base_url: str, complains: bool
) -> None:
    settings.DEBUG, settings.BASE_URL, settings.SECURE = True, base_url, base_url.startswith("https")
    assert ("offboarding.E004" in ids()) is complains


def test_a_data_folder_that_cannot_be_written_is_an_error(settings: LazySettings, tmp_path: Path) -> None:
    settings.DATA = tmp_path / "missing"
    assert "offboarding.E002" in ids()


@pytest.mark.parametrize(
    ("given", "says"), [(None, "cannot be read"), (b"", "holds none"), (b"no PEM", "holds none")]
)
def test_time_stamps_without_certificates_are_an_error(
    settings: LazySettings, tmp_path: Path, given: bytes | None, says: str
) -> None:
    settings.TIME_STAMP_URL = "https://tsa.example.com/tsr"
    settings.TIME_STAMP_CA = str(tmp_path / "ca.pem") if given is not None else ""
    if given is not None:
        (tmp_path / "ca.pem").write_bytes(given)
    [message] = checks.stamps_can_be_checked(None)
    assert message.id == "offboarding.E006" and says in message.msg
    settings.TIME_STAMP_URL = settings.TIME_STAMP_CA = ""
    assert not checks.stamps_can_be_checked(None)


@pytest.mark.parametrize("place", [0, 1])
def test_a_sealing_key_that_is_none_is_an_error_and_is_not_shown(settings: LazySettings, place: int) -> None:
    keys = list(settings.SEALING_KEYS)
    keys.insert(place, "not-a-key")
    settings.SEALING_KEYS = keys
    [message] = checks.sealing_keys_are_keys(None)
    assert (
        message.id == "offboarding.E003"
        and f"key {place + 1} " in message.msg
        and "not-a-key" not in str(message)
    )


@pytest.mark.parametrize(
    ("engine", "redis", "complains"),
    [
        ("sqlite3", "redis://queue:6379/0", True),
        ("sqlite3", "", False),
        ("postgresql", "redis://queue:6379/0", False),
    ],
)
def test_redis_beside_sqlite_is_a_warning(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch, engine: str, redis: str, complains: bool
) -> None:
    settings.REDIS_URL = redis
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", f"django.db.backends.{engine}")
    assert bool(checks.sqlite_stays_on_one_machine(None)) is complains


@pytest.mark.parametrize(
    ("secure", "header", "complains"),
    [(True, None, True), (True, ("HTTP_X_FORWARDED_PROTO", "https"), False), (False, None, False)],
)
def test_https_without_a_trusted_proxy_is_a_warning(
    settings: LazySettings, secure: bool, header: tuple[str, str] | None, complains: bool
) -> None:
    settings.SECURE, settings.SECURE_PROXY_SSL_HEADER = secure, header
    assert ("offboarding.W002" in ids()) is complains


def test_mail_into_the_log_is_a_warning_at_deployment_only(settings: LazySettings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    assert "offboarding.W003" in ids(include_deployment_checks=True) and "offboarding.W003" not in ids()


def test_simulators_on_a_server_are_a_warning_at_deployment(settings: LazySettings) -> None:
    assert "offboarding.W004" in ids(include_deployment_checks=True) and "offboarding.W004" not in ids()
    settings.SIMULATORS = False
    assert "offboarding.W004" not in ids(include_deployment_checks=True)


def server(tmp_path: Path, **changes: str) -> dict[str, str]:
    """The environment of a server: keys made fresh, HTTPS in front, mail that goes out."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("OFFBOARD_", "DJANGO_"))
    }
    return {
        **kept,
        **fresh_keys(),
        "OFFBOARD_DATA": str(tmp_path),
        "OFFBOARD_BASE_URL": PUBLIC,
        "OFFBOARD_TRUSTED_PROXIES": "1",
        "OFFBOARD_MAIL": "smtp://mail.example.com:587?tls=1",
        **changes,
    }


def deployed(tmp_path: Path, **changes: str) -> subprocess.CompletedProcess[str]:
    """`manage.py check --deploy` as on a server."""
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    environ = server(tmp_path, **changes)
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def complaints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[CheckMessage]]:
    """What that command would say, with all settings as the product reads them; a process of its own takes two seconds."""

    def asked(**changes: str) -> list[CheckMessage]:
        with pytest.MonkeyPatch.context() as patch:
            for name in [name for name in os.environ if name.startswith("OFFBOARD_")]:
                patch.delenv(name)
            for name, value in server(tmp_path, **changes).items():
                patch.setenv(name, value)
            made = runpy.run_path(str(ROOT / "offboarding" / "settings.py"))
        for name, value in made.items():
            if name.isupper():
                monkeypatch.setattr(django_settings, name, value, raising=False)
        return [each for each in run_checks(include_deployment_checks=True) if each.level >= WARNING]

    return asked


def test_a_server_that_is_set_up_well_passes_every_deployment_check(
    tmp_path: Path, complaints: Callable[..., list[CheckMessage]]
) -> None:
    done = deployed(tmp_path)
    assert done.returncode == 0, done.stderr
    assert complaints() == complaints(OFFBOARD_MAIL="smtps://mail.example.com") == []


OPEN_WAYS = [
    ({"OFFBOARD_MAIL": "smtp://me:word@mail.example.com:587"}, "the mail server at mail.example.com"),
    ({"OFFBOARD_DATABASE_URL": f"{DATABASE}?sslmode=prefer"}, "the database at db.example.com"),
    (
        {
            "OFFBOARD_DATABASE_URL": f"{DATABASE}?sslmode=require",
            "OFFBOARD_REDIS_URL": "redis://:word@10.0.0.7",
        },
        "Redis at 10.0.0.7",
    ),
]


@pytest.mark.parametrize(("changes", "says"), OPEN_WAYS)
def test_a_way_to_another_machine_that_anybody_could_read_is_a_warning(
    changes: dict[str, str], says: str, complaints: Callable[..., list[CheckMessage]]
) -> None:
    [message] = complaints(**changes)
    assert message.id == "offboarding.W006"
    assert f"Nothing makes the way to {says} secret." in str(message) and "word" not in str(message)


def test_a_warning_stops_the_command_for_deployment(tmp_path: Path) -> None:
    changes, says = OPEN_WAYS[-1]
    done = deployed(tmp_path, **changes)
    assert done.returncode == 1 and done.stderr.count("offboarding.W006") == 1
    assert f"Nothing makes the way to {says} secret." in done.stderr and "word" not in done.stderr


def test_ways_that_are_secret_or_end_on_this_machine_are_without_complaint(
    complaints: Callable[..., list[CheckMessage]],
) -> None:
    for changes in (
        {
            "OFFBOARD_DATABASE_URL": f"{DATABASE}?sslmode=verify-full",
            "OFFBOARD_REDIS_URL": "rediss://r.example.com",
        },
        {
            "OFFBOARD_DATABASE_URL": "postgresql://a:b@postgres/offboard",
            "OFFBOARD_REDIS_URL": "redis://redis:6379",
        },
    ):
        assert complaints(**changes) == []


def test_a_wrong_sealing_key_stops_a_command_with_a_sentence(tmp_path: Path) -> None:
    done = deployed(tmp_path, OFFBOARD_SEALING_KEYS="short")
    assert done.returncode and "OFFBOARD_SEALING_KEYS is wrong. Sealing key 1 is not 32 bytes" in done.stderr
