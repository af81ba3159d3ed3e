"""What every door refuses before any page looks at it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

NUL = [
    ("get", "/requests/", {"text": "dan\0"}, "a search in the list"),
    ("get", "/search/", {"q": "\0"}, "a search everywhere"),
    ("get", "/", {"since": "\0"}, "a poll"),
    ("post", "/requests/new/", {"email": "dan@northwind.example\0"}, "an address"),
    ("post", "/signin/", {"login": "alice\0", "password": "x"}, "a sign-in"),
]


@pytest.mark.parametrize(
    ("path", "typed"),
    [
        ("/signin/", {"login": "alice@northwind.example", "password": "a wrong guess"}),
        ("/signin/", {"login": "", "password": ""}),
        ("/confirm-identity/", {"password": "a wrong guess"}),
        ("/account/password/change/", {"oldpassword": "a wrong guess", "password1": "a", "password2": "b"}),
        ("/account/password/reset/", {"email": "no address"}),
    ],
)
def test_a_mistake_on_a_page_about_signing_in_is_no_success(
    path: str, typed: dict[str, str], client: Browser, alice: Any
) -> None:
    if path.startswith(("/confirm", "/account/password/change")):
        client.force_login(alice)
    answer = client.post(path, typed)
    assert answer.status_code == 422
    assert "thing to correct" in answer.content.decode() or "things to correct" in answer.content.decode()


@pytest.mark.parametrize(("method", "path", "data", "because"), NUL)
def test_a_nul_character_is_refused_with_a_sentence(
    client: Browser, alice: Any, method: str, path: str, data: dict[str, str], because: str
) -> None:
    if path != "/signin/":
        client.force_login(alice)
    response = getattr(client, method)(path, data)
    assert response.status_code == 400, because
    assert "NUL character" in response.content.decode()


@pytest.mark.parametrize("path", ["/requests/R-1001/steps/1/sign-off/", "/evidence/R-1001/check/"])
def test_the_address_of_a_form_says_so_when_it_is_opened(client: Browser, alice: Any, path: str) -> None:
    client.force_login(alice)
    response = client.get(path)
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert "Go back and press the button there." in response.content.decode()


@pytest.mark.parametrize("demo", [False, True])
def test_a_host_that_is_not_ours_is_refused_with_a_page(
    client: Browser, settings: Any, db: None, demo: bool
) -> None:
    settings.DEMO = demo
    response = client.get("/", headers={"host": "elsewhere.example"})
    assert response.status_code == 400
    assert "This cannot be read" in response.content.decode()
