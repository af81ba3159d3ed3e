"""Setup > Sign-in: an administrator for all clients enters a provider, tries it, and switches it on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from offboarding.ledger.models import Entry
from offboarding.users.models import SignInProvider
from offboarding.users.sealed import opened
from tests.conftest import PASSWORD
from tests.peers import openid

LIST, ADD = "/setup/sign-in/", "/setup/sign-in/add/"
OKTA = "/setup/sign-in/at/okta/"


@pytest.fixture
def provider() -> Iterator[openid.Provider]:
    with openid.Provider() as running:
        yield running


@pytest.fixture
def chief(person: Callable[..., Any]) -> Any:
    """Administers all clients."""
    from offboarding.directory.models import Membership

    user = person("chief")
    Membership.objects.create(user=user, role="administrator")
    return user


@pytest.fixture
def browser(client: Browser, chief: Any) -> Browser:
    """The administrator, who has just confirmed who they are."""
    client.post("/signin/", {"login": chief.email, "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


@pytest.fixture
def added(browser: Browser) -> Browser:
    answer = browser.post(ADD, {"name": "Okta", "kind": "oidc"})
    assert answer["Location"] == OKTA
    return browser


def filled(provider: openid.Provider, **changes: str) -> dict[str, str]:
    return {
        "issuer": provider.issuer,
        "client_id": openid.CLIENT_ID,
        "secret": openid.SECRET,
        "domains": "northwind.example\n@Globex.example",
        **changes,
    }


def text(answer: Any) -> str:
    return answer.content.decode()


def test_from_an_empty_page_to_a_button_on_the_sign_in_page(
    added: Browser, provider: openid.Provider
) -> None:
    page = text(added.get(OKTA))
    assert "http://testserver/signin/with/okta/back/" in page  # what to enter there
    added.post(OKTA, filled(provider))
    row = SignInProvider.objects.get()
    assert (row.domains, opened(row.sealed_secret)) == (
        ["northwind.example", "globex.example"],
        openid.SECRET,
    )
    assert openid.SECRET not in text(added.get(OKTA))
    confirm = text(added.get(f"{OKTA}on/"))
    assert "whoever can change people&#x27;s addresses there can become anybody here" in confirm
    added.post(f"{OKTA}on/")
    assert "Continue with Okta" in text(Browser().get("/signin/"))
    told = [
        json.loads(bytes(each.body))["facts"] for each in Entry.objects.filter(event__startswith="signin.")
    ]
    assert told[1]["changed"]["also"] == ["the client secret"]
    assert openid.SECRET not in json.dumps(told)


def test_the_test_button_tells_a_right_secret_from_a_wrong_one(
    added: Browser, provider: openid.Provider
) -> None:
    added.post(OKTA, filled(provider))
    page = text(added.post(f"{OKTA}test/"))
    assert page.count('data-state="verified"') or page.count("Yes") == 2
    added.post(OKTA, filled(provider, secret="wrong"))
    page = text(added.post(f"{OKTA}test/"))
    assert "It refuses them." in page
    provider.down = True
    assert "answers 503" in text(added.post(f"{OKTA}test/"))


def test_a_try_shows_what_the_provider_says_and_changes_no_sign_in(
    added: Browser, provider: openid.Provider, chief: Any, bob: Any
) -> None:
    added.post(OKTA, filled(provider))
    there = added.get(f"{OKTA}try/")["Location"]
    info = {"email": bob.email, "email_verified": True}
    answer = added.get(provider.signs_in(there, "00u1", info))
    assert answer["Location"] == f"{OKTA}#tried"
    page = text(added.get(OKTA))
    assert "Would sign in" in page
    assert "Bob" in page
    assert added.session["_auth_user_id"] == str(chief.pk)
    assert not Entry.objects.filter(event="user.linked").exists()
    there = added.get(f"{OKTA}try/")["Location"]
    added.get(provider.signs_in(there, "00u1", {**info, "email_verified": False}))
    assert "does not say that bob@northwind.example is verified" in text(added.get(OKTA))


def test_an_empty_secret_keeps_the_old_one_and_another_issuer_is_another_provider(
    added: Browser, provider: openid.Provider
) -> None:
    added.post(OKTA, filled(provider))
    assert added.post(OKTA, filled(provider, secret="", client_id="new")).status_code == 302
    row = SignInProvider.objects.get()
    assert (row.client_id, opened(row.sealed_secret)) == ("new", openid.SECRET)
    answer = added.post(OKTA, filled(provider, issuer="https://evil.example"))
    assert answer.status_code == 422
    assert "Add another provider for it." in text(answer)
    row.refresh_from_db()
    assert row.issuer == provider.issuer


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"issuer": "http://okta.example"}, "begins with https://"),
        ({"issuer": ""}, "Write its issuer"),
        ({"domains": "not a domain@"}, "Write domains like northwind.example"),
        ({"domains": ""}, "Write the domains"),
    ],
)
def test_what_cannot_be_right_is_said_beside_its_field(
    typed: dict[str, str], says: str, added: Browser, provider: openid.Provider
) -> None:
    answer = added.post(OKTA, filled(provider, **typed))
    assert answer.status_code == 422
    assert says in text(answer)
    assert openid.SECRET not in text(answer)


def test_nothing_is_switched_on_before_it_is_filled_in(added: Browser) -> None:
    answer = added.post(f"{OKTA}on/")
    assert answer.status_code == 409
    assert not SignInProvider.objects.get().is_on


def test_two_of_one_name_are_refused(added: Browser) -> None:
    assert "one with this name already" in text(added.post(ADD, {"name": "Okta", "kind": "saml"}))
    assert SignInProvider.objects.count() == 1


def test_removing_forgets_the_links_so_that_a_namesake_inherits_nobody(
    added: Browser, provider: openid.Provider, bob: Any
) -> None:
    from allauth.socialaccount.models import SocialAccount

    added.post(OKTA, filled(provider))
    SocialAccount.objects.create(user=bob, provider="okta", uid="00u1")
    assert "1 person" in text(added.get(f"{OKTA}remove/"))
    added.post(f"{OKTA}remove/")
    assert not SocialAccount.objects.exists()
    assert not SignInProvider.objects.exists()


def test_saml_is_entered_by_its_metadata(browser: Browser, tmp_path: Path) -> None:
    from tests.peers.saml import ENTITY, Idp

    browser.post(ADD, {"name": "Acme SSO", "kind": "saml"})
    page = "/setup/sign-in/at/acme-sso/"
    assert "not the metadata" in text(browser.post(page, {"metadata": "<a/>", "domains": "acme.example"}))
    browser.post(page, {"metadata": Idp(tmp_path).metadata, "domains": "acme.example"})
    row = SignInProvider.objects.get()
    assert (row.entity_id, row.silent) == (ENTITY, True)
    shown = text(browser.post(f"{page}test/"))
    assert "One of its certificates is valid" in shown
    assert "http://testserver/signin/saml/acme-sso/acs/" in shown
    answer = browser.post(
        page, {"metadata": Idp(tmp_path, "https://evil.example").metadata, "domains": "acme.example"}
    )
    assert "Add another provider for it." in text(answer)


def test_before_anything_is_shown_the_administrator_confirms_who_they_are(
    client: Browser, chief: Any
) -> None:
    client.force_login(chief)
    assert client.get(ADD)["Location"].startswith("/confirm-identity/?next=")
    answer = client.post(ADD, {"name": "Okta", "kind": "oidc"})
    assert "too long ago that you confirmed" in text(answer)
    assert 'value="Okta"' in text(answer)
    assert not SignInProvider.objects.exists()


def test_who_administers_some_clients_or_is_security_changes_nothing(
    client: Browser, person: Callable[..., Any], clients: dict[str, Any]
) -> None:
    from offboarding.directory.models import Membership
    from offboarding.users.rules import Role

    SignInProvider.objects.create(name="Okta", slug="okta", kind="oidc")
    some = person("some", Role.ADMINISTRATOR)
    guard = person("guard")
    Membership.objects.create(user=guard, role="security")
    for user, sees in ((some, 403), (guard, 200)):
        client.force_login(user)
        assert client.get(LIST).status_code == sees
        for path in (ADD, OKTA, f"{OKTA}on/", f"{OKTA}try/"):
            assert client.get(path).status_code == 403
        assert client.post(f"{OKTA}remove/").status_code == 403
    assert SignInProvider.objects.exists()


def test_the_pages_ask_the_same_number_of_questions_however_many_there_are(
    browser: Browser, django_assert_max_num_queries: Any
) -> None:
    for n in range(8):
        SignInProvider.objects.create(name=f"P{n}", slug=f"p{n}", kind="oidc", domains=["a.example"])
    with django_assert_max_num_queries(9):
        browser.get(LIST)
    with django_assert_max_num_queries(11):
        browser.get("/setup/sign-in/at/p1/")
