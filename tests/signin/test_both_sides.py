"""How many sign-ins at once, and what ends where: as the tables of `docs/sign-in.md` say."""

from __future__ import annotations

import time
from typing import Any

import pytest
import time_machine
from django.test import Client as Browser

from tests.conftest import PASSWORD
from tests.peers.authenticator import Authenticator
from tests.peers.openid import Provider
from tests.signin.test_openid import VERIFIED, goes, is_in, refused
from tests.signin.test_passkeys import as_in_production, bobs, key, signs_in  # noqa: F401  (fixtures)


@pytest.fixture
def came(client: Browser, okta: Any, bob: Any, provider: Provider) -> Browser:
    """Bob has come from Okta."""
    bob.time_zone = "Europe/Berlin"
    bob.save()
    goes(client, provider)
    assert is_in(client)
    return client


def is_open(browser: Browser) -> bool:
    return bool(browser.get("/requests/").status_code == 200)


def test_a_person_is_signed_in_on_many_browsers_and_ends_all_others(bob: Any) -> None:
    browsers = [Browser() for _ in range(12)]
    for each in browsers:
        each.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert all(is_open(each) for each in browsers), "each sign-in leaves the others alone"
    assert browsers[0].get("/account/sessions/").content.decode().count('<th scope="row">') == 12
    browsers[0].post("/account/sessions/")
    assert [is_open(each) for each in browsers] == [True] + [False] * 11


def test_leaving_here_leaves_the_provider_alone(came: Browser, provider: Provider) -> None:
    came.post("/account/logout/")
    assert not is_open(came)
    goes(came, provider)
    assert is_open(came)


def test_a_sign_in_stays_while_the_provider_is_gone_and_ends_here_as_any_other(
    came: Browser, okta: Any, provider: Provider, settings: Any
) -> None:
    provider.down = True
    assert is_open(came)
    okta.is_on = False
    okta.save()
    assert is_open(came), "the provider was switched off here"
    with time_machine.travel(time.time() + settings.IDLE_SECONDS + 1):
        assert came.get("/requests/")["Location"].startswith("/signin/")


def test_however_busy_it_ends_after_the_same_hours(came: Browser, settings: Any) -> None:
    begun = time.time()
    for second in range(0, settings.SESSION_COOKIE_AGE, settings.IDLE_SECONDS - 60):
        with time_machine.travel(begun + second):
            assert is_open(came)
    with time_machine.travel(begun + settings.SESSION_COOKIE_AGE + 5):
        assert came.get("/requests/")["Location"].startswith("/signin/")


def test_disabled_here_a_sign_in_there_opens_nothing(came: Browser, bob: Any, provider: Provider) -> None:
    bob.is_active = False
    bob.save()
    assert not is_open(came)
    other = Browser()
    assert "is disabled" in refused(other, goes(other, provider))


def test_a_switched_off_provider_lets_nobody_in_anew(came: Browser, okta: Any, provider: Provider) -> None:
    there = came.get("/signin/with/okta/")["Location"]
    came.post("/account/logout/")
    okta.is_on = False
    okta.save()
    came.get(provider.signs_in(there, "00u1", VERIFIED))
    assert not is_in(came)


def test_a_forgotten_account_is_out_at_the_next_request(came: Browser, bob: Any, chief: Any) -> None:
    from offboarding.directory.people import forget_provider
    from offboarding.web.http import scope_of

    forget_provider(chief, scope_of(chief, chief.date_joined.date()), bob)
    assert not is_open(came)


# ---------------------------------------------------------------- nobody is locked out by others


def test_who_is_guessed_at_still_comes_in_with_a_passkey(
    client: Browser,
    bobs: Authenticator,  # noqa: F811
    bob: Any,
) -> None:
    stranger = Browser(REMOTE_ADDR="198.51.100.7")
    for _ in range(6):
        stranger.post("/signin/", {"login": bob.email, "password": "a wrong guess"})
    answer = client.post("/signin/", {"login": bob.email, "password": PASSWORD})
    assert not is_in(client), "the right password waits too"
    assert "Too many wrong tries. Wait 5 minutes, then try again." in answer.content.decode()
    signs_in(client, bobs)
    assert is_in(client)


def test_who_is_guessed_at_comes_in_with_their_password_five_minutes_later(client: Browser, bob: Any) -> None:
    for _ in range(6):
        client.post("/signin/", {"login": bob.email, "password": "a wrong guess"})
    with time_machine.travel(time.time() + 301):
        client.post("/signin/", {"login": bob.email, "password": PASSWORD})
        assert is_in(client)
