"""What takes two administrators, in the browser: proposed, read, agreed to, declined, withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from offboarding.directory.models import Membership, Proposal
from offboarding.notifications.follow import follow
from offboarding.notifications.handlers import objection
from offboarding.notifications.models import Message
from offboarding.users.models import User
from offboarding.users.rules import Role
from tests.conftest import PASSWORD
from tests.web.test_people import lines, says

Make = Callable[..., Any]
pytestmark = pytest.mark.django_db
LAST = "/setup/people/confirm/"
DECIDE = "/setup/people/proposals/confirm/"


@pytest.fixture
def lin(person: Make) -> Any:
    user = person("lin")
    Membership.objects.create(user=user, role=Role.ADMINISTRATOR.value)
    return user


@pytest.fixture
def desks(ada: Any, lin: Any) -> tuple[Browser, Browser]:
    """Ada's browser and Lin's."""
    browsers = Browser(), Browser()
    for browser, user in zip(browsers, (ada, lin), strict=True):
        browser.force_login(user)
    return browsers


def press(browser: Browser, url: str, **more: str) -> tuple[Any, Any]:
    """Proves who it is, reads the last page, and presses."""
    browser.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = browser.get(url)
    nonce = re.search(r'name="nonce" value="([^"]+)"', page.content.decode())
    assert nonce, page.content.decode()[:2000]
    return page, browser.post(url, {"nonce": nonce[1], **more})


def invites(browser: Browser, client: Any, why: str = "She takes over from Bob.") -> tuple[Any, Any]:
    given = {"email": "nia@firm.example", "name": "Nia", **lines(("approver", client, ""))}
    browser.post("/setup/people/invite/", given)
    return press(browser, LAST, reason=why)


def at(act: str = "") -> str:
    return f"/setup/people/proposals/{Proposal.objects.get().pk}/{act}"


def test_an_approver_is_let_in_by_two(desks: tuple[Browser, Browser], clients: dict[str, Any]) -> None:
    ada, lin = desks
    page, answer = invites(ada, clients["Acme"].pk)
    assert "It takes two: nothing changes before another administrator has agreed." in says(page)
    assert "Propose this" in says(page) and answer["Location"] == at()
    assert not User.objects.filter(email="nia@firm.example").exists()
    own = says(ada.get(at()))
    assert "You proposed this, so another administrator decides." in own and "Withdraw" in own
    for url in ("/", "/setup/people/"):
        assert "Invite Nia" in says(lin.get(url)) and "She takes over from Bob." in says(lin.get(url))
    read = says(lin.get(at()))
    for told in ("nia@firm.example", "Gains: Approver for Acme", "Ada", "She takes over from Bob."):
        assert told in read
    lin.post(at("agree/"))
    page, answer = press(lin, DECIDE)
    assert "Gains: Approver for Acme" in says(page) and "It happens at once" in says(page)
    assert answer["Location"] == at()
    made = User.objects.get(email="nia@firm.example")
    assert [(each.role, each.client) for each in made.memberships.all()] == [("approver", clients["Acme"])]
    done = says(lin.get(at()))
    assert "Decided by" in done and "Lin" in done and "Decline" not in done
    assert "Invite Nia" not in says(lin.get("/"))


def test_roles_are_changed_by_two(desks: tuple[Browser, Browser], olga: Any, clients: dict[str, Any]) -> None:
    ada, lin = desks
    ada.post(f"/setup/people/{olga.pk}/", lines(("security", clients["Acme"].pk, "")))
    _page, answer = press(ada, LAST, reason="She moves to security.")
    assert answer["Location"] == at()
    assert "She moves to security." in says(lin.get(f"/setup/people/{olga.pk}/"))
    read = says(lin.get(at()))
    assert "Gains: Security for Acme" in read and "Loses: Operator for Globex" in read
    lin.post(at("agree/"))
    press(lin, DECIDE)
    assert [(each.role, each.client.name) for each in olga.memberships.all()] == [("security", "Acme")]


def test_who_decides_is_moved_to_another_address_by_two(desks: tuple[Browser, Browser], bob: Any) -> None:
    ada, lin = desks
    ada.post(f"/setup/people/{bob.pk}/correct/", {"email": "robert@firm.example", "name": "Robert"})
    press(ada, LAST, reason="It was mistyped.")
    old = bob.email
    bob.refresh_from_db()
    assert bob.email == old
    read = says(lin.get(at()))
    assert f"The address {old} becomes robert@firm.example." in read and "becomes Robert" in read
    lin.post(at("agree/"))
    press(lin, DECIDE)
    bob.refresh_from_db()
    assert (bob.email, bob.name) == ("robert@firm.example", "Robert")
    assert f"The address {old} becomes robert@firm.example." in says(lin.get(at())), "as it was then"


def test_without_a_reason_nothing_is_proposed(
    desks: tuple[Browser, Browser], clients: dict[str, Any]
) -> None:
    _page, answer = invites(desks[0], clients["Acme"].pk, why=" ")
    assert answer.status_code == 422 and "Say why: the second administrator reads it." in says(answer)
    assert not Proposal.objects.exists()
    _page, answer = press(desks[0], LAST, reason="She takes over.")
    assert answer["Location"] == at()


def test_it_is_declined_with_a_reason_that_who_proposed_it_reads(
    desks: tuple[Browser, Browser], clients: dict[str, Any]
) -> None:
    ada, lin = desks
    invites(ada, clients["Acme"].pk)
    lin.post(at("decline/"))
    _page, answer = press(lin, DECIDE, note="")
    assert answer.status_code == 422 and "Say why you decline it." in says(answer)
    press(lin, DECIDE, note="I do not know her.")
    assert "I do not know her." in says(ada.get(at()))
    assert not User.objects.filter(email="nia@firm.example").exists()
    lin.post(at("agree/"))
    assert "It is decided already." in says(lin.get(at()))


def test_who_proposed_it_withdraws_it_and_nobody_else(
    desks: tuple[Browser, Browser], clients: dict[str, Any]
) -> None:
    ada, lin = desks
    invites(ada, clients["Acme"].pk)
    lin.post(at("withdraw/"))
    _page, answer = press(lin, DECIDE)
    assert "Only the person who proposed this withdraws it." in says(answer)
    ada.post(at("withdraw/"))
    press(ada, DECIDE)
    assert Proposal.objects.get().standing == "withdrawn"


def test_who_proposed_it_agrees_through_no_door(
    desks: tuple[Browser, Browser], clients: dict[str, Any]
) -> None:
    ada, _lin = desks
    invites(ada, clients["Acme"].pk)
    ada.post(at("agree/"))
    _page, answer = press(ada, DECIDE)
    assert answer.status_code == 409 and "You proposed this" in says(answer)
    assert not User.objects.filter(email="nia@firm.example").exists()


@pytest.mark.parametrize(
    ("who", "role", "of"), [("sam", "security", "Acme"), ("gus", "administrator", "Globex")]
)
def test_who_does_not_administer_all_of_it_has_no_such_page(
    who: str,
    role: str,
    of: str,
    desks: tuple[Browser, Browser],
    clients: dict[str, Any],
    person: Make,
    client: Browser,
) -> None:
    invites(desks[0], clients["Acme"].pk)
    client.force_login(person(who, Role(role), clients_=(of,)))
    assert client.get(at()).status_code == 404 and client.post(at("agree/")).status_code == 404
    assert "Nia" not in says(client.get("/setup/people/")) and "Nia" not in says(client.get("/"))


def test_the_only_administrator_lets_an_approver_in_at_once(
    client: Browser, ada: Any, clients: dict[str, Any]
) -> None:
    client.force_login(ada)
    page, _answer = invites(client, clients["Acme"].pk)
    assert "It takes two" not in says(page) and not Proposal.objects.exists()
    assert User.objects.filter(email="nia@firm.example").exists()


def test_the_second_one_is_told_and_then_the_first(
    desks: tuple[Browser, Browser], clients: dict[str, Any], person: Make, ada: Any, lin: Any
) -> None:
    person("gus", Role.ADMINISTRATOR, clients_=("Globex",))
    invites(desks[0], clients["Acme"].pk)
    follow()
    message = Message.objects.get()
    assert (message.kind, message.recipient, message.url) == ("person proposed", lin, at())
    assert "Invite Nia" in message.subject and "She takes over from Bob." in message.text
    desks[1].post(at("agree/"))
    press(desks[1], DECIDE)
    assert objection(message.entry, lin) == "The proposal is agreed already."
    follow()
    told = {each.kind: each.recipient.name for each in Message.objects.exclude(pk=message.pk)}
    assert told == {"person agreed": "Ada", "invited": "Nia", "power given": "Lin"}


def test_a_proposal_costs_the_people_page_no_query_more(
    desks: tuple[Browser, Browser], clients: dict[str, Any], django_assert_num_queries: Any
) -> None:
    ada, lin = desks
    lin.get("/setup/people/")
    with CaptureQueriesContext(connection) as before:
        lin.get("/setup/people/")
    asked = len(before)
    for name in ("one", "two", "three"):
        given = {"email": f"{name}@firm.example", "name": name, **lines(("approver", "all", ""))}
        ada.post("/setup/people/invite/", given)
        press(ada, LAST, reason="w")
    with django_assert_num_queries(asked):
        assert says(lin.get("/setup/people/")).count("proposed by Ada") == 3
