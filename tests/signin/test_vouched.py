"""A provider of sign-in says who people are: on one administrator's word alone nobody who decides comes in there."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from offboarding.directory import sign_in as verbs
from offboarding.directory.models import Membership
from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.users.models import SignInProvider
from offboarding.users.rules import Role
from tests.conftest import PASSWORD
from tests.peers.openid import Provider
from tests.signin.test_openid import VERIFIED, goes, is_in, reasons, refused

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 2)


@pytest.fixture
def lin(person: Make) -> Any:
    user = person("lin")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value)
    return user


def scope(user: Any) -> Any:
    return scope_of(user, TODAY)


@pytest.fixture
def entered(chief: Any, lin: Any, way: Make, provider: Provider) -> SignInProvider:
    """Okta, as one of two administrators has entered it and switched it on."""
    row: SignInProvider = way("Okta", issuer="", domains=[], is_on=False)
    verbs.change(chief, scope(chief), row, {"issuer": provider.issuer, "domains": ["northwind.example"]}, "")
    verbs.switch(chief, scope(chief), row, on=True)
    return row


def vouch(row: SignInProvider, by: Any, seen: str = "") -> None:
    verbs.vouch(by, scope(by), row, seen or row.digest)


def test_who_decides_comes_in_only_once_another_administrator_has_confirmed_it(
    client: Browser, entered: SignInProvider, lin: Any, bob: Any, provider: Provider
) -> None:
    page = refused(client, goes(client, provider))
    assert "Okta was entered or changed by one administrator" in page and reasons() == ["not-confirmed"]
    vouch(entered, lin)
    goes(client, provider)
    assert is_in(client)


def test_who_decides_nothing_comes_in_at_once(
    client: Browser, entered: SignInProvider, olga: Any, provider: Provider
) -> None:
    goes(client, provider, info={"email": olga.email, "email_verified": True})
    assert is_in(client)


def test_what_is_changed_afterwards_needs_another_word_also_for_who_came_before(
    client: Browser, entered: SignInProvider, chief: Any, lin: Any, bob: Any, provider: Provider
) -> None:
    vouch(entered, lin)
    goes(client, provider)
    assert is_in(client)
    verbs.change(chief, scope(chief), entered, {"domains": ["northwind.example", "firm.example"]}, "")
    client.logout()
    assert "before another administrator has confirmed it" in refused(client, goes(client, provider))


def test_it_proves_nothing_of_who_decides_before_it_is_confirmed(
    client: Browser, entered: SignInProvider, chief: Any, lin: Any, bob: Any, provider: Provider
) -> None:
    vouch(entered, lin)
    goes(client, provider)
    verbs.change(chief, scope(chief), entered, {"domains": ["northwind.example", "firm.example"]}, "")
    there = client.get(f"{reverse('prove_with', args=['okta'])}?next=/me/&go=1")["Location"]
    client.get(provider.signs_in(there, "00u1", info=VERIFIED, auth_time=int(time.time())))
    assert reasons()[-1] == "not-confirmed"


@pytest.mark.parametrize("changed", ["secret", "nothing"])
def test_a_new_secret_or_a_switch_is_no_other_provider(
    changed: str, entered: SignInProvider, chief: Any, lin: Any
) -> None:
    vouch(entered, lin)
    if changed == "secret":
        verbs.change(chief, scope(chief), entered, {"issuer": entered.issuer}, "another one")
    verbs.switch(chief, scope(chief), entered, on=False)
    verbs.switch(chief, scope(chief), entered, on=True)
    entered.refresh_from_db()
    assert entered.is_vouched_for


def test_the_only_administrator_that_there_ever_was_vouches_alone(
    chief: Any, way: Make, client: Browser, bob: Any, provider: Provider
) -> None:
    row = way("Okta", issuer="", domains=[], is_on=False)
    verbs.change(chief, scope(chief), row, {"issuer": provider.issuer, "domains": ["northwind.example"]}, "")
    verbs.switch(chief, scope(chief), row, on=True)
    goes(client, provider)
    assert is_in(client)


def refusal(row: SignInProvider, by: Any, seen: str = "") -> str:
    with pytest.raises(Refused) as error:
        vouch(row, by, seen)
    return error.value.code


def test_who_entered_it_and_who_administers_some_clients_do_not_confirm_it(
    entered: SignInProvider, chief: Any, lin: Any, sam: Any, person: Make
) -> None:
    assert refusal(entered, chief) == "own-word"
    for other in (sam, person("amy", Role.ADMINISTRATOR, clients_=("Acme",))):
        assert refusal(entered, other) == "may-not-change"
    assert not SignInProvider.objects.get().is_vouched_for
    assert not Entry.objects.filter(event="signin.provider_confirmed").exists()


def test_what_was_read_is_what_is_confirmed(entered: SignInProvider, chief: Any, lin: Any) -> None:
    read = entered.digest
    verbs.change(chief, scope(chief), entered, {"domains": ["firm.example"]}, "")
    assert refusal(entered, lin, read) == "moved-on"
    vouch(entered, lin)
    assert refusal(entered, lin) == "nothing-changed"
    facts = Entry.objects.get(event="signin.provider_confirmed").facts
    assert (facts["digest"], facts["entered_by"]) == (entered.digest, chief.pk) and read != entered.digest


def proves(browser: Browser, user: Any) -> None:
    browser.force_login(user)
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def test_it_is_confirmed_in_the_browser_by_the_other_one(
    entered: SignInProvider, chief: Any, lin: Any, provider: Provider
) -> None:
    own, other = Browser(), Browser()
    proves(own, chief)
    proves(other, lin)
    page = own.get("/setup/sign-in/at/okta/").content.decode()
    assert "You entered what stands here" in page and "Confirm it" not in page and "On for some" in page
    page = other.get("/setup/sign-in/at/okta/").content.decode()
    assert "Ada entered what stands here" in page and "Confirm it" in page
    url = "/setup/sign-in/at/okta/vouch/"
    page = other.get(url).content.decode()
    assert provider.issuer in page and "northwind.example" in page
    seen = re.search(r'name="seen" value="([^"]+)"', page)
    assert seen
    answer = own.post(url, {"seen": seen[1]})
    assert "another administrator of all clients confirms it" in answer.content.decode()
    assert not SignInProvider.objects.get().is_vouched_for
    assert other.post(url, {"seen": seen[1]})["Location"] == "/setup/sign-in/at/okta/"
    assert SignInProvider.objects.get().vouched_by == lin
    assert "Not for those who decide" not in other.get("/setup/sign-in/at/okta/").content.decode()
