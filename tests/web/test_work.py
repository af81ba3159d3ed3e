"""The work queue, the list of requests and the search, for each role."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.work import clock
from tests.rewriting import rewriting

DAN = "dan@northwind.example"
HTMX = {"HX-Request": "true"}


def text_of(page: Any) -> str:
    """What a reader reads: without tags, with single spaces."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


@pytest.fixture
def queue(client: Any) -> Callable[..., str]:
    def make(user: Any) -> str:
        client.force_login(user)
        return text_of(client.get("/"))

    return make


@pytest.fixture
def many(
    filed: Callable[..., Any], drafted: Callable[..., Any], workspace: Callable[..., Any]
) -> Callable[[int], None]:
    """More requests for the same workspace."""
    from offboarding.connections.models import Workspace

    def make(count: int) -> None:
        for _ in range(count):
            filed(connected=(Workspace.objects.get(name="Acme Production"),))

    return make


# ---- the queue --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["alice", "bob", "olga", "erin", "sam", "carol"])
def test_with_nothing_to_do_the_queue_says_so(request: Any, client: Any, role: str) -> None:
    client.force_login(request.getfixturevalue(role))
    page = client.get("/")
    assert "Nothing needs you." in text_of(page)
    assert "<title>Work – Offboard" in page.content.decode()


def test_an_approver_finds_the_decision_with_its_impact(
    queue: Callable[..., str], filed: Callable[..., Any], bob: Any
) -> None:
    filed("Acme Production", "Globex Staging", roles=["Workspace Owner"])
    page = queue(bob)
    assert "(1) Work – Offboard" in page
    assert "To decide (1)" in page
    assert "2 places, 2 as Owner; asked by Alice" in page


def test_a_decision_leaves_the_queue_and_stands_among_the_last_ones(
    queue: Callable[..., str], filed: Callable[..., Any], decide: Callable[..., Any], bob: Any
) -> None:
    decide(filed("Acme Production"), bob)
    page = queue(bob)
    assert "To decide" not in page
    assert "Your last decisions" in page


def test_a_requester_finds_drafts_questions_and_own_requests(
    queue: Callable[..., str],
    filed: Callable[..., Any],
    drafted: Callable[..., Any],
    decide: Callable[..., Any],
    alice: Any,
    bob: Any,
) -> None:
    decide(filed("Acme Production"), bob, "ask", note="Is the sandbox meant too?")
    drafted("Globex Staging")
    page = queue(alice)
    assert "Questions to answer (1)" in page
    assert "Is the sandbox meant too?" in page
    assert "Drafts (1)" in page
    assert "Your requests (1)" in page
    assert "(2) Work – Offboard" in page


@pytest.fixture
def roster(clients: dict[str, Any], alice: Any, today: Any) -> Callable[..., Any]:
    from offboarding.directory.models import Address, Collaborator, Engagement

    def make(days: int, name: str = "Kim Rao", client: str = "Acme") -> Any:
        made = Engagement.objects.create(
            client=clients[client], name=f"{name} {days}", lead=alice, ends_on=today + timedelta(days=days)
        )
        person = Collaborator.objects.create(client=clients[client], name=name)
        person.engagements.add(made)
        Address.objects.create(collaborator=person, email=f"{name.split()[0].lower()}@partner.example")

    return make


def test_people_who_leave_soon_lead_to_a_prefilled_request(
    client: Any, alice: Any, roster: Callable[..., Any]
) -> None:
    roster(9)
    roster(40, "Lee Park")
    client.force_login(alice)
    page = client.get("/")
    assert "Kim Rao" in text_of(page)
    assert "Ends in 9 days" in text_of(page)
    assert "Lee Park" not in text_of(page)
    link = re.search(r'href="(/requests/new/\?[^"]+)"', page.content.decode())
    assert link
    filled = client.get(link[1].replace("&amp;", "&")).content.decode()
    assert 'value="kim@partner.example"' in filled
    assert 'value="Kim Rao"' in filled


