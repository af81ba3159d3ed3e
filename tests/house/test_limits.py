"""The limits on guessing, as `docs/sign-in.md` tells them: read out of the code that counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from allauth.account import app_settings
from allauth.core.internal.ratelimit import parse_rates
from django.conf import settings

from offboarding.packets.shares import rules as shares
from offboarding.users import adapter, keys
from tests.house.source import ROOT, listing

PAGE = (ROOT / "docs" / "sign-in.md").read_text(encoding="utf-8")
TRIES = PAGE.split("## Tries\n")[1].split("\n## ")[0]
EACH = {"ip": "network address", "user": "person", "key": "account"}
# django-allauth's own counts: which of them belong to what we tell.
COUNTED = {
    "login_failed": ("wrong passwords", "wrong codes of an app, and wrong recovery codes"),
    "login": ("forms of the sign-in page",),
    "reauthenticate": ("proofs of who one is, before an act",),
    "change_password": ("changes of the password",),
    "reset_password": ("links for a forgotten password that are asked for",),
    "reset_password_from_key": ("passwords sent with such a link",),
}


def within(seconds: float) -> str:
    return "a minute" if seconds == 60 else f"{seconds / 60:g} minutes"


def of_allauth() -> Iterator[str]:
    for action, told in COUNTED.items():
        for rate in parse_rates(app_settings.RATE_LIMITS[action]):
            for what in told:
                yield f"| {what} | {rate.amount} in {within(rate.duration)} | {EACH[rate.per]} |"


def of_ours() -> Iterator[str]:
    yield f"| refused sign-ins from a provider | {adapter.MOST} in {within(adapter.WINDOW)} | network address |"
    yield f"| answers of SAML providers | {adapter.MOST_ANSWERS} in {within(adapter.WINDOW)} | network address |"
    yield f"| unknown API keys, and keys from elsewhere | {keys.MOST_TRIES} in {within(keys.WINDOW)} | network address |"
    yield f"| wrong codes for a shared packet | {shares.TRIES} | code |"
    yield f"| wrong codes for a shared packet | {shares.WRONG_AT_MOST}, then the share ends | share |"
    assert (timedelta(days=1), timedelta(minutes=1)) == (shares.DAY, shares.PAUSE)
    yield f"| codes mailed for a shared packet | {shares.CODES_A_DAY} in a day, one in a minute | share |"


def test_every_limit_on_guessing_is_told_with_its_number_and_no_other() -> None:
    wanted = {*of_allauth(), *of_ours()}
    told = {line for line in TRIES.splitlines() if line.startswith("| ")} - {
        "| what is counted | at most | for each |"
    }
    assert told == wanted, listing(sorted(told ^ wanted))


def test_every_count_of_the_library_that_is_in_use_is_told() -> None:
    """Signing up, telephones and codes by mail are not offered; addresses are not changed by their owners."""
    unused = {
        "signup",
        "verify_phone",
        "change_phone",
        "request_login_code",
        "confirm_email",
        "manage_email",
    }
    assert set(app_settings.RATE_LIMITS) - unused == set(COUNTED)


def test_the_numbers_of_passwords_are_true() -> None:
    (length,) = (
        each["OPTIONS"]["min_length"] for each in settings.AUTH_PASSWORD_VALIDATORS if "OPTIONS" in each
    )
    assert f"\n{length} characters or more" in PAGE
    assert timedelta(days=3).total_seconds() == settings.PASSWORD_RESET_TIMEOUT
    assert "counts once and for three days" in PAGE
