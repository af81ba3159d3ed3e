"""The pages about clients, engagements and the workspaces that they cover."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from offboarding.connections.models import Coverage, Workspace
from offboarding.directory.models import Address, Client, Collaborator, Engagement
from offboarding.ledger.models import Entry
from offboarding.users.rules import Role


@pytest.fixture
def desk(client: Browser, ada: Any) -> Browser:
    client.force_login(ada)
    return client


@pytest.fixture
def works(clients: dict[str, Any], alice: Any, today: date) -> Engagement:
    return Engagement.objects.create(
        client=clients["Acme"], name="Analytics", lead=alice, ends_on=today + timedelta(days=5)
    )


def says(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def count(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as taken:
        ask()
    return len(taken)


def of(client: Any, rest: str = "") -> str:
    return f"/setup/clients/{client.pk}/{rest}"


def at(works: Engagement, rest: str = "") -> str:
    return of(works.client, f"engagements/{works.pk}/{rest}")


def roster(works: Engagement, n: int) -> None:
    for each in range(n):
        kim = Collaborator.objects.create(client=works.client, name=f"Kim {each}")
        Address.objects.create(collaborator=kim, email=f"kim{each}@x.example")
        kim.engagements.add(works)


def test_the_list_says_what_hangs_on_each_client(desk: Browser, works: Engagement, workspace: Any) -> None:
    workspace("Acme Production")
    roster(works, 3)
    text = says(desk.get("/setup/clients/"))
    assert re.search(r"Acme 1 running \d+ \w+ 20\d\d 1 3 ", text)
    assert "Globex none – none none" in text
    assert "3 clients" in text


def test_the_lists_and_pages_ask_no_more_for_more(
    desk: Browser, works: Engagement, workspace: Any, alice: Any
) -> None:
    workspace("Acme Production")
    roster(works, 1)
    urls = ("/setup/clients/", of(works.client), at(works), "/people/")
    for url in urls:
        desk.get(url)
    before = [count(lambda url=url: desk.get(url)) for url in urls]
    for n in range(6):
        more = Client.objects.create(name=f"More {n}", slug=f"more-{n}")
        Engagement.objects.create(client=more, name="E", lead=alice)
        Engagement.objects.create(client=works.client, name=f"E{n}", lead=alice)
        workspace(f"Acme {n}")
    roster(works, 7)
    assert [count(lambda url=url: desk.get(url)) for url in urls] == before


def test_it_is_searched_paged_and_filtered(desk: Browser, clients: dict[str, Any]) -> None:
    for n in range(60):
        Client.objects.create(name=f"Firm {n:02}", slug=f"firm-{n}")
    assert "1–50 of 63" in says(desk.get("/setup/clients/"))
    assert "Firm 07" in says(desk.get("/setup/clients/?text=m+07"))
    assert "No client fits" in says(desk.get("/setup/clients/?text=zz"))
    assert "No client fits" in says(desk.get("/setup/clients/?state=ended"))


def test_without_a_client_the_page_says_what_comes_first(desk: Browser, client: Browser) -> None:
    text = says(desk.get("/setup/clients/"))
    assert "No client yet" in text and "Add a client" in text


def test_a_client_is_added_changed_and_its_history_tells(desk: Browser) -> None:
    answer = desk.post(
        "/setup/clients/add/", {"name": "Initech", "time_zone": "Europe/Paris", "contact": ""}, follow=True
    )
    assert "Initech is added" in says(answer)
    made = Client.objects.get()
    given = {"name": "Initech SA", "time_zone": "Europe/Paris", "contact": "Bill", "version": "1"}
    text = says(desk.post(of(made, "edit/"), given, follow=True))
    assert "name: “Initech” became “Initech SA”; contact: nothing became “Bill”" in text
    assert "added the client Initech" in text


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ({"name": ""}, "Enter the client's name"),
        ({"name": "ACME"}, "called ACME already"),
        ({"time_zone": "Nowhere"}, "Choose a time zone"),
        ({"contact": "x" * 201}, "Write at most 200"),
    ],
)
def test_what_is_mistyped_is_said_and_stays(
    typed: dict[str, str], wanted: str, desk: Browser, clients: dict[str, Any]
) -> None:
    given = {"name": "New one", "time_zone": "UTC", "contact": "somebody", **typed}
    answer = desk.post("/setup/clients/add/", given)
    assert answer.status_code == 422
    assert wanted in says(answer).replace("&#x27;", "'")
    assert f'value="{given["contact"]}"' in answer.content.decode()
    assert Client.objects.count() == 3


def test_of_two_editors_the_second_sees_what_the_first_wrote(
    desk: Browser, clients: dict[str, Any], person: Any
) -> None:
    acme, other = clients["Acme"], Browser()
    other.force_login(person("local", Role.ADMINISTRATOR, clients_=("Acme",)))
    given = {"time_zone": "UTC", "contact": "", "version": "1"}
    other.post(of(acme, "edit/"), {**given, "name": "First"})
    answer = desk.post(of(acme, "edit/"), {**given, "name": "Second", "contact": "Bo"})
    text = says(answer)
    assert answer.status_code == 409
    assert "What differs" in text and "First" in text and "Second" in text
    assert 'name="version" value="2"' in answer.content.decode()
    assert Client.objects.get(pk=acme.pk).name == "First"
    desk.post(of(acme, "edit/"), {**given, "name": "Second", "version": "2"})
    assert Client.objects.get(pk=acme.pk).name == "Second"


def test_ending_asks_why_on_a_page_of_its_own(
    desk: Browser, clients: dict[str, Any], works: Engagement
) -> None:
    acme = clients["Acme"]
    assert "stays in the record" in says(desk.get(of(acme, "end/")))
    answer = desk.post(of(acme, "end/"), {"reason": "", "version": "1"})
    assert answer.status_code == 422 and "Say why" in says(answer)
    answer = desk.post(of(acme, "end/"), {"reason": "over", "version": "1"})
    assert answer.status_code == 409 and "Analytics" in says(answer) and "over" in answer.content.decode()
    desk.post(at(works, "end/"), {"reason": "over", "version": "1"})
    assert "has ended" in says(desk.post(of(acme, "end/"), {"reason": "over", "version": "1"}, follow=True))
    assert Client.objects.get(pk=acme.pk).ended_at
    assert "is open again" in says(desk.post(of(acme, "reopen/"), {"version": "2"}, follow=True))


def test_an_engagement_is_added_with_a_lead_who_may(
    desk: Browser, clients: dict[str, Any], alice: Any, bob: Any, today: date
) -> None:
    page = says(desk.get(of(clients["Acme"], "engagements/add/")))
    assert "Alice" in page and "Bob" not in page
    assert "Access may be used until this day ends in Europe/Berlin" in page
    given = {"name": "Q1", "lead": str(alice.pk), "starts_on": "", "ends_on": "2031-04-30", "sow": "SOW-9"}
    text = says(desk.post(of(clients["Acme"], "engagements/add/"), given, follow=True))
    assert "until 30 Apr 2031" in text or "30 Apr 2031" in text
    assert "Alice" in text and "SOW-9" in text
    answer = desk.post(of(clients["Acme"], "engagements/add/"), {**given, "name": "Q2", "lead": str(bob.pk)})
    assert answer.status_code == 422 and "Choose a lead" in says(answer)
    answer = desk.post(of(clients["Acme"], "engagements/add/"), {**given, "name": "Q2", "ends_on": "30.4."})
    assert answer.status_code == 422 and "year-month-day" in says(answer)


def test_the_workspaces_of_an_engagement_are_ticked(desk: Browser, works: Engagement, workspace: Any) -> None:
    own, foreign = workspace("Acme Production"), workspace("Globex Production")
    given = {"workspaces": [str(own.pk), str(foreign.pk), "x"], "version": "1"}
    text = says(desk.post(at(works, "workspaces/"), given, follow=True))
    assert "are saved" in text and "added the workspaces Acme Production" in text
    assert set(Coverage.objects.values_list("workspace", flat=True)) == {own.pk}
    answer = desk.post(at(works, "workspaces/"), {"workspaces": [], "version": "1"})
    assert answer.status_code == 409 and "Somebody changed this" in says(answer)


def test_a_roster_loses_somebody_and_says_that_access_stays(desk: Browser, works: Engagement) -> None:
    roster(works, 1)
    kim = Collaborator.objects.get()
    text = says(desk.post(at(works, f"roster/{kim.pk}/leave/"), follow=True))
    assert "Their access is as it was" in text and "took Kim 0 off the roster" in text
    assert not kim.engagements.exists()


@pytest.mark.parametrize(
    ("days", "wanted"),
    [(-1, "Last day has passed"), (0, "Ends today"), (3, "Ends in 3 days"), (90, "Running")],
)
def test_an_engagement_says_where_it_stands(
    days: int, wanted: str, desk: Browser, works: Engagement, today: date
) -> None:
    Engagement.objects.filter(pk=works.pk).update(ends_on=today + timedelta(days=days))
    assert wanted in says(desk.get(of(works.client)))


def test_a_lead_reads_their_clients_and_changes_none(
    client: Browser, alice: Any, works: Engagement, clients: dict[str, Any]
) -> None:
    client.force_login(alice)
    text = says(client.get("/setup/clients/"))
    assert "Acme" in text and "Hooli" not in text and "Add a client" not in text
    assert client.get(at(works)).status_code == 200
    assert client.get(of(clients["Hooli"])).status_code == 404
    for rest in ("edit/", "end/", "engagements/add/"):
        assert client.get(of(works.client, rest)).status_code == 403
    assert client.post(at(works, "workspaces/"), {"version": "1"}).status_code == 403


# ---------------------------------------------------------------- what people say about a workspace


def test_environment_and_support_hours_of_a_workspace_are_kept(desk: Browser, workspace: Any) -> None:
    place = workspace("Acme Production")
    url = f"/setup/connections/{place.pk}/"
    given = {
        "name": "Acme Live",
        "environment": "production",
        "managed_by": "scim",
        "provider_group": "seg-acme",
        "owner_contact": "IT desk",
        "support_days": ["1", "2", "3", "4", "5"],
        "support_from": "09:00",
        "support_until": "18:00",
        "version": "1",
    }
    text = says(desk.post(url + "edit/", given, follow=True))
    for wanted in (
        "Acme Live is changed",
        "Mon to Fri 09:00–18:00",
        "by SCIM",
        "group seg-acme",
        "Europe/Berlin",
    ):
        assert wanted in text
    answer = desk.post(url + "edit/", {**given, "name": "Other", "support_days": []})
    assert answer.status_code == 409 or answer.status_code == 422
    answer = desk.post(url + "edit/", {**given, "version": "2", "support_until": "08:00"})
    assert answer.status_code == 422 and "end after they begin" in says(answer)
    answer = desk.post(url + "edit/", {**given, "version": "1", "support_from": "10:00"})
    text = says(answer)
    assert answer.status_code == 409 and "09:00" in text and "10:00" in text


def test_another_environment_needs_two_people_as_a_policy_does(
    desk: Browser, workspace: Any, olga: Any, ada: Any, person: Any
) -> None:
    """Who alone could call a production workspace a test one would take its approvers away."""
    place, oz, lin = (
        workspace("Acme Production"),
        person("oz", Role.OPERATOR),
        person("lin", Role.ADMINISTRATOR),
    )
    url = f"/setup/connections/{place.pk}/"

    def saves(who: Any, version: int, environment: str = "development") -> str:
        desk.force_login(who)
        given = {
            "name": place.name,
            "environment": environment,
            "managed_by": "hand",
            "version": str(version),
        }
        text = says(desk.post(url + "edit/", given, follow=True))
        place.refresh_from_db()
        return text

    text = saves(olga, 1)
    assert place.environment == "production"
    assert "its environment stays until another administrator saves the same" in text
    assert "Olga says it is Development" in text.replace("Olga Petrenko", "Olga")
    assert "You asked for this environment already" in saves(olga, 2)
    assert "of the client agrees to it" in saves(oz, 2)
    assert place.environment == "production"
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        saves(ada, 2)
        assert place.environment == "production", "a wish ends after a week, so this is a first word again"
        assert "Acme Production is changed" in saves(lin, 3)
    assert place.environment == "development"
    assert place.wanted_by is None


def test_the_only_administrator_says_alone_which_environment_it_is(
    desk: Browser, workspace: Any, olga: Any, ada: Any
) -> None:
    place = workspace("Acme Production")
    given = {"name": place.name, "environment": "development", "managed_by": "hand"}
    for who, version in ((olga, "1"), (ada, "2")):
        assert place.environment == "production"
        desk.force_login(who)
        desk.post(f"/setup/connections/{place.pk}/edit/", {**given, "version": version})
        place.refresh_from_db()
    assert (place.environment, place.environment_wanted, place.wanted_by) == ("development", "", None)


def test_owners_of_a_connection_are_named_and_taken_off_again(
    desk: Browser, workspace: Any, olga: Any, person: Any, clients: dict[str, Any]
) -> None:
    place, oz = workspace("Acme Production"), person("oz", Role.OPERATOR, clients_=("Hooli",))
    url = f"/setup/connections/{place.pk}/"
    given = {"name": place.name, "environment": place.environment, "managed_by": "unknown", "version": "1"}
    assert "Looked after by operators and administrators of the client" in says(desk.get(url))
    assert "Oz" not in says(desk.get(url + "edit/"))
    answer = desk.post(url + "edit/", {**given, "owners": [str(oz.pk)]})
    assert answer.status_code == 422 and "Choose operators or administrators" in says(answer)
    assert not place.owners.exists()
    text = says(desk.post(url + "edit/", {**given, "owners": [str(olga.pk)]}, follow=True))
    assert "Looked after by Olga" in text and "owners: nothing became “Olga" in text
    chained = bytes(Entry.objects.filter(event="workspace.changed").latest("seq").body)
    assert b"Olga" not in chained, "names stand apart from the chain"
    stale = desk.post(url + "edit/", {**given, "owners": []})
    assert stale.status_code == 409 and "Olga" in says(stale)
    text = says(desk.post(url + "edit/", {**given, "version": "2"}, follow=True))
    assert "Looked after by operators and administrators" in text


def test_who_files_outside_of_support_hours_is_told_when_somebody_is_there(
    client: Browser, alice: Any, drafted: Any, workspace: Any, today: date
) -> None:
    place = workspace("Acme Production")
    removal = drafted(connected=(place,))
    client.force_login(alice)
    check = f"/requests/new/{removal.reference}/check/"
    assert "can help when access ends" not in says(client.get(check))
    closed = str((today.isoweekday() + 1) % 7 + 1)
    hours = {"support_days": closed, "support_from": time(9), "support_until": time(10)}
    Workspace.objects.filter(pk=place.pk).update(**hours)
    text = says(client.get(check))
    assert "Nobody at Acme Production can help when access ends" in text
    assert "Somebody is there again" in text


def test_every_event_about_the_directory_is_told_in_words() -> None:
    from offboarding.ledger.events import Event
    from offboarding.web.setup.words import WORDS

    here = (
        "client.",
        "retention.",
        "hold.",
        "purge.",
        "evidence.purged",
        "trail.",
        "engagement.",
        "collaborator.",
        "workspace.",
        "batch.",
        "setting.",
        "letter.words_changed",
        "letter.terms_changed",
        "engine.try_again_asked",
    )
    # What stands on a request's page, and not among the changes of set-up.
    elsewhere = {Event.TRAIL_TOLD_LATER}
    assert {event for event in Event if event.value.startswith(here)} - elsewhere == set(WORDS)
