"""A provider that tells untruths, or is in trouble: what no honest one of other people's can be brought to do."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.ledger.models import Entry
from tests.peers.openid import SECRET, Provider
from tests.signin.test_openid import VERIFIED, goes, reasons, refused

NOW = int(time.time())


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ({"nonce": "another"}, "wrong-nonce"),
        ({"nonce": None}, "wrong-nonce"),
        ({"aud": "another-client"}, "OAuth2Error"),
        ({"aud": None}, "OAuth2Error"),
        ({"iss": "https://evil.example"}, "OAuth2Error"),
        ({"exp": NOW - 600}, "OAuth2Error"),
        ({"info": {**VERIFIED, "sub": "somebody-else"}}, "OAuth2Error"),
        ({"sub": "x" * 192}, "OAuth2Error"),
    ],
)
def test_an_id_token_that_is_not_for_us_or_not_for_now_is_refused(
    token: dict[str, Any], why: str, client: Browser, okta: Any, bob: Any, provider: Provider
) -> None:
    refused(client, goes(client, provider, **token))
    assert reasons() == [why]


def test_a_code_that_was_caught_is_useless_without_this_browsers_verifier(
    client: Browser, okta: Any, bob: Any, provider: Provider
) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    assert "code_challenge_method=S256" in there
    client.get(provider.signs_in(there, "00u1", VERIFIED))
    assert len(provider.seen[-1]["code_verifier"]) >= 43


@pytest.mark.parametrize("trouble", ["down", "redirects"])
def test_a_provider_in_trouble_is_a_sentence_and_no_error(
    trouble: str, client: Browser, okta: Any, provider: Provider
) -> None:
    setattr(provider, trouble, True)
    answer = client.get("/signin/with/okta/")
    assert "Okta does not answer as it should" in refused(client, answer)


def test_a_provider_that_goes_away_in_between_is_a_sentence_too(
    client: Browser, okta: Any, bob: Any, provider: Provider
) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    back = provider.signs_in(there, "00u1", VERIFIED)
    provider.down = True
    assert "Signing in with Okta did not work" in refused(client, client.get(back))


def test_the_provider_is_not_called_with_each_press(client: Browser, okta: Any, provider: Provider) -> None:
    first = client.get("/signin/with/okta/")["Location"]
    provider.down = True
    assert client.get("/signin/with/okta/")["Location"].startswith(first[:40])


def test_the_secret_reaches_the_token_endpoint_and_nothing_else(
    client: Browser, okta: Any, bob: Any, provider: Provider, caplog: Any
) -> None:
    goes(client, provider)
    assert provider.seen[-1]["client_secret"] == SECRET
    assert SECRET not in okta.sealed_secret
    assert SECRET not in caplog.text
    assert not any(SECRET in bytes(entry.body).decode() for entry in Entry.objects.all())


def test_who_turns_back_at_the_provider_is_told_so(client: Browser, okta: Any, provider: Provider) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    state = provider.signs_in(there, "00u1").partition("&")[2]
    answer = client.get(f"/signin/with/okta/back/?error=access_denied&{state}")
    assert "You came back from Okta without signing in" in refused(client, answer)
