"""Signing in, and what people set for themselves."""

from __future__ import annotations

import time
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client as Browser
from django.urls import reverse

from offboarding.ledger.models import Entry

PASSWORD = "correct horse battery"


def test_allauth_sends_people_to_our_addresses() -> None:
    assert reverse("account_login") == "/signin/"
    assert reverse("account_reauthenticate") == "/confirm-identity/"
    assert reverse("mfa_authenticate") == "/signin/code/"
    assert reverse("mfa_reauthenticate") == "/confirm-identity/code/"


def test_the_first_sign_in_asks_for_the_time_zone_and_then_goes_on(client: Any, alice: Any) -> None:
    answer = client.post("/signin/", {"login": alice.email, "password": PASSWORD, "next": "/requests/"})
    assert answer["Location"] == "/signin/zone/?next=%2Frequests%2F"
    page = client.get(answer["Location"]).content.decode()
    assert 'value="Europe/Berlin" selected' in page  # the installation's, until the script knows better
    answer = client.post(answer["Location"], {"time_zone": "Asia/Tokyo"})
    alice.refresh_from_db()
    assert (answer["Location"], alice.time_zone) == ("/requests/", "Asia/Tokyo")


def test_who_has_chosen_a_zone_is_not_asked_again(client: Any, alice: Any) -> None:
    alice.time_zone = "Europe/Paris"
    alice.save()
    assert client.post("/signin/", {"login": alice.email, "password": PASSWORD})["Location"] == "/"


def test_a_zone_that_is_none_is_refused_and_nobody_is_led_elsewhere(client: Any, alice: Any) -> None:
    client.force_login(alice)
    assert client.post("/signin/zone/", {"time_zone": "Moon/Base"}).status_code == 422
    answer = client.post("/signin/zone/?next=https://evil.example/", {"time_zone": "UTC"})
    assert answer["Location"] == "/"


def test_a_wrong_password_stays_on_the_sign_in_page(client: Any, alice: Any) -> None:
    answer = client.post("/signin/", {"login": alice.email, "password": "wrong"})
    assert answer.status_code == 422
    assert alice.email in answer.content.decode()


@pytest.mark.parametrize("address", ["/me/", "/help/keys/", "/", "/requests/", "/search/", "/requests/new/"])
def test_without_a_sign_in_every_page_leads_to_it(client: Any, db: None, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/signin/?next=")


def test_settings_are_saved_and_used_at_once(client: Any, alice: Any) -> None:
    client.force_login(alice)
    typed = {"time_zone": "America/New_York", "theme": "dark"}
    page = client.post("/me/", typed, follow=True).content.decode()
    alice.refresh_from_db()
    assert (alice.time_zone, alice.theme, alice.shortcuts) == ("America/New_York", "dark", False)
    assert 'data-theme="dark"' in page
    assert 'data-keys="off"' in page
    assert "Your settings are saved." in page


@pytest.mark.parametrize(
    "typed",
    [
        {"time_zone": "Moon/Base", "theme": "dark"},  # not a zone
        {"time_zone": "UTC", "theme": "sepia"},  # not a look
    ],
)
def test_a_setting_that_is_not_offered_is_refused(client: Any, alice: Any, typed: dict[str, str]) -> None:
    client.force_login(alice)
    answer = client.post("/me/", typed)
    alice.refresh_from_db()
    assert answer.status_code == 422
    assert "Error:" in answer.content.decode()
    assert (alice.time_zone, alice.theme) == ("", "system")


def test_the_settings_lead_to_everything_that_keeps_a_sign_in_safe(client: Any, alice: Any) -> None:
    client.force_login(alice)
    page = client.get("/me/").content.decode()
    for name in ("account_change_password", "mfa_list_webauthn", "mfa_index", "usersessions_list"):
        assert f'href="{reverse(name)}"' in page
        assert client.get(reverse(name)).status_code in (200, 302)


def test_the_password_is_changed_in_our_words(client: Any, alice: Any) -> None:
    client.force_login(alice)
    url = reverse("account_change_password")
    page = client.get(url).content.decode()
    assert "<title>Change your password" in page and "Your password now" in page
    given = {
        "oldpassword": "a wrong guess",
        "password1": "a long new one 2026",
        "password2": "another one 2026",
    }
    page = client.post(url, given).content.decode()
    assert "<title>Error: Change your password" in page
    assert "This is not your password now." in page
    given = {**given, "oldpassword": PASSWORD, "password2": given["password1"]}
    answer = client.post(url, given, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("me")
    assert "Your password is changed." in answer.content.decode()
    alice.refresh_from_db()
    assert alice.check_password(given["password1"])


def test_who_has_no_password_chooses_one_in_our_words(client: Any, alice: Any) -> None:
    alice.set_unusable_password()
    alice.save()
    client.force_login(alice)
    session = client.session
    session["account_authentication_methods"] = [{"method": "socialaccount", "at": time.time()}]
    session["account_authentication_methods_user"] = str(alice.pk)
    session.save()
    page = client.get(reverse("account_set_password")).content.decode()
    assert "<title>Choose a password" in page and "New password once more" in page


def test_the_page_of_keys_says_whether_they_are_on(client: Any, alice: Any) -> None:
    client.force_login(alice)
    assert "work on every page" in client.get("/help/keys/").content.decode()
    alice.shortcuts = False
    alice.save()
    assert "You have switched these keys off." in client.get("/help/keys/").content.decode()


def test_the_page_of_parts_exists_for_developers_only(client: Any, alice: Any) -> None:
    client.force_login(alice)
    assert client.get("/help/parts/").status_code == 404


def test_one_browser_is_signed_out_and_no_other(client: Any, alice: Any, bob: Any) -> None:
    others = [Browser(), Browser(), Browser()]
    for browser, who in zip((client, *others), (alice, alice, alice, bob), strict=True):
        browser.post("/signin/", {"login": who.email, "password": PASSWORD})
        browser.get("/me/")
    there, _second, bobs = (
        UserSession.objects.get(session_key=each.session.session_key).pk for each in others
    )
    assert f"/me/browsers/{there}/end/" in client.get(reverse("usersessions_list")).content.decode()
    assert client.post(f"/me/browsers/{bobs}/end/").status_code == 404
    assert client.post(f"/me/browsers/{there}/end/", follow=True).status_code == 200
    assert [each.get("/me/").status_code for each in (client, *others)] == [200, 302, 200, 200]
    assert client.post(f"/me/browsers/{there}/end/").status_code == 404
    own = UserSession.objects.get(session_key=client.session.session_key).pk
    assert client.post(f"/me/browsers/{own}/end/").status_code in (409, 422), (
        "that is what signing out is for"
    )
    assert client.get("/me/").status_code == 200
    assert Entry.objects.filter(event="user.sessions_ended").count() == 1


def test_browsers_signed_in_are_called_by_name(client: Any, alice: Any) -> None:
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0"
    client.post("/signin/", {"login": alice.email, "password": PASSWORD}, headers={"User-Agent": agent})
    page = client.get("/account/sessions/", headers={"User-Agent": agent}).content.decode()
    assert "Firefox on Linux" in page and ">Mozilla" not in page