def test_who_has_a_request_already_is_not_leaving_soon(
    queue: Callable[..., str], filed: Callable[..., Any], roster: Callable[..., Any], alice: Any
) -> None:
    roster(9, "Dan Reyes")
    from offboarding.directory.models import Address

    Address.objects.update(email=DAN.upper())
    filed("Acme Production")
    assert "Leaving soon" not in queue(alice)


def test_an_operator_finds_the_late_step_first_and_behind_next_step(
    client: Any, running: Callable[..., Any], olga: Any
) -> None:
    from offboarding.execution.models import Run

    running("Acme Production")
    last = Run.objects.filter(state="needs_person").order_by("item__number").last()
    assert last
    last.item.due_at = datetime.now(UTC) - timedelta(hours=2)
    with rewriting():
        last.item.save()
    client.force_login(olga)
    page = client.get("/").content.decode()
    steps = re.findall(r'href="(/requests/R-1001/steps/\d+/)"', page)
    assert set(steps[:2]) == {f"/requests/R-1001/steps/{last.item.number}/"}
    assert page.index("Next step") < page.index(last.item.title)
    assert "2 h late" in page


def test_an_operator_is_told_of_a_refused_token(
    queue: Callable[..., str], workspace: Callable[..., Any], olga: Any, alice: Any
) -> None:
    from offboarding.connections.actions import token_refused

    token_refused(workspace("Acme Production"), "Unauthorized")
    token_refused(workspace("Hooli Production"), "Unauthorized")
    assert "1 connection needs attention" in queue(olga)
    assert "Acme Production: Segment refuses our token" in queue(olga)
    assert "refuses our token" not in queue(alice)


def test_an_operator_is_told_of_an_old_token_below_the_refused_ones(
    queue: Callable[..., str], client: Any, workspace: Callable[..., Any], olga: Any, alice: Any
) -> None:
    from offboarding.connections.actions import token_refused

    old, young = workspace("Acme Analytics"), workspace("Acme Staging")
    for place, days in ((old, 180), (young, 179)):
        type(place).objects.filter(pk=place.pk).update(token_set_at=datetime.now(UTC) - timedelta(days=days))
    token_refused(workspace("Acme Production"), "Unauthorized")
    page = queue(olga)
    assert "2 connections need attention" in page
    assert page.index("Segment refuses our token") < page.index("Acme Analytics: its token is 180 days old.")
    assert f'href="/setup/connections/{old.pk}/token/"' in client.get("/").content.decode()
    assert "days old" not in queue(alice)


def test_security_sees_all_open_requests_and_what_came_back(
    queue: Callable[..., str], running: Callable[..., Any], sam: Any, alice: Any
) -> None:
    from offboarding.execution.models import Attempt, Run
    from offboarding.verification.models import Finding

    running("Acme Production")
    run = Run.objects.filter(item__step="verify.place", item__workspace__isnull=False).first()
    for number, back in ((91, False), (92, True)):
        attempt = Attempt.objects.create(run=run, number=number, act="look", intent="look")
        Finding.objects.create(
            attempt=attempt, seen="present" if back else "absent", came_back=back, says="is back", data={}
        )
    page = queue(sam)
    assert "Access came back (1)" in page
    assert "Dan Reyes in Acme Production" in page
    assert "Open requests (1)" in page
    assert "came back" not in queue(alice)


def test_an_auditor_finds_the_newest_packets(
    queue: Callable[..., str], filed: Callable[..., Any], erin: Any
) -> None:
    from offboarding.packets.models import Packet

    removal = filed("Acme Production")
    Packet.objects.create(
        removal=removal, state="done", sha256="a" * 64, sealed_at=datetime.now(UTC), items=7
    )
    Packet.objects.create(removal=removal, version=2, state="ready")
    page = queue(erin)
    assert page.count("7 items of evidence") == 1
    assert "Newest packets" in page


