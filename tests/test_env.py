"""Settings from the environment: each wrong value stops the start with a sentence that says what to write instead."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offboarding import env

KEYS = env.fresh_keys()


def read(**given: str) -> dict[str, Any]:
    return env.read({**KEYS, **{f"OFFBOARD_{name}": value for name, value in given.items()}})


def test_the_three_keys_are_enough() -> None:
    values = read()
    assert values["DEMO"] is False
    assert values["OWNER_APPROVERS"] == 2
    assert set(values) == {each.name.removeprefix("OFFBOARD_") for each in env.VARIABLES}


WRONG = [
    ("DEMO", "maybe", "neither yes nor no"),
    ("DEBUG", "2", "neither yes nor no"),
    ("BASE_URL", "offboard.example.com", "no scheme"),
    ("BASE_URL", "https://offboard.example.com/here", "a path would not work"),
    ("SECRET_KEY", "short", "anybody could forge a session"),
    ("SIGNING_KEY", "g" * 64, "no hex digits"),
    ("SIGNING_KEY", "11" * 31, "too short"),
    ("DATABASE_URL", "mysql://host/name", "another database"),
    ("DATABASE_URL", "postgresql://host", "no name"),
    ("DATABASE_URL", "postgresql://host:port/name", "no number"),
    ("REDIS_URL", "http://localhost", "another protocol"),
    ("TIME_STAMP_URL", "http://tsa.example.com/tsr", "without TLS"),
    ("TIME_STAMP_URL", "https://me:word@tsa.example.com/tsr", "a name and a password"),
    ("TIME_STAMP_URL", "tsa.example.com", "no address"),
    ("MAIL", "pigeon:", "no such way"),
    ("MAIL", "smtp://host:99999", "no such port"),
    ("EVIDENCE_STORE", "gs://bucket", "another kind of bucket"),
    ("EVIDENCE_STORE", "s3://bucket?lock=none", "no such lock"),
    ("EVIDENCE_STORE", "s3://bucket?zone=x", "no such word"),
    ("TIME_ZONE", "Mars/Base", "no such zone"),
    ("TIME_ZONE", "../etc/passwd", "no zone at all"),
    ("ENGINE_THREADS", "0", "nobody would work"),
    ("ENGINE_THREADS", "many", "no number"),
    ("ENGINE_THREADS", "²", "a digit, but no number"),
    ("OWNER_APPROVERS", "-1", "no number"),
    ("UPLOAD_MB", "100000", "more than any disk likes"),
    ("APPROVED_HOSTS", "https://segment.example.com", "an address, not a host"),
    ("APPROVED_HOSTS", "segment.example.com,10.0.0.1", "a number has no certificate"),
    ("APPROVED_HOSTS", "0x7f.1", "a number, too"),
    ("APPROVED_HOSTS", "me@segment.example.com", "a name in front"),
    ("APPROVED_HOSTS", "localhost", "this machine"),
    ("RETENTION_YEARS", "1", "less than any framework asks for"),
]


@pytest.mark.parametrize(("name", "value", "because"), WRONG)
def test_a_wrong_value_is_told_by_name(name: str, value: str, because: str) -> None:
    with pytest.raises(env.WrongSetting, match=f"OFFBOARD_{name} is "):
        read(**{name: value})


@pytest.mark.parametrize(
    ("value", "port", "asked_for", "from_the_start"),
    [
        ("smtp://mail.example.com", 587, False, False),
        ("smtp://mail.example.com:2525?tls=1", 2525, True, False),
        ("smtps://mail.example.com", 465, False, True),
        (
            "smtps://mail.example.com:2465?tls=1",
            2465,
            False,
            True,
        ),  # both at once is a thing that no server speaks
    ],
)
def test_mail_goes_under_tls_from_the_start_or_once_asked_for(
    value: str, port: int, asked_for: bool, from_the_start: bool
) -> None:
    told = read(MAIL=value)["MAIL"]
    assert (told["EMAIL_PORT"], told["EMAIL_USE_TLS"], told["EMAIL_USE_SSL"]) == (
        port,
        asked_for,
        from_the_start,
    )


GUESSED = [
    ("SECRET_KEY", "x" * 60, "too even"),
    ("SECRET_KEY", "django-insecure-" + KEYS["OFFBOARD_SECRET_KEY"], "an example"),
    ("SECRET_KEY", env.fresh_keys(env.DEMO_MARK)["OFFBOARD_SECRET_KEY"], "a key of a demo"),
    ("SIGNING_KEY", "11" * 32, "too even"),
    ("SIGNING_KEY", "0123456789abcdef" * 4, "too even"),
    ("SIGNING_KEY", env.fresh_keys(env.DEMO_MARK)["OFFBOARD_SIGNING_KEY"], "a key of a demo"),
    ("SEALING_KEYS", "A" * 43 + "=", "too even"),
    ("SEALING_KEYS", env.fresh_keys(env.DEMO_MARK)["OFFBOARD_SEALING_KEYS"], "a key of a demo"),
    ("SEALING_KEYS", f"{KEYS['OFFBOARD_SEALING_KEYS']},{KEYS['OFFBOARD_SEALING_KEYS']}", "used twice"),
    ("SEALING_KEYS", f"{KEYS['OFFBOARD_SEALING_KEYS']},short", "Sealing key 2 is not 32 bytes"),
]


@pytest.mark.parametrize(("name", "value", "says"), GUESSED, ids=[f"{row[0]} {row[2]}" for row in GUESSED])
def test_a_key_that_somebody_else_could_know_stops_the_start(name: str, value: str, says: str) -> None:
    with pytest.raises(env.WrongSetting, match=f"OFFBOARD_{name} is .*{says}.*make_keys") as refusal:
        read(**{name: value})
    assert value not in str(refusal.value)


def test_drawn_keys_are_never_taken_for_guessed_ones() -> None:
    for _ in range(300):
        env.read(env.fresh_keys())


@pytest.mark.parametrize("name", sorted(KEYS))
def test_a_missing_key_is_told_with_how_to_make_one(name: str) -> None:
    with pytest.raises(env.WrongSetting, match=f"{name} is missing.*make_keys"):
        env.read({key: value for key, value in KEYS.items() if key != name})


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(env.WrongSetting) as refusal:
        read(TIME_ZONE="Mars/Base", ENGINE_THREADS="0", NONSENSE="1")
    assert len(str(refusal.value).splitlines()) == 3


def test_a_misspelt_name_is_told() -> None:
    with pytest.raises(env.WrongSetting, match="OFFBOARD_TIMEZONE is not a setting"):
        read(TIMEZONE="Europe/Berlin")


def test_a_wrong_password_in_an_address_is_not_repeated() -> None:
    with pytest.raises(env.WrongSetting) as refusal:
        read(DATABASE_URL="postgresql://me:s3cret@host")
    assert "s3cret" not in str(refusal.value)


DATABASES = [
    ("sqlite:////var/lib/offboard.sqlite3", "sqlite3", "/var/lib/offboard.sqlite3"),
    ("sqlite:///offboard.sqlite3", "sqlite3", "/offboard.sqlite3"),
    ("postgresql://me:p%40ss@db:5433/off?sslmode=require", "postgresql", "off"),
]


@pytest.mark.parametrize(("address", "engine", "name"), DATABASES)
def test_a_database_is_read_from_its_address(address: str, engine: str, name: str) -> None:
    made = env.database(address)
    assert made["ENGINE"].endswith(engine) and made["NAME"] == name
    if engine == "postgresql":
        assert (made["PASSWORD"], made["PORT"]) == ("p@ss", "5433")
        assert made["OPTIONS"] == {"sslmode": "require"}


@pytest.mark.parametrize("yes", ["1", "yes", "true", "on"])
def test_the_demo_makes_its_keys_once_and_keeps_them_to_itself(tmp_path: Path, yes: str) -> None:
    given = {"OFFBOARD_DEMO": yes, "OFFBOARD_DATA": str(tmp_path / "demo")}
    first, again = env.read(given), env.read(given)
    assert first["SECRET_KEY"] == again["SECRET_KEY"]
    assert (tmp_path / "demo" / "keys.env").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("demo", ["0", "1"])
def test_a_data_folder_that_cannot_be_made_stops_the_start_with_a_sentence(tmp_path: Path, demo: str) -> None:
    (tmp_path / "file").touch()
    given = {**KEYS, "OFFBOARD_DEMO": demo, "OFFBOARD_DATA": str(tmp_path / "file"), "PATH": ""}
    words = [sys.executable, env.ROOT / "manage.py", "check"]
    ended = subprocess.run(words, env=given, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Offboard cannot start.\nOFFBOARD_DATA is wrong: ")


def test_a_wrong_value_stops_the_start_without_a_traceback(tmp_path: Path) -> None:
    given = {**KEYS, "OFFBOARD_DATA": str(tmp_path), "OFFBOARD_TIME_ZONE": "Mars/Base", "PATH": ""}
    ended = subprocess.run(
        [sys.executable, env.ROOT / "manage.py", "check"],
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith("Offboard cannot start.\nOFFBOARD_TIME_ZONE is wrong: write a zone")
