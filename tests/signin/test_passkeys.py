"""Passkeys over HTTP, with an authenticator in software: added, signing in, proving an act; and what opens nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator as Stored
from django.test import Client as Browser
from django.urls import reverse

from offboarding.ledger.models import Entry
from tests.conftest import PASSWORD
from tests.peers.authenticator import Authenticator
from tests.signin.test_openid import is_in


def options(answer: Any) -> dict[str, Any]:
    """What the page hands to the browser's WebAuthn."""
    found = re.search(r'id="js_data" type="application/json">(.*?)</script>', answer.content.decode())
    assert found, answer.content.decode()[:2000]
    said = json.loads(found[1])
    return said.get("creation_options") or said.get("request_options") or said


@pytest.fixture(autouse=True)
def as_in_production(settings: Any) -> None:
    """The demo and other tests take any origin, since browsers let http://localhost pass."""
    settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False


@pytest.fixture
def key() -> Authenticator:
    return Authenticator()


@pytest.fixture
def bobs(client: Browser, bob: Any, key: Authenticator) -> Authenticator:
    """Bob has added his passkey, and is signed out again."""
    client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_add_webauthn"))
    sent = {"name": "Laptop", "passwordless": "on", "credential": key.makes(options(page))}
    answer = client.post(reverse("mfa_add_webauthn"), sent)
    assert answer.status_code == 302, answer.content.decode()
    client.logout()
    return key


def signs_in(browser: Browser, key: Authenticator, asked: dict[str, Any] | None = None) -> dict[str, Any]:
    """With the passkey alone. Gives back what was asked, so that it can be answered again."""
    given = asked or browser.get(reverse("mfa_login_webauthn"), HTTP_X_REQUESTED_WITH="XMLHttpRequest").json()
    browser.post(reverse("mfa_login_webauthn"), {"credential": key.signs(given["request_options"])})
    return given


def test_a_passkey_is_added_and_signs_in_by_itself(client: Browser, bobs: Authenticator, bob: Any) -> None:
    assert Stored.objects.filter(user=bob, type="webauthn").count() == 1
    signs_in(client, bobs)
    assert client.session["_auth_user_id"] == str(bob.pk)
    newest = json.loads(bytes(Entry.objects.filter(event="user.signed_in").latest("seq").body))
    assert newest["facts"]["method"] == "passkey"


def test_a_challenge_counts_once(client: Browser, bobs: Authenticator) -> None:
    asked = signs_in(client, bobs)
    client.logout()
    signs_in(client, bobs, asked)
    assert not is_in(client)


def test_what_was_signed_for_a_phishing_site_opens_nothing(client: Browser, bobs: Authenticator) -> None:
    bobs.origin = "https://offboard.evil.example"
    signs_in(client, bobs)
    assert not is_in(client)


def test_another_sites_key_opens_nothing(client: Browser, bobs: Authenticator) -> None:
    bobs.site = "evil.example"
    signs_in(client, bobs)
    assert not is_in(client)


def test_another_key_under_the_same_name_opens_nothing(client: Browser, bobs: Authenticator) -> None:
    thief = Authenticator()
    thief.id, thief.user = bobs.id, bobs.user
    signs_in(client, thief)
    assert not is_in(client)


def test_who_is_disabled_does_not_come_in_with_it(client: Browser, bobs: Authenticator, bob: Any) -> None:
    bob.is_active = False
    bob.save()
    signs_in(client, bobs)
    assert not is_in(client)


def test_where_single_sign_on_is_the_rule_a_passkey_alone_is_refused(
    client: Browser, bobs: Authenticator, okta: Any, settings: Any
) -> None:
    settings.ONLY_SINGLE_SIGN_ON = True
    signs_in(client, bobs)
    assert not is_in(client)
    assert "Continue with Okta" in client.get("/signin/").content.decode()


def test_a_passkey_proves_an_act_and_one_from_before_the_choice_does_not(
    client: Browser, bobs: Authenticator, filed: Any, settings: Any
) -> None:
    from tests.web.test_second_factor import chosen

    settings.SECOND_FACTOR_REQUIRED = True
    signs_in(client, bobs)
    url, answer = chosen(client, filed)
    there = reverse("mfa_reauthenticate_webauthn")
    assert answer["Location"].startswith(there)
    assert client.get(f"{url}confirm/").status_code == 302
    page = client.get(there)
    client.post(there, {"credential": bobs.signs(options(page))})
    assert client.get(f"{url}confirm/").status_code == 200


def test_without_a_fresh_proof_no_passkey_is_added(client: Browser, bob: Any, key: Authenticator) -> None:
    """Whoever finds an open browser cannot give themself a key to it."""
    client.force_login(bob)
    answer = client.get(reverse("mfa_add_webauthn"))
    assert answer.status_code == 302
    assert "confirm-identity" in answer["Location"]
    client.post(reverse("mfa_add_webauthn"), {"name": "x", "credential": "{}"})
    assert not Stored.objects.exists()