def test_several_roles_stack_their_parts(
    queue: Callable[..., str], filed: Callable[..., Any], person: Callable[..., Any]
) -> None:
    from offboarding.users.rules import Role

    filed("Acme Production")
    page = queue(person("zoe", Role.APPROVER, Role.SECURITY))
    assert page.index("To decide (1)") < page.index("Open requests (1)")


def test_nothing_of_another_client_is_in_the_queue(
    queue: Callable[..., str], running: Callable[..., Any], person: Callable[..., Any]
) -> None:
    from offboarding.users.rules import Role

    running("Acme Production")
    page = queue(person("zoe", *Role, clients_=("Hooli",)))
    assert "first steps are left." in page
    assert "R-1001" not in page
    assert "Acme" not in page


def test_the_queue_asks_again_and_nothing_new_is_no_answer(
    client: Any, filed: Callable[..., Any], bob: Any
) -> None:
    client.force_login(bob)
    page = client.get("/").content.decode()
    url = re.search(r'hx-get="([^"]+)"\s+hx-trigger="every 15s"', page)
    assert url
    assert client.get(url[1], headers=HTMX).status_code == 204
    filed("Acme Production")
    answer = client.get(url[1], headers=HTMX)
    assert "<title>(1) Work – Offboard</title>" in answer.content.decode()
    assert answer["HX-Trigger"] == '{"announce": "1 thing needs you"}'
    again = re.search(r'hx-get="([^"]+)"', answer.content.decode())
    assert again
    assert client.get(again[1], headers=HTMX).status_code == 204


@pytest.mark.parametrize("role", ["alice", "bob", "olga", "sam", "erin"])
@pytest.mark.parametrize("address", ["/", "/requests/", "/search/?q=dan"])
def test_the_number_of_queries_does_not_grow_with_the_requests(
    request: Any,
    client: Any,
    running: Callable[..., Any],
    many: Callable[[int], None],
    django_assert_num_queries: Any,
    role: str,
    address: str,
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    running("Acme Production")
    many(1)
    client.force_login(request.getfixturevalue(role))
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    many(4)
    with django_assert_num_queries(len(few)):
        client.get(address)
    assert len(few) <= 37


# ---- the list ---------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first_with_its_strip(
    client: Any, filed: Callable[..., Any], many: Any, alice: Any
) -> None:
    filed("Acme Production")
    many(2)
    client.force_login(alice)
    page = client.get("/requests/").content.decode()
    assert re.findall(r'class="ref">(R-\d+)', page) == ["R-1003", "R-1002", "R-1001"]
    assert page.count('class="strip"') == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("stage=planned", ["R-1002", "R-1001"]),
        ("stage=draft", ["R-1003"]),
        ("stage=open", ["R-1002", "R-1001"]),
        ("stage=closed", []),
        ("client=acme", ["R-1001"]),
        ("client=globex", ["R-1003", "R-1002"]),
        ("client=globex&stage=draft", ["R-1003"]),
        ("client=hooli", []),
        ("text=DAN%40", ["R-1003", "R-1002", "R-1001"]),
        ("text=reyes", ["R-1003", "R-1002", "R-1001"]),
        ("text=r-1002", ["R-1002"]),
        ("text=1003", ["R-1003"]),
        ("text=99999999999999999999", []),
        ("text=%C2%B2", []),  # a digit that is no number
        ("stage=nonsense", ["R-1003", "R-1002", "R-1001"]),
    ],
)
def test_filters_stand_in_the_address(
    client: Any,
    filed: Callable[..., Any],
    drafted: Callable[..., Any],
    workspace: Any,
    alice: Any,
    query: str,
    found: list[str],
) -> None:
    filed("Acme Production")
    globex = workspace("Globex Staging")
    filed(connected=(globex,))
    drafted(connected=(globex,))
    client.force_login(alice)
    page = client.get(f"/requests/?{query}").content.decode()
    assert re.findall(r'class="ref">(R-\d+)', page) == found
    part = client.get(f"/requests/?{query}", headers=HTMX).content.decode()
    assert part.lstrip().startswith('<section id="request-list"')


