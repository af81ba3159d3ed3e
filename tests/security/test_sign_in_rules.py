"""What is asked of passwords, codes and sign-ins: mostly the libraries' doing, and seen here so that it stays so."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import structlog
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client as Browser
from django.utils import timezone

from tests.conftest import PASSWORD
from tests.web.test_second_factor import SECRET, code

CHANGE = "/account/password/change/"
NEW = "  Ein langes, bequemes Wort – 密码 🔑  "


def change(browser: Browser, new: str, old: str = PASSWORD) -> Any:
    return browser.post(CHANGE, {"oldpassword": old, "password1": new, "password2": new})


@pytest.fixture
def at_home(client: Browser, alice: Any) -> Browser:
    client.post("/signin/", {"login": alice.email, "password": PASSWORD})
    return client


@pytest.mark.parametrize("short", ["elevenchars", "passwordpassword1"[:11]])
def test_a_password_has_twelve_characters_or_more(short: str, db: None) -> None:
    with pytest.raises(ValidationError, match="at least 12"):
        validate_password(short)


def test_a_common_password_is_refused(db: None) -> None:
    with pytest.raises(ValidationError, match="too common"):
        validate_password("telechargement")


def test_any_signs_and_hundreds_of_them_are_taken_as_typed(at_home: Browser, alice: Any) -> None:
    long = NEW + "x" * 200
    assert change(at_home, long).status_code == 302
    alice.refresh_from_db()
    assert alice.check_password(long)
    assert not any(
        alice.check_password(other) for other in (long.strip(), long.lower(), long[:72], long[:128])
    )


def test_the_old_password_is_asked_for(at_home: Browser, alice: Any) -> None:
    assert change(at_home, NEW, old="not the old one").status_code == 422
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_a_changed_password_ends_every_other_sign_in(at_home: Browser, alice: Any) -> None:
    other = Browser()
    other.post("/signin/", {"login": alice.email, "password": PASSWORD})
    assert other.get("/").status_code == 200
    change(at_home, NEW)
    assert other.get("/").status_code == 302 and "/signin/" in other.get("/")["Location"]


def test_passwords_are_hidden_while_typed_and_may_be_pasted(client: Browser, db: None) -> None:
    page = client.get("/signin/").content.decode()
    (field,) = re.findall(r"<input[^>]*name=\"password\"[^>]*>", page)
    assert 'type="password"' in field and "onpaste" not in page and "maxlength" not in field


def test_passwords_are_hashed_slowly(settings: Any) -> None:
    from django.conf import global_settings

    assert global_settings.PASSWORD_HASHERS[0].endswith(".PBKDF2PasswordHasher")
    assert PBKDF2PasswordHasher.iterations >= 600_000, (
        "OWASP, Password Storage Cheat Sheet: PBKDF2-HMAC-SHA256"
    )
    assert "PASSWORD_HASHERS" not in (settings.BASE_DIR / "offboarding/settings.py").read_text()


def test_a_sign_in_gets_a_name_of_its_own_which_cannot_be_guessed(client: Browser, alice: Any) -> None:
    client.get("/signin/")
    store = client.session
    store["x"] = 1
    store.save()
    client.cookies["session"] = before = str(store.session_key)
    client.post("/signin/", {"login": alice.email, "password": PASSWORD})
    after = str(client.session.session_key)
    assert after != before and len(after) == 32 and after.isalnum(), "32 of 36 signs: 165 bits"


def test_leaving_stands_on_every_page_and_empties_the_browser(at_home: Browser) -> None:
    assert "Sign out" in at_home.get("/me/").content.decode()
    answer = at_home.post("/account/logout/")
    assert answer.status_code == 302 and answer["Clear-Site-Data"] == '"cache", "storage"'
    assert at_home.get("/").status_code == 302


def test_a_code_works_once_and_not_for_long(client: Browser, bob: Any) -> None:
    TOTP.activate(bob, SECRET)

    def tries(given: str) -> bool:
        client.logout()
        client.post("/signin/", {"login": bob.email, "password": PASSWORD})
        client.post("/signin/code/", {"code": given})
        return "_auth_user_id" in client.session

    given = code()
    assert len(given) == 6 and len(generate_totp_secret()) == 32 != generate_totp_secret()
    assert tries(given) and not tries(given)
    with time_machine.travel(timezone.now() + timedelta(minutes=10)):
        assert not tries(given)


def test_factors_change_only_after_a_proof(client: Browser, bob: Any) -> None:
    client.force_login(bob)
    for path in ("/account/2fa/totp/activate/", "/account/2fa/recovery-codes/generate/", CHANGE):
        answer = client.get(path)
        assert (answer.status_code == 200 and path == CHANGE) or "/confirm-identity/" in answer["Location"], (
            path
        )
    assert not Authenticator.objects.exists()


def test_a_field_that_comes_twice_is_taken_once(at_home: Browser, alice: Any) -> None:
    body = "oldpassword=wrong&oldpassword=wronger&password1=a&password1=b&password2=b"
    answer = at_home.post(CHANGE, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 422


@pytest.mark.parametrize(("proxies", "seen"), [(0, "127.0.0.1"), (1, "198.51.100.7"), (2, "203.0.113.9")])
def test_the_visitors_address_is_the_one_that_our_proxies_saw(
    client: Browser, alice: Any, settings: Any, proxies: int, seen: str
) -> None:
    """What the visitor wrote into the header stands further left than our proxies count."""
    from allauth.account.adapter import get_adapter
    from django.test import RequestFactory

    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "192.0.2.66, 203.0.113.9, 198.51.100.7"})
    assert get_adapter(request).get_client_ip(request) == seen


def test_what_is_refused_stands_in_the_log_without_what_was_sent(at_home: Browser, alice: Any) -> None:
    with structlog.testing.capture_logs() as told:
        assert at_home.get("/emergency/R-4711/?x=sgp_secret").status_code == 404
        assert at_home.get("/setup/people/").status_code == 403
        assert Browser(enforce_csrf_checks=True).post("/signin/", {"login": "x"}).status_code == 403
    seen = [(line["route"], line["status"], line["user"]) for line in told if line["event"] == "refused"]
    assert seen == [
        ("emergency_status", 404, alice.pk),
        ("people", 403, alice.pk),
        ("account_login", 403, None),
    ]
    assert "sgp_secret" not in str(told)
