"""Connecting a workspace in the browser, testing one, asking somebody for a token, and the first steps."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client as Browser

from offboarding.connections import rules
from offboarding.connections.models import Wanted, Workspace
from offboarding.ledger.models import Entry
from offboarding.users.rules import Role


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.fixture
def given(segment: Any, clients: dict[str, Any], settings: Any) -> dict[str, Any]:
    """What somebody types for Acme Staging of the simulator."""
    settings.SIMULATORS = True
    row = next(each for each in segment.describe()["workspaces"] if each["name"] == "Acme Staging")
    return {
        "client": clients["Acme"].pk,
        "name": "Acme Staging",
        "region": row["region"].lower(),
        "environment": "staging",
        "managed_by": "hand",
        "base_url": row["base_url"],
        "token": row["token"],
    }


def test_a_pasted_token_is_tested_for_every_right_and_kept(desk: Browser, given: dict[str, Any]) -> None:
    answer = desk.post("/setup/connections/add/", given, follow=True)
    assert "Acme Staging is connected" in says(answer)
    made = Workspace.objects.get()
    assert (made.environment, made.token_last4) == ("staging", given["token"][-4:])
    assert given["token"] not in answer.content.decode()
    assert f"connected the workspace with the token …{made.token_last4}" in says(answer)
    assert not Entry.objects.filter(body__contains=given["token"].encode()).exists()


def test_without_simulators_only_segment_itself_is_called(
    desk: Browser, given: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SIMULATORS = False
    monkeypatch.setitem(rules.ADDRESSES, "us", "http://127.0.0.1:9")
    answer = desk.post("/setup/connections/add/", given)
    assert answer.status_code == 422
    assert not Workspace.objects.exists()
    assert "Address of a simulated" not in says(answer)


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"token": ""}, "Paste the token"),
        ({"token": "sgp_" + "z" * 60}, "does not accept the token"),
        ({"token": "Bearer abc"}, "without the word Bearer"),
        ({"client": ""}, "Choose the client"),
        ({"name": ""}, "Enter the name"),
    ],
)
def test_what_does_not_work_is_said_and_nothing_is_kept(
    typed: dict[str, str], wanted: str, desk: Browser, given: dict[str, Any]
) -> None:
    answer = desk.post("/setup/connections/add/", {**given, **typed})
    assert answer.status_code == 422
    assert wanted in says(answer)
    assert not Workspace.objects.exists()
    page = answer.content.decode()
    assert typed.get("token", "zzzz") == "" or typed.get("token", "zzzz") not in page


def test_a_workspace_is_connected_once(desk: Browser, given: dict[str, Any]) -> None:
    desk.post("/setup/connections/add/", given)
    answer = desk.post("/setup/connections/add/", {**given, "name": "Again"})
    assert answer.status_code == 409 and "connected already" in says(answer)


def test_a_test_says_each_right_that_was_found_and_what_is_left_of_the_minute(
    desk: Browser, segment: Any, connect: Any
) -> None:
    made = connect(segment, "Acme Staging")
    text = says(desk.post(f"/setup/connections/{made.pk}/test/"))
    for wanted in ("Segment accepts the token", "It may read the invitations", "It may read the audit trail"):
        assert re.search(r"(Yes|No, and it goes without) " + wanted, text), wanted
    assert re.search(r"Calls left this minute: .*\d+ of \d+", text)
    made.refresh_from_db()
    assert made.read_at is not None


def test_a_test_of_a_refused_token_marks_the_connection(desk: Browser, segment: Any, connect: Any) -> None:
    from offboarding.connections.keyring import seal

    made = connect(segment, "Acme Staging")
    Workspace.objects.filter(pk=made.pk).update(sealed_token=seal("sgp_" + "n" * 60))
    text = says(desk.post(f"/setup/connections/{made.pk}/test/"))
    assert "Segment refused this token" in text and "Not tried" in text
    made.refresh_from_db()
    assert made.refused_at is not None
    assert "found that Segment refuses the token" in text


def test_security_tests_nothing(client: Browser, sam: Any, workspace: Any) -> None:
    client.force_login(sam)
    found = workspace()
    assert client.get(f"/setup/connections/{found.pk}/").status_code == 200
    assert client.post(f"/setup/connections/{found.pk}/test/").status_code == 403
    assert client.get("/setup/connections/add/").status_code == 403


def test_the_last_reads_are_listed_without_whom_they_were_for(
    desk: Browser, alice: Any, workspace: Any
) -> None:
    from offboarding.discovery.actions import ask

    found = workspace()
    ask(alice, ["dan@northwind.example"], [found])
    text = says(desk.get(f"/setup/connections/{found.pk}/"))
    assert "Alice – Under way" in text and "dan@" not in text


# ---------------------------------------------------------------- asking somebody


def test_who_makes_the_token_is_asked_by_mail_and_finishes_the_set_up(
    desk: Browser, given: dict[str, Any], olga: Any
) -> None:
    from offboarding.notifications.follow import follow
    from offboarding.notifications.models import Message

    asked = {**given, "token": "", "owner": olga.pk, "ask": "1"}
    assert "Olga is asked by mail" in says(desk.post("/setup/connections/add/", asked, follow=True))
    wanted = Wanted.objects.get()
    follow()
    message = Message.objects.get(recipient=olga)
    assert message.url == f"/setup/connections/wanted/{wanted.pk}/"
    assert "Only" in message.subject or "only the token is missing" in message.subject
    there = Browser()
    there.force_login(olga)
    assert "Acme Staging" in there.get(message.url).content.decode()
    text = says(there.post(message.url, {**given, "name": "Acme Staging 1"}, follow=True))
    assert "is connected" in text
    wanted.refresh_from_db()
    assert wanted.ended_at is not None
    assert [each.user for each in Workspace.objects.get().owners.all()] == [wanted.owner], "its first owner"
    assert "Waiting for a token" not in says(desk.get("/setup/connections/"))


def test_nobody_is_asked_twice_and_the_wish_can_be_taken_back(
    desk: Browser, given: dict[str, Any], olga: Any
) -> None:
    asked = {**given, "token": "", "owner": olga.pk, "ask": "1"}
    desk.post("/setup/connections/add/", asked)
    assert "asked for Acme Staging already" in says(desk.post("/setup/connections/add/", asked))
    assert "Choose who is asked" in says(desk.post("/setup/connections/add/", {**asked, "owner": ""}))
    wanted = Wanted.objects.get()
    text = says(desk.post(f"/setup/connections/wanted/{wanted.pk}/end/", follow=True))
    assert "Nobody is asked to connect Acme Staging any more" in text
    assert desk.get(f"/setup/connections/wanted/{wanted.pk}/").status_code == 404


# ---------------------------------------------------------------- first steps


def test_an_empty_installation_says_what_comes_first(desk: Browser) -> None:
    text = says(desk.get("/"))
    assert "First steps" in text and "first steps are left" in text
    text = says(desk.get("/setup/start/"))
    assert "Add the first client" in text
    assert "an engagement lead, an approver, an operator, security" in text


def test_steps_are_done_when_they_are(
    desk: Browser, given: dict[str, Any], person: Any, clients: Any
) -> None:
    for key, role in (
        ("a", Role.REQUESTER),
        ("b", Role.APPROVER),
        ("c", Role.OPERATOR),
        ("d", Role.SECURITY),
    ):
        person(key, role)
    desk.post("/setup/connections/add/", given)
    text = says(desk.get("/setup/start/"))
    for wanted in ("Done Add the first client", "Done Invite people", "Done Connect the first workspace"):
        assert wanted in text
    assert "To do Add the first engagement" in text


@pytest.mark.parametrize("who", ["alice", "bob", "olga", "sam"])
def test_first_steps_are_an_administrators(who: str, client: Browser, request: Any) -> None:
    client.force_login(request.getfixturevalue(who))
    assert client.get("/setup/start/").status_code == 403
    assert "First steps" not in says(client.get("/"))


def test_what_is_left_is_said_in_a_whole_sentence(client: Any, ada: Any) -> None:
    client.force_login(ada)
    text = client.get("/").content.decode()
    assert "first steps are left." in text and "Until they are done, not everything works." in text
    assert "Nothing needs you." not in text and "Until then" not in text