def test_the_typed_filters_are_shown_and_named_when_nothing_fits(client: Any, alice: Any) -> None:
    client.force_login(alice)
    page = client.get("/requests/?stage=running&text=kim").content.decode()
    assert 'value="kim"' in page
    assert re.search(r'value="running" selected', page)
    assert "No request fits: Running, “kim”." in page


def test_after_50_requests_there_is_an_older_page(
    client: Any, drafted: Any, workspace: Any, alice: Any
) -> None:
    from offboarding.removals.models import RemovalRequest

    RemovalRequest.objects.bulk_create(
        RemovalRequest(number=1000 + n, requester=alice, addresses=[DAN], person="p") for n in range(1, 53)
    )
    client.force_login(alice)
    first = client.get("/requests/?text=dan").content.decode()
    assert len(re.findall(r'class="ref">', first)) == 50
    assert 'href="?text=dan&amp;page=2"' in first
    assert len(re.findall(r'class="ref">', client.get("/requests/?text=dan&page=2").content.decode())) == 2
    assert client.get("/requests/?page=soon").status_code == 200


def test_a_draft_that_was_thrown_away_is_not_listed(
    client: Any, drafted: Callable[..., Any], alice: Any
) -> None:
    from offboarding.removals.actions import withdraw

    withdraw(drafted("Acme Production"), alice, "")
    client.force_login(alice)
    assert "No requests yet." in client.get("/requests/").content.decode()


def test_other_clients_requests_and_other_peoples_drafts_are_not_listed(
    client: Any, filed: Callable[..., Any], drafted: Callable[..., Any], workspace: Any, bob: Any, carol: Any
) -> None:
    filed("Acme Production")
    drafted("Globex Staging")
    client.force_login(bob)
    assert re.findall(r'class="ref">(R-\d+)', client.get("/requests/").content.decode()) == ["R-1001"]
    client.force_login(carol)
    assert "No requests yet." in client.get("/requests/").content.decode()


# ---- the search -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "requests", "workspaces"),
    [
        ("R-1001", 1, 0),
        ("1001", 1, 0),
        ("reyes", 1, 0),
        ("DAN@north", 1, 0),
        ("acme", 0, 1),
        ("production", 0, 1),  # and not Hooli's
        ("zoe", 0, 0),
        ("", 0, 0),
        ("'; --", 0, 0),
    ],
)
def test_the_search_finds_people_numbers_and_workspaces(
    client: Any,
    filed: Callable[..., Any],
    workspace: Any,
    alice: Any,
    text: str,
    requests: int,
    workspaces: int,
) -> None:
    filed("Acme Production")
    workspace("Hooli Production")
    client.force_login(alice)
    page = client.get("/search/", {"q": text})
    body = page.content.decode()
    assert page.status_code == 200
    assert len(re.findall(r'class="ref">', body)) == requests
    assert body.count("Requests of this client") == workspaces
    assert ("Nothing found for" in body) == (bool(text) and not requests and not workspaces)


@pytest.mark.parametrize("path", ["/", "/requests/", "/search/?q=dan", "/requests/new/"])
def test_a_monitor_may_ask_for_the_head_of_a_page(path: str, client: Any, alice: Any) -> None:
    client.force_login(alice)
    answer = client.head(path)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_disconnected_workspace_is_found_and_says_so(client: Any, workspace: Any, alice: Any) -> None:
    place = workspace("Acme Production")
    client.force_login(alice)
    assert "disconnected" not in client.get("/search/", {"q": "acme prod"}).content.decode()
    type(place).objects.filter(pk=place.pk).update(ended_at=clock.now())
    assert "disconnected" in client.get("/search/", {"q": "acme prod"}).content.decode()


def test_the_search_finds_nothing_for_another_client(
    client: Any, filed: Callable[..., Any], carol: Any
) -> None:
    filed("Acme Production")
    client.force_login(carol)
    for text in ("R-1001", "dan", "acme"):
        assert "Nothing found" in client.get("/search/", {"q": text}).content.decode()
