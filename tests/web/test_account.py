"""Signing in, and what people set for themselves."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

PASSWORD = "correct horse battery"


def test_allauth_sends_people_to_our_addresses() -> None:
    assert reverse("account_login") == "/signin/"
    assert reverse("account_reauthenticate") == "/confirm-identity/"
    assert reverse("mfa_authenticate") == "/signin/code/"
    assert reverse("mfa_reauthenticate") == "/confirm-identity/code/"


def test_the_first_sign_in_takes_over_the_zone_of_the_browser(client: Any, alice: Any) -> None:
    typed = {"login": alice.email, "password": PASSWORD, "zone": "Asia/Tokyo"}
    answer = client.post("/signin/", typed)
    alice.refresh_from_db()
    assert (answer.status_code, answer["Location"], alice.time_zone) == (302, "/", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("chosen", "sent", "kept"),
    [
        ("Europe/Paris", "Asia/Tokyo", "Europe/Paris"),  # a choice is not replaced by a guess
        ("", "Moon/Base", ""),  # no such place
        ("", "", ""),  # no script, no guess
    ],
)
def test_a_guess_never_replaces_a_choice(client: Any, alice: Any, chosen: str, sent: str, kept: str) -> None:
    alice.time_zone = chosen
    alice.save()
    client.post("/signin/", {"login": alice.email, "password": PASSWORD, "zone": sent})
    alice.refresh_from_db()
    assert alice.time_zone == kept


def test_a_wrong_password_stays_on_the_sign_in_page(client: Any, alice: Any) -> None:
    answer = client.post("/signin/", {"login": alice.email, "password": "wrong", "zone": "Asia/Tokyo"})
    alice.refresh_from_db()
    assert answer.status_code == 200
    assert alice.time_zone == ""
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


def test_the_page_of_keys_says_whether_they_are_on(client: Any, alice: Any) -> None:
    client.force_login(alice)
    assert "work on every page" in client.get("/help/keys/").content.decode()
    alice.shortcuts = False
    alice.save()
    assert "You have switched these keys off." in client.get("/help/keys/").content.decode()


def test_the_page_of_parts_exists_for_developers_only(client: Any, alice: Any) -> None:
    client.force_login(alice)
    assert client.get("/help/parts/").status_code == 404
