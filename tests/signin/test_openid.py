"""Signing in at an OpenID Connect provider of other people's making: who comes in, and who does not whatever it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client as Browser

from offboarding.ledger.models import Entry, Personal
from tests.peers.mock import Mock
from tests.peers.openid import Provider

VERIFIED = {"email": "bob@northwind.example", "email_verified": True}


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    with Mock(*(f"http://testserver/signin/with/{slug}/back/" for slug in ("okta", "entra"))) as running:
        yield running


@pytest.fixture
def provider(mock: Mock) -> Mock:
    return mock


def goes(
    browser: Browser, provider: Mock | Provider, sub: str = "00u1", slug: str = "okta", **said: Any
) -> Any:
    """From the button to the answer of our own page."""
    there = browser.get(f"/signin/with/{slug}/?next=/requests/")["Location"]
    assert there.startswith(f"{provider.issuer}/") and "/authorize?" in there
    return browser.get(provider.signs_in(there, sub, **{"info": VERIFIED, **said}))


def is_in(browser: Browser) -> bool:
    return "_auth_user_id" in browser.session


def refused(browser: Browser, answer: Any) -> str:
    """The sentence that the person reads. Nobody is in."""
    assert answer["Location"] == "/signin/", answer
    assert not is_in(browser)
    return browser.get("/signin/").content.decode()


def reasons() -> list[str]:
    import json

    return [
        json.loads(bytes(each.body))["facts"]["why"]
        for each in Entry.objects.filter(event="user.sign_in_failed")
    ]


def test_who_is_invited_comes_in_and_is_known_by_the_subject_from_then_on(
    client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    answer = goes(client, provider)
    assert answer["Location"] == "/signin/zone/?next=%2Frequests%2F"
    assert client.session["_auth_user_id"] == str(bob.pk)
    made = SocialAccount.objects.get()
    assert (made.user, made.provider, made.uid, made.extra_data) == (bob, "okta", "00u1", {})
    assert list(Entry.objects.order_by("seq").values_list("event", flat=True)) == [
        "user.linked",
        "user.signed_in",
    ]
    assert Personal.objects.get(name="subject").value == "00u1"


def test_the_button_stands_on_the_sign_in_page_and_keeps_where_one_wanted_to_go(
    client: Browser, okta: Any, way: Callable[..., Any]
) -> None:
    way("Entra", is_on=False)
    page = client.get("/signin/?next=/requests/").content.decode()
    assert 'href="/signin/with/okta/?next=%2Frequests%2F"' in page
    assert "Continue with Okta" in page
    assert "Entra" not in page
    assert client.get("/signin/with/entra/").status_code == 404


def test_a_changed_address_does_not_change_who_somebody_is(
    client: Browser, okta: Any, bob: Any, sam: Any, provider: Mock
) -> None:
    goes(client, provider)
    client.logout()
    for address in ("robert@elsewhere.example", sam.email):
        goes(client, provider, info={"email": address, "email_verified": True})
        assert client.session["_auth_user_id"] == str(bob.pk)
        client.logout()
    bob.refresh_from_db()
    assert bob.email == "bob@northwind.example"


@pytest.mark.parametrize(
    ("info", "why", "sentence"),
    [
        ({"email": "bob@northwind.example", "email_verified": False}, "not-verified", "does not say that"),
        ({"email": "bob@northwind.example", "email_verified": "false"}, "not-verified", "does not say that"),
        ({"email": "bob@northwind.example"}, "not-verified", "does not say that"),
        ({}, "no-address", "did not tell your e-mail address"),
        (
            {"email": "eve@evil.example", "email_verified": True},
            "domain-not-trusted",
            "may not speak for addresses",
        ),
        ({"email": "eve@northwind.example", "email_verified": True}, "not-invited", "Nobody is invited"),
    ],
)
def test_an_address_counts_only_if_it_is_verified_trusted_and_invited(
    info: dict[str, Any], why: str, sentence: str, client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    assert sentence in refused(client, goes(client, provider, info=info))
    assert reasons() == [why]
    assert not SocialAccount.objects.exists()


def test_a_provider_that_is_silent_about_addresses_is_believed_only_where_that_is_ticked(
    client: Browser, way: Callable[..., Any], bob: Any, provider: Mock
) -> None:
    way("Entra", issuer=provider.issuer, silent=True)
    info = {"email": "Bob@Northwind.example"}
    goes(client, provider, slug="entra", info={**info, "email_verified": False})
    assert not is_in(client)
    goes(client, provider, slug="entra", info=info)
    assert is_in(client)


def test_a_second_subject_with_the_same_address_is_refused(
    client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    goes(client, provider)
    client.logout()
    assert "Somebody else already signs in as" in refused(client, goes(client, provider, sub="00u2"))


def test_another_provider_with_the_same_address_is_refused_while_the_first_one_is_on(
    client: Browser, okta: Any, way: Callable[..., Any], bob: Any, provider: Mock
) -> None:
    other = way("Entra", issuer=provider.issuer)
    goes(client, provider)
    client.logout()
    assert "Somebody else already signs in as" in refused(
        client, goes(client, provider, sub="x", slug=other.slug)
    )
    okta.is_on = False
    okta.save()
    goes(client, provider, sub="x", slug=other.slug)
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_the_same_subject_at_another_provider_is_somebody_else(
    client: Browser, okta: Any, way: Callable[..., Any], bob: Any, sam: Any, provider: Mock
) -> None:
    way("Entra", issuer=provider.issuer)
    goes(client, provider)
    client.logout()
    goes(client, provider, slug="entra", info={"email": sam.email, "email_verified": True})
    assert client.session["_auth_user_id"] == str(sam.pk)


def test_who_is_disabled_stays_out_before_and_after_the_first_time(
    client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    bob.is_active = False
    bob.save()
    assert "is disabled" in refused(client, goes(client, provider))
    bob.is_active = True
    bob.save()
    goes(client, provider)
    client.logout()
    bob.is_active = False
    bob.save()
    assert "is disabled" in refused(client, goes(client, provider))


def test_a_provider_that_is_switched_off_lets_nobody_in(
    client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    okta.is_on = False
    okta.save()
    answer = client.get(provider.signs_in(there, "00u1", VERIFIED))
    assert "Nobody signs in with Okta at the moment" in refused(client, answer)


def test_an_answer_to_another_browser_is_refused(
    client: Browser, okta: Any, bob: Any, provider: Mock
) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    back = provider.signs_in(there, "00u1", VERIFIED)
    other = Browser()
    other.get("/signin/with/okta/")
    refused(other, other.get(back))


@pytest.mark.parametrize("state", ["", "&state=made-up-by-somebody"])
def test_an_answer_without_our_question_is_refused(
    state: str, client: Browser, okta: Any, provider: Mock
) -> None:
    client.get("/signin/with/okta/")
    refused(client, client.get(f"/signin/with/okta/back/?code=code-1{state}"))


def test_an_answer_counts_once(client: Browser, okta: Any, bob: Any, provider: Mock) -> None:
    there = client.get("/signin/with/okta/")["Location"]
    back = provider.signs_in(there, "00u1", VERIFIED)
    client.get(back)
    client.logout()
    refused(client, client.get(back))


def test_what_is_asked_for_cannot_be_put_into_the_address(client: Browser, okta: Any, provider: Mock) -> None:
    there = client.get("/signin/with/okta/?process=connect&scope=admin&auth_params=nonce%3Dmine")["Location"]
    assert "admin" not in there
    assert "nonce=mine" not in there


def test_nobody_is_linked_by_somebody_elses_link(
    client: Browser, okta: Any, bob: Any, sam: Any, provider: Mock
) -> None:
    """A signed-in person who is lured to the button becomes whoever they are there; nothing is added to who they are here."""
    client.force_login(sam)
    goes(client, provider)
    assert SocialAccount.objects.get().user == bob
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_refusals_from_one_place_are_limited_with_redis_gone(
    client: Browser, okta: Any, bob: Any, provider: Mock, settings: Any
) -> None:
    """The count stands in the database's cache: no Redis is configured in this test, and none is asked."""
    assert "DatabaseCache" in settings.CACHES["default"]["BACKEND"]
    for _ in range(20):
        refused(client, client.get("/signin/with/okta/back/?code=x&state=y"))
    assert client.get("/signin/with/okta/back/?code=x&state=y").status_code == 429
    answer = client.get("/signin/with/okta/")
    assert (answer.status_code, answer["Retry-After"]) == (429, "300")


@pytest.mark.parametrize("simulators", [False, True])
def test_a_provider_inside_is_called_only_where_simulators_are_allowed(
    simulators: bool, client: Browser, okta: Any, provider: Mock, settings: Any
) -> None:
    settings.SIMULATORS = simulators
    there = client.get("/signin/with/okta/")["Location"]
    assert there.startswith(provider.issuer) is simulators


def test_the_administrators_test_says_what_a_sign_in_says(mock: Mock) -> None:
    """It names no way of being told a secret: then it is the header for both (OpenID Connect Discovery 1.0, section 3)."""
    from offboarding.gateways.openid import discover, knows_us

    found, back = discover(mock.issuer, simulators=True), mock.callbacks[0]
    assert found.methods == ("client_secret_basic",)
    assert knows_us(found, mock.client_id, mock.secret, back, simulators=True) is True
    assert knows_us(found, mock.client_id, "wrong", back, simulators=True) is False


def test_a_wrong_secret_lets_nobody_in(
    client: Browser, way: Callable[..., Any], bob: Any, provider: Mock
) -> None:
    way("Okta", issuer=provider.issuer, secret="wrong")
    assert "Signing in with Okta did not work" in refused(client, goes(client, provider))
