"""Against an identity provider that other people wrote: its pages, its passwords, its tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client as Browser

from tests.peers.canaille import CLIENT_ID, PASSWORD, SECRET, Canaille

BACK = "http://testserver/signin/with/canaille/back/"


@pytest.fixture(scope="module")
def canaille() -> Iterator[Canaille]:
    with Canaille(BACK) as server:
        yield server


@pytest.fixture
def canaille_way(way: Callable[..., Any], canaille: Canaille) -> Any:
    # It sends no word about whether an address is verified.
    return way("Canaille", issuer=canaille.issuer, client_id=CLIENT_ID, secret=SECRET, silent=True)


def signs_in_there(location: str, name: str) -> str:
    """With the password, on its own pages. Gives back where it sends the browser, or the page on which it stays."""
    typed = {"login": name, "password": PASSWORD, "answer": "accept"}
    with httpx.Client() as there:
        answer = there.get(location)
        for _ in range(12):
            if answer.next_request and str(answer.next_request.url).startswith(BACK):
                return str(answer.next_request.url)
            if answer.next_request:
                answer = there.send(answer.next_request)
                continue
            field = next(
                field for field in ("password", "login", "answer") if f'name="{field}"' in answer.text
            )
            if field == "password" and answer.request.method == "POST":
                break  # it asks again
            answer = there.post(answer.url, data={field: typed[field]})
    return answer.text


def test_a_person_signs_in_with_their_password_there_and_is_out_once_locked_there(
    client: Browser, canaille_way: Any, canaille: Canaille, bob: Any
) -> None:
    account = canaille.add("bob", bob.email)
    back = signs_in_there(client.get("/signin/with/canaille/?next=/requests/")["Location"], "bob")
    answer = client.get(urlsplit(back)._replace(scheme="", netloc="").geturl())
    assert answer["Location"] == "/signin/zone/?next=%2Frequests%2F", client.get("/signin/").content.decode()
    assert client.session["_auth_user_id"] == str(bob.pk)
    client.logout()
    canaille.lock(account)
    page = signs_in_there(client.get("/signin/with/canaille/")["Location"], "bob")
    assert not page.startswith(BACK)
    assert "_auth_user_id" not in client.session
    refused = client.post("/signin/", {"login": bob.email, "password": "correct horse battery"}, follow=True)
    assert "Continue with Canaille" in refused.content.decode()
    assert "_auth_user_id" not in client.session


def test_the_administrators_test_tells_a_right_secret_from_a_wrong_one(canaille: Canaille) -> None:
    from offboarding.gateways.openid import discover, knows_us

    found = discover(canaille.issuer, simulators=True)
    assert knows_us(found, CLIENT_ID, SECRET, BACK, simulators=True) is True
    assert knows_us(found, CLIENT_ID, "wrong", BACK, simulators=True) is False
