"""Signing in with a passkey in Chromium's own virtual authenticator, and the warning before a sign-in ends."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from offboarding.demo.cast import PASSWORD
from tests.peers import openid

pytestmark = pytest.mark.browser
# Nobody of the walk: a password proves nothing any more for who has a passkey.
MAIL = "lin@northwind.example"


def with_authenticator(page: Page) -> Any:
    """A key with finger print that holds passkeys and always says yes (Chrome DevTools Protocol: WebAuthn)."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return lambda name, value: session.send(
        f"WebAuthn.{name}", {"authenticatorId": made["authenticatorId"], **value}
    )


def test_a_passkey_is_added_signs_in_and_proves_an_act(person: Any) -> None:
    lin = person()
    page: Page = lin.page
    tell = with_authenticator(page)
    lin.go("/signin/")
    page.get_by_label("Work e-mail").fill(MAIL)
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{lin.base}/")
    # Who has chosen no zone yet comes to this page first: the browser's is proposed.
    lin.go("/signin/zone/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("In which time zone")
    zone = page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    expect(page.get_by_label("Time zone")).to_have_value(zone)
    lin.look_around()
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{lin.base}/")
    lin.go("/account/2fa/webauthn/add/")
    if page.get_by_role("textbox", name="Password").is_visible():
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("Laptop")
    if page.get_by_role("checkbox").count():
        page.get_by_role("checkbox").first.check()
    page.get_by_role("button", name=re.compile("passkey|Add", re.IGNORECASE)).last.click()
    page.wait_for_url(lambda url: "/2fa/" in url and "/add/" not in url)  # what was sent has arrived
    expect(page.locator("main")).to_contain_text(re.compile("Laptop|recovery", re.IGNORECASE))
    assert len(tell("getCredentials", {})["credentials"]) == 1
    signed_out(page)
    lin.go("/signin/")
    page.get_by_role("button", name="Use a passkey").click()
    page.wait_for_url(f"{lin.base}/")
    lin.go(
        "/setup/api/new/"
    )  # asks for a proof where the sign-in is too old; right after a passkey it is one
    expect(page.get_by_role("heading", level=1)).to_contain_text("Make an API key")
    lin.look_around()


def signed_out(page: Page) -> None:
    page.context.clear_cookies()


def test_two_minutes_before_the_end_one_press_extends(person: Any) -> None:
    erin = person("Erin")
    page: Page = erin.page
    soon(page, extends=True)
    erin.go("/requests/")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_be_visible(timeout=5000)
    expect(dialog).to_contain_text("Your sign-in ends in 2 minutes")
    expect(page.get_by_role("button", name="Stay signed in")).to_be_focused()
    erin.look_around()
    with page.expect_response(lambda answer: answer.request.method == "POST") as sent:
        page.get_by_role("button", name="Stay signed in").click()
    assert sent.value.json()["extends"] is True
    expect(dialog).to_be_hidden()


def test_another_window_that_was_used_meanwhile_spares_the_warning(person: Any) -> None:
    erin = person("Erin")
    page: Page = erin.page
    soon(page, extends=True, really=3000)
    with page.expect_response("**/signin/stay/"):
        erin.go("/requests/")
    page.wait_for_timeout(200)
    expect(page.get_by_role("alertdialog")).to_be_hidden()


def test_the_end_in_any_case_is_said_and_offers_no_press_that_would_not_help(person: Any) -> None:
    erin = person("Erin")
    page: Page = erin.page
    soon(page, extends=False)
    erin.go("/requests/")
    dialog = page.get_by_role("alertdialog")
    expect(dialog).to_contain_text("lasted as long as a sign-in may")
    expect(page.get_by_role("button", name="Stay signed in")).to_be_hidden()
    page.get_by_role("button", name="I know").click()
    expect(dialog).to_be_hidden()


def ends_in(page: Page, seconds: int) -> str:
    return str(page.evaluate(f"new Date(Date.now() + {seconds * 1000}).toISOString()"))


def soon(page: Page, *, extends: bool, really: int = 100) -> None:
    """The next page says that the sign-in ends in 119 seconds; asked for the end, the server says `really`."""
    written = ends_in(page, 119)

    def changed(route: Any) -> None:
        answer = route.fetch()
        body = re.sub(r'data-session-ends="[^"]+"', f'data-session-ends="{written}"', answer.text())
        route.fulfill(response=answer, body=body)

    def asked(route: Any) -> None:
        if route.request.method == "POST":
            return route.continue_()
        return route.fulfill(json={"ends": ends_in(page, really), "extends": extends})

    page.route("**/requests/", changed)
    page.route("**/signin/stay/", asked)


def test_a_provider_on_another_site_signs_in_and_proves_within_our_page_policy(person: Any) -> None:
    """A form may not lead to another site, so only links do; a browser that blocked one would say so on its console."""
    with openid.Provider() as provider:
        provider.at_the_page = ("a11ce", {"email": "alice@northwind.example", "email_verified": True})
        ada = person("Ada")
        page: Page = ada.page
        ada.go("/setup/sign-in/add/")
        page.get_by_role("textbox", name="Password").fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.get_by_label("Name").fill("Northwind SSO")
        page.get_by_role("button", name="Continue").click()
        page.get_by_label("Issuer").fill(provider.issuer)
        page.get_by_label("Client ID").fill(openid.CLIENT_ID)
        page.get_by_label("Client secret").fill(openid.SECRET)
        page.get_by_role("textbox", name="Domains").fill("northwind.example")
        page.get_by_role("button", name="Save").click()
        page.get_by_role("link", name="Try a sign-in").click()
        expect(page.get_by_text("Would sign in")).to_be_visible()
        expect(page.locator("#tried").get_by_text("Alice Moreau")).to_be_visible()
        ada.look_around()
        page.get_by_role("button", name="Test").click()
        expect(page.get_by_text("It knows our client ID and secret")).to_be_visible()
        page.get_by_role("link", name="Switch on").click()
        page.get_by_role("button", name="Switch on").click()
        try:
            comes_and_proves(person())
        finally:  # others of the cast sign in here with one press and with a password
            page.get_by_role("link", name="Switch off").click()
            page.get_by_role("button", name="Switch off").click()


def comes_and_proves(alice: Any) -> None:
    page: Page = alice.page
    alice.go("/signin/")
    page.get_by_role("link", name="Continue with Northwind SSO").click()
    page.wait_for_url(f"{alice.base}/")
    alice.go("/setup/api/new/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm it is you")
    alice.look_around()
    page.get_by_role("link", name="Continue with Northwind SSO").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Make an API key")


def test_the_pages_about_signing_in_are_in_order(person: Any) -> None:
    ada = person("Ada")
    for path in ("/setup/sign-in/", "/setup/sign-in/add/", "/setup/api/"):
        ada.go(path)
        if "confirm-identity" in ada.page.url:
            ada.page.get_by_role("textbox", name="Password").fill(PASSWORD)
            ada.page.get_by_role("button", name="Confirm").click()
        ada.look_around()
    for kind, name in (("OpenID Connect", "Okta"), ("SAML 2.0", "Entra ID")):
        ada.go("/setup/sign-in/add/")
        ada.page.get_by_label("Name").fill(name)
        ada.page.get_by_role("radio", name=kind).check()
        ada.page.get_by_role("button", name="Continue").click()
        expect(ada.page.get_by_role("heading", level=1)).to_have_text(name)
        ada.look_around()
