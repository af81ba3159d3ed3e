"""Connections, and giving one a new token: tested before it is kept, never shown again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from offboarding.connections import actions, circuit
from offboarding.connections.models import Workspace
from offboarding.connections.rules import mistyped
from offboarding.ledger.models import Entry
from offboarding.simulators.simulator import Simulator
from offboarding.users.rules import Role

TOKEN = "sgp_" + "k" * 64


def as_user(client: Client, user: Any) -> Client:
    client.force_login(user)
    return client


def url(workspace: Workspace) -> str:
    return f"/setup/connections/{workspace.pk}/token/"


def words(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


@pytest.fixture
def staging(segment: Simulator, connect: Callable[..., Any]) -> Workspace:
    """Acme Staging, connected with a token that Segment has refused since."""
    found: Workspace = connect(segment, "Acme Staging")
    actions.token_refused(found, "Segment refused the token.")
    found.refresh_from_db()
    return found


def test_the_list_tells_state_age_and_last_signs_of_each_token(
    client: Client, workspace: Any, olga: Any
) -> None:
    old = workspace("Acme Production")
    Workspace.objects.filter(pk=old.pk).update(token_set_at=datetime.now(UTC) - timedelta(days=212))
    refused = workspace("Globex Production")
    actions.token_refused(refused, "Segment refused the token.")
    page = words(as_user(client, olga).get("/setup/connections/"))
    for wanted in (
        f"…{old.token_last4}",
        "212 days old",
        "Replace soon",
        "Token refused",
        "1 connection needs",
    ):
        assert wanted in page
    assert old.sealed_token not in page


def test_a_connection_that_gives_no_clear_answer_says_when_it_is_tried_again(
    client: Client, workspace: Any, olga: Any
) -> None:
    workspace("Acme Production")
    until = datetime.now(UTC) + timedelta(seconds=100)
    Workspace.objects.update(troubles=9, open_until=until)
    page = words(as_user(client, olga).get("/setup/connections/"))
    assert "9 calls in a row brought no clear answer. One read tries it again" in page


@pytest.mark.parametrize(
    ("days", "warned"), [(0, False), (179, False), (180, True)], ids=["new", "179 days", "180 days"]
)
def test_an_old_token_is_warned_of_from_180_days(
    client: Client, workspace: Any, olga: Any, days: int, warned: bool
) -> None:
    found = workspace()
    set_at = datetime.now(UTC) - timedelta(days=days, minutes=1)
    Workspace.objects.filter(pk=found.pk).update(token_set_at=set_at)
    assert ("Replace soon" in words(as_user(client, olga).get("/setup/connections/"))) is warned


def test_a_pause_of_segment_is_shown(client: Client, workspace: Any, olga: Any) -> None:
    circuit.pause(workspace().pk, 60)
    assert "Asked to wait" in words(as_user(client, olga).get("/setup/connections/"))


def test_each_sees_the_connections_of_their_own_clients(client: Client, workspace: Any, person: Any) -> None:
    workspace("Acme Production")
    workspace("Hooli Production")
    hooli = person("henry", Role.OPERATOR, clients_=("Hooli",))
    page = words(as_user(client, hooli).get("/setup/connections/"))
    assert ("Hooli Production" in page, "Acme Production" in page) == (True, False)


def test_connections_are_not_everybodys(client: Client, workspace: Any, alice: Any, sam: Any) -> None:
    found = workspace()
    assert as_user(client, alice).get("/setup/connections/").status_code == 403
    assert as_user(client, sam).get("/setup/connections/").status_code == 200
    assert as_user(client, sam).get(url(found)).status_code == 403


def test_another_clients_connection_is_not_there(client: Client, workspace: Any, person: Any) -> None:
    found = workspace("Hooli Production")
    as_user(client, person("henry", Role.OPERATOR, clients_=("Acme",)))
    assert client.get(url(found)).status_code == 404
    assert client.post(url(found), {"token": TOKEN}).status_code == 404


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMINISTRATOR])
def test_a_new_token_is_tested_and_kept(
    client: Client, staging: Workspace, segment: Simulator, person: Any, role: Role
) -> None:
    good = segment.token("acme-staging")
    answer = as_user(client, person("max", role)).post(url(staging), {"token": f"  {good}\n"}, follow=True)
    staging.refresh_from_db()
    assert "has a new token" in words(answer)
    assert (staging.token_last4, staging.refused_at) == (good[-4:], None)
    assert Entry.objects.filter(event="workspace.token_replaced").count() == 1


def test_a_token_of_another_workspace_is_not_kept(
    client: Client, staging: Workspace, segment: Simulator, olga: Any
) -> None:
    refuses(
        client,
        olga,
        staging,
        segment.token("acme-production"),
        "the token of another workspace, Acme Production",
    )


def test_a_token_that_may_too_little_is_not_kept(
    client: Client, staging: Workspace, segment: Simulator, olga: Any
) -> None:
    refuses(client, olga, staging, segment.token("acme-staging", "member"), "made with too few rights")


def test_a_token_that_segment_does_not_know_is_not_kept(
    client: Client, staging: Workspace, olga: Any
) -> None:
    refuses(client, olga, staging, TOKEN, "Segment refused this token at its US address")


def test_a_token_of_the_other_region_is_not_kept(
    client: Client, staging: Workspace, segment: Simulator, olga: Any
) -> None:
    refuses(client, olga, staging, segment.token("acme-eu"), "Segment refused this token at its US address")


def test_a_segment_that_is_away_is_told_apart_from_a_bad_token(
    client: Client, workspace: Any, olga: Any
) -> None:
    refuses(client, olga, workspace(), TOKEN, "Segment was not reached")


def refuses(client: Client, user: Any, workspace: Workspace, token: str, says: str) -> None:
    """The answer says why, the token is shown nowhere, nothing is changed."""
    answer = as_user(client, user).post(url(workspace), {"token": token})
    page, before = words(answer), workspace.sealed_token
    workspace.refresh_from_db()
    assert (answer.status_code, says in page, token in page) == (422, True, False)
    assert "<title>Error: " in page
    assert workspace.sealed_token == before
    assert not Entry.objects.filter(event="workspace.token_replaced").exists()


PASTED_WRONG = [
    ("", "Paste the token.", "nothing"),
    ("   ", "Paste the token.", "only spaces"),
    ("sgp_abc", "too short", "the beginning alone"),
    (TOKEN[:30] + " " + TOKEN[30:], "spaces or line breaks", "a space inside"),
    (TOKEN[:30] + "\n" + TOKEN[30:], "spaces or line breaks", "broken over two lines"),
    (f"Bearer {TOKEN}", "without the word Bearer", "a whole header"),
    (TOKEN[:-1] + "ü", "a sign that no Segment token has", "a letter that is no ASCII"),
    (TOKEN[:-1] + "\x00", "a sign that no Segment token has", "a control sign"),
    ("s" * 600, "too long", "something else"),
]


@pytest.mark.parametrize(("token", "says", "reason"), PASTED_WRONG, ids=[row[2] for row in PASTED_WRONG])
def test_a_token_that_was_pasted_wrong_is_told_before_anybody_is_asked(
    token: str, says: str, reason: str
) -> None:
    assert says in mistyped(token.strip()), reason


def test_a_token_that_was_pasted_wrong_is_not_shown_again(
    client: Client, staging: Workspace, olga: Any
) -> None:
    refuses(client, olga, staging, TOKEN[:30] + "\n" + TOKEN[30:], "spaces or line breaks")


def test_a_good_shape_is_not_refused() -> None:
    assert mistyped(TOKEN) == ""


def test_the_number_of_queries_does_not_grow_with_the_connections(
    client: Client, workspace: Any, olga: Any
) -> None:
    as_user(client, olga)
    workspace("Acme Production")
    few = queries(client)
    for name in ("Acme Staging", "Acme EU", "Globex Production", "Globex Staging"):
        workspace(name)
    assert queries(client) == few


def queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as seen:
        client.get("/setup/connections/")
    return len(seen)
