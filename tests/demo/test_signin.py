"""One press signs in, at this machine, in a demo; nobody else ever sees that there is such a thing."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.test import Client, RequestFactory

from offboarding.demo.door import here
from offboarding.ledger.models import Entry

HERE = {"HTTP_HOST": "localhost:8000", "REMOTE_ADDR": "127.0.0.1"}
ELSEWHERE = [
    ({"HTTP_HOST": "localhost", "REMOTE_ADDR": "192.0.2.7"}, "another machine"),
    ({"HTTP_HOST": "localhost", "REMOTE_ADDR": "2001:db8::7"}, "another machine, by IPv6"),
    ({"HTTP_HOST": "testserver", "REMOTE_ADDR": "127.0.0.1"}, "a name that is not this machine's own"),
    ({**HERE, "HTTP_X_FORWARDED_FOR": "192.0.2.7"}, "through a proxy"),
    ({**HERE, "HTTP_FORWARDED": "for=192.0.2.7"}, "through a proxy that says so the new way"),
    ({"HTTP_HOST": "localhost", "REMOTE_ADDR": ""}, "over a socket that has no address"),
]


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DEMO = True


def press(client: Client, email: str, **meta: Any) -> Any:
    return client.post("/demo/signin/", {"email": email, "next": "/evidence/"}, **{**HERE, **meta})


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000"])
def test_one_press_signs_in_and_goes_on_to_where_one_was(client: Client, alice: Any, host: str) -> None:
    answer = press(client, alice.email, HTTP_HOST=host)
    assert (answer.status_code, answer["Location"]) == (302, "/evidence/")
    assert client.session["_auth_user_id"] == str(alice.pk)


@pytest.mark.usefixtures("demo")
def test_the_ledger_says_who_signed_in_and_how(client: Client, alice: Any) -> None:
    press(client, alice.email)
    entry = Entry.objects.get(event="user.signed_in")
    assert (entry.actor_id, b'"one press, demo"' in bytes(entry.body)) == (str(alice.pk), True)


@pytest.mark.usefixtures("demo")
def test_one_press_is_no_proof_of_identity(client: Client, alice: Any) -> None:
    request = press(client, alice.email).wsgi_request
    assert not did_recently_reauthenticate(request)


@pytest.mark.usefixtures("demo")
def test_it_never_leads_to_another_site(client: Client, alice: Any) -> None:
    answer = client.post("/demo/signin/", {"email": alice.email, "next": "https://evil.example/"}, **HERE)
    assert answer["Location"] == "/"


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(("meta", "reason"), ELSEWHERE)
def test_others_see_an_ordinary_sign_in(
    client: Client, alice: Any, meta: dict[str, str], reason: str
) -> None:
    assert press(client, alice.email, **meta).status_code == 404, reason
    page = client.get("/signin/", **meta).content.decode()
    assert "password" in page
    assert "Sign in as one of the cast" not in page, reason


@pytest.mark.usefixtures("demo")
def test_the_sign_in_page_shows_the_cast_to_those_here(client: Client, alice: Any) -> None:
    assert f'value="{alice.email}"' in client.get("/signin/", **HERE).content.decode()


def test_without_a_demo_there_is_no_such_page(client: Client, alice: Any) -> None:
    assert press(client, alice.email).status_code == 404
    assert "Sign in as one of the cast" not in client.get("/signin/", **HERE).content.decode()


@pytest.mark.usefixtures("demo")
def test_only_the_cast_signs_in_with_one_press(client: Client, person: Any) -> None:
    zoe = person("zoe")
    assert press(client, zoe.email).status_code == 404
    assert press(client, "").status_code == 404


@pytest.mark.usefixtures("demo")
def test_another_page_cannot_press_it(alice: Any) -> None:
    assert press(Client(enforce_csrf_checks=True), alice.email).status_code == 403


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_has_many_addresses(rf: RequestFactory, address: str) -> None:
    assert here(rf.get("/", HTTP_HOST="localhost:8000", REMOTE_ADDR=address))


def test_the_cast_has_a_time_zone_and_goes_straight_to_work(client: Client, clients: dict[str, Any]) -> None:
    from offboarding.demo import actions
    from offboarding.demo.cast import CAST, PASSWORD

    player = next(each for each in CAST if each.key == "bob")
    actions.person(player, {name: clients["Acme"] for name in player.clients if name})
    answer = client.post("/signin/", {"login": player.email, "password": PASSWORD})
    assert answer["Location"] == "/"
