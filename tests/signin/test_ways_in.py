"""Who comes in by which way: only at the provider, once linked or where that is the rule; and the one account that never does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from offboarding.ledger.models import Entry
from offboarding.users.admission import Claim, Known, Standing, Trust, Way, first_time, wrong_way
from tests.conftest import PASSWORD
from tests.peers.openid import Provider
from tests.signin.test_openid import goes, is_in
from tests.web.test_second_factor import SECRET, code, forget_used_codes

OKTA = ("Okta",)


@pytest.mark.parametrize(
    ("way", "standing", "code"),
    [
        (Way.PASSWORD, Standing(), ""),
        (Way.PASSKEY, Standing(), ""),
        (Way.PASSWORD, Standing(offered=OKTA), ""),  # not linked yet
        (Way.PASSWORD, Standing(providers=OKTA, offered=OKTA), "elsewhere"),
        (Way.PASSKEY, Standing(providers=OKTA, offered=OKTA), "elsewhere"),  # locked there is locked here
        (Way.ELSEWHERE, Standing(providers=OKTA, offered=OKTA), ""),
        (Way.PASSWORD, Standing(offered=OKTA, only_elsewhere=True), "elsewhere"),
        (Way.PASSKEY, Standing(offered=OKTA, only_elsewhere=True), "elsewhere"),
        (Way.ELSEWHERE, Standing(offered=OKTA, only_elsewhere=True), ""),
        (Way.PASSWORD, Standing(only_elsewhere=True, break_glass=True, has_factor=True), ""),
        (Way.PASSWORD, Standing(only_elsewhere=True, break_glass=True), "break-glass"),  # no factor
        (
            Way.PASSWORD,
            Standing(break_glass=True),
            "",
        ),  # it has to be set up while the rule is not yet in force
        (Way.PASSKEY, Standing(break_glass=True, has_factor=True), "break-glass"),
        (Way.ELSEWHERE, Standing(break_glass=True, has_factor=True), "break-glass"),
    ],
)
def test_by_which_way_somebody_comes_in(way: Way, standing: Standing, code: str) -> None:
    no = wrong_way(way, standing)
    assert (no.code if no else "") == code


def test_the_domain_is_the_whole_domain() -> None:
    trust = Trust("Okta", ("northwind.example",))
    for address in (
        "a@evil-northwind.example",
        "a@northwind.example.evil.example",
        "a@sub.northwind.example",
        "a@",
    ):
        no = first_time(Claim("1", address, True), trust, Known(True))
        assert no and no.code == "domain-not-trusted"
    assert first_time(Claim("1", "a@NORTHWIND.example", True), trust, Known(True)) is None


def types(browser: Browser, user: Any) -> str:
    """The password, on the sign-in page. Gives back what the next page says."""
    answer = browser.post("/signin/", {"login": user.email, "password": PASSWORD}, follow=True)
    return answer.content.decode()


def test_who_came_from_a_provider_once_comes_in_only_there(
    client: Browser, okta: Any, bob: Any, provider: Provider
) -> None:
    goes(client, provider)
    client.logout()
    assert "You sign in elsewhere. Press “Continue with Okta”." in types(client, bob)
    assert not is_in(client)
    call_command("sign_in_off", "okta")
    types(client, bob)
    assert is_in(client)
    with pytest.raises(CommandError, match="off already"):
        call_command("sign_in_off", "Okta")
    with pytest.raises(CommandError, match="Providers: Okta"):
        call_command("sign_in_off", "Entra")


@pytest.fixture
def only(settings: Any, okta: Any) -> None:
    settings.ONLY_SINGLE_SIGN_ON, settings.BREAK_GLASS = True, "glass@northwind.example"


@pytest.fixture
def glass(person: Callable[..., Any]) -> Any:
    from offboarding.directory.models import Membership

    user = person("glass", name="Break Glass")
    Membership.objects.create(user=user, role="administrator")
    return user


def test_where_single_sign_on_is_the_rule_a_password_names_the_button(
    only: None, client: Browser, bob: Any
) -> None:
    assert "Everybody signs in elsewhere here. Press “Continue with Okta”." in types(client, bob)
    assert not is_in(client)
    assert Entry.objects.get().event == "user.sign_in_failed"


def test_a_wrong_password_tells_nothing_about_the_rule(only: None, client: Browser, bob: Any) -> None:
    answer = client.post("/signin/", {"login": bob.email, "password": "wrong"})
    assert "Everybody signs in elsewhere" not in answer.content.decode()


def test_the_sign_in_page_shows_the_button_first_and_the_break_glass_form_folded(
    only: None, client: Browser
) -> None:
    page = client.get("/signin/").content.decode()
    assert page.index("Continue with Okta") < page.index("<details")
    assert "Use a passkey" not in page


def test_the_break_glass_account_needs_its_second_factor(only: None, client: Browser, glass: Any) -> None:
    assert "has no second factor" in types(client, glass)
    TOTP.activate(glass, SECRET)
    types(client, glass)
    assert not is_in(client)  # the code is still missing
    forget_used_codes()
    client.post("/signin/code/", {"code": code()})
    assert is_in(client)


def test_the_use_of_the_break_glass_account_alarms_security_and_administrators(
    only: None, client: Browser, glass: Any, sam: Any, bob: Any, chief: Any
) -> None:
    from offboarding.notifications.follow import follow
    from offboarding.notifications.models import Message

    TOTP.activate(glass, SECRET)
    types(client, glass)
    forget_used_codes()
    client.post("/signin/code/", {"code": code()})
    assert Entry.objects.filter(event="user.break_glass_used").count() == 1
    follow()
    told = Message.objects.filter(kind="break glass").values_list("recipient__email", flat=True)
    assert sorted(told) == sorted([sam.email, chief.email])
    assert not mail.outbox  # the verb sends nothing; the engine does


def test_the_break_glass_account_never_comes_from_a_provider(
    only: None, client: Browser, glass: Any, provider: Provider
) -> None:
    goes(client, provider, info={"email": glass.email, "email_verified": True})
    assert not is_in(client)
    assert not SocialAccount.objects.exists()


def test_others_still_give_their_own_second_factor_after_the_provider(
    only: None, client: Browser, bob: Any, provider: Provider, way: Callable[..., Any]
) -> None:
    way("Twin", issuer=provider.issuer)  # with the same client id
    TOTP.activate(bob, SECRET)
    answer = goes(client, provider)
    assert answer["Location"].startswith("/signin/code/")
    assert not is_in(client)
    assert "code-" not in str(dict(client.session.items()))  # the access token
    forget_used_codes()
    client.post("/signin/code/", {"code": code()})
    assert is_in(client)


def test_a_role_that_needs_a_factor_sees_nothing_after_single_sign_on_alone(
    client: Browser, okta: Any, bob: Any, provider: Provider, settings: Any
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    goes(client, provider)
    assert client.get("/requests/")["Location"].startswith("/second-factor/")


# ---------------------------------------------------------------- proving an act


def fresh(browser: Browser, provider: Provider, sub: str = "alice1", **token: Any) -> Any:
    page = browser.get("/confirm-identity/with/okta/?next=/me/").content.decode()
    assert 'href="/confirm-identity/with/okta/?next=%2Fme%2F&amp;go=1"' in page
    there = browser.get("/confirm-identity/with/okta/?next=/me/&go=1")["Location"]
    assert "prompt=login" in there
    assert "max_age=0" in there
    return browser.get(
        provider.signs_in(there, sub, {"email": "alice@northwind.example", "email_verified": True}, **token)
    )


@pytest.fixture
def alice_came(client: Browser, okta: Any, alice: Any, provider: Provider) -> Browser:
    goes(client, provider, sub="alice1", info={"email": alice.email, "email_verified": True})
    return client


def proved(browser: Browser, since: float) -> str:
    from types import SimpleNamespace

    from offboarding.directory.rules import Scope
    from offboarding.users.models import User
    from offboarding.web.proof import proved_since

    user = User.objects.get(pk=browser.session["_auth_user_id"])
    scope = Scope(user.pk, user.email, frozenset())
    return proved_since(SimpleNamespace(session=browser.session, user=user, scope=scope), since)


def test_coming_in_proves_no_act_and_a_fresh_sign_in_there_does(
    alice_came: Browser, provider: Provider
) -> None:
    import time

    assert proved(alice_came, 0) == ""
    answer = fresh(alice_came, provider, auth_time=int(time.time()))
    assert answer["Location"] == "/me/"
    assert proved(alice_came, 0) == "single sign-on"


@pytest.mark.parametrize(
    ("sub", "ago"),
    [("alice1", 3600), ("alice1", None), ("somebody-else", 0)],
    ids=["the provider did not ask again", "it does not say when", "somebody else signed in there"],
)
def test_what_proves_nothing(
    sub: str, ago: int | None, alice_came: Browser, provider: Provider, alice: Any
) -> None:
    import time

    fresh(alice_came, provider, sub=sub, auth_time=None if ago is None else int(time.time()) - ago)
    assert proved(alice_came, 0) == ""
    assert alice_came.session["_auth_user_id"] == str(alice.pk)  # and nobody was signed out by it


@pytest.fixture
def carries_nothing(client: Browser, okta: Any, bob: Any, provider: Provider) -> Browser:
    """Bob came from a provider half an hour ago, and has neither a password nor a second factor here."""
    bob.set_unusable_password()
    bob.save()
    with time_machine.travel(timezone.now() - timedelta(minutes=30)):
        goes(client, provider)
    assert is_in(client)
    return client


KEYS = ("mfa_add_webauthn", "mfa_activate_totp", "account_set_password")


@pytest.mark.parametrize("page", KEYS)
def test_a_browser_left_open_gives_nobody_a_key_to_somebody_who_comes_from_a_provider(
    page: str, carries_nothing: Browser, bob: Any
) -> None:
    for answer in (carries_nothing.get(reverse(page)), carries_nothing.post(reverse(page), {"name": "x"})):
        assert answer.status_code == 302
        assert answer["Location"].startswith("/confirm-identity/with/okta/"), answer["Location"]
    bob.refresh_from_db()
    assert not bob.has_usable_password()
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("page", KEYS)
def test_who_just_came_from_a_provider_sets_up_a_factor(
    page: str, client: Browser, okta: Any, bob: Any, provider: Provider
) -> None:
    bob.set_unusable_password()
    bob.save()
    goes(client, provider)
    assert client.get(reverse(page)).status_code == 200


def test_whoever_has_not_come_from_there_is_not_sent_there(client: Browser, okta: Any, sam: Any) -> None:
    client.force_login(sam)
    assert client.get("/confirm-identity/with/okta/").status_code == 404


# ---------------------------------------------------------------- a new account at the provider


def test_an_administrator_forgets_the_old_account_and_the_new_one_is_linked(
    client: Browser, okta: Any, bob: Any, chief: Any, provider: Provider
) -> None:
    goes(client, provider)
    client.logout()
    other = Browser()
    other.post("/signin/", {"login": chief.email, "password": PASSWORD})
    page = f"/setup/people/{bob.pk}/"
    assert "Comes from" in other.get(page).content.decode()
    other.post(f"{page}unlink/")
    other.post("/confirm-identity/", {"password": PASSWORD})
    confirm = other.get("/setup/people/confirm/")
    nonce = confirm.context["confirm"].act.hidden[0][1]
    other.post("/setup/people/confirm/", {"nonce": nonce})
    assert Entry.objects.filter(event="user.unlinked").exists()
    goes(client, provider, sub="00u2")
    assert client.session["_auth_user_id"] == str(bob.pk)


def test_an_invitation_leads_to_the_provider(
    okta: Any, chief: Any, person: Callable[..., Any], settings: Any
) -> None:
    from offboarding.journey.notices.people import lead

    assert "“Continue with Okta”" in lead()
    settings.ONLY_SINGLE_SIGN_ON = True
    assert "No password is needed here" in lead()
