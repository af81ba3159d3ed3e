"""One press over several clients: one request for each, so that each client's people see theirs, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from offboarding.directory.queries import scope_of
from offboarding.discovery.rules import Reach, SourceKeys, Thing
from offboarding.emergencies.actions import Word, review
from offboarding.emergencies.models import Hold
from offboarding.emergencies.queries import removed_since, to_review
from offboarding.emergencies.rules import Verdict, Volume
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.journey import emergency
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.notifications.handlers import drafts_for
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.users.rules import Role
from tests.conftest import DAN
from tests.rewriting import rewriting
from tests.web.test_emergency import sign_in, text_of

Make = Callable[..., Any]
PLACES = ("Acme Production", "Globex Production", "Acme EU")


@pytest.fixture
def pressed(release: Make, of_press: Make) -> list[Any]:
    """Sam's press, over Acme and Globex."""
    return list(of_press(release(*PLACES)))


@pytest.fixture
def zoe(person: Make) -> Any:
    """Leads at Acme, and nowhere else."""
    return person("zoe", Role.REQUESTER, clients_=("Acme",))


def test_each_client_gets_a_request_of_its_own_in_one_press(pressed: list[Any]) -> None:
    assert [len(clients_of(removal)) for removal in pressed] == [1, 1]
    assert [removal.places.count() for removal in pressed] == [2, 1]
    assert {removal.stage for removal in RemovalRequest.objects.all()} == {"running"}
    containing = Run.objects.filter(item__code="contain")
    assert [(run.state, run.urgent) for run in containing] == [("ready", True)] * 3
    assert Entry.objects.filter(event="emergency.released").count() == 2


def test_who_leads_at_one_client_sees_that_one_and_is_told_of_it(
    pressed: list[Any], zoe: Any, alice: Any, client: Any
) -> None:
    acme, globex = pressed
    assert list(removals_for(scope_of(zoe, datetime.now(UTC).date()))) == [acme]
    told = {entry.about: drafts_for(entry) for entry in Entry.objects.filter(event="emergency.released")}
    assert [draft.to for draft in told[acme.reference] if draft.kind == "emergency"] == [alice, zoe]
    assert zoe not in {draft.to for draft in told[globex.reference]}
    client.force_login(zoe)
    assert client.get(f"/emergency/{globex.reference}/").status_code == 404
    page = client.get(f"/emergency/{acme.reference}/").content.decode()
    assert "loses access to 2 workspaces" in page
    assert globex.reference not in page and "Globex" not in page
    for draft in told[acme.reference]:
        where = dict(draft.facts)["Where"]
        assert ("Globex Production" in where) is (draft.to == alice), "and a mail tells no more than the page"


def test_who_works_for_both_is_told_once(pressed: list[Any], alice: Any, bob: Any) -> None:
    drafts = [
        each for entry in Entry.objects.filter(event="emergency.released") for each in drafts_for(entry)
    ]
    told = [(draft.to, draft.kind) for draft in drafts]
    assert sorted(told, key=str) == sorted([(alice, "emergency"), (bob, "review")], key=str)


def test_the_page_of_either_shows_all_that_its_reader_may_see(
    pressed: list[Any], client: Any, sam: Any
) -> None:
    client.force_login(sam)
    for removal in pressed:
        shown = text_of(client.get(f"/emergency/{removal.reference}/"))
        assert "loses access to 3 workspaces" in shown and "0 of 3 workspaces read again" in shown
        assert "Client by client" in shown and "INC-774, R-1001, R-1002: emergency removal of" in shown
    form = text_of(client.get("/emergency/"))
    assert "R-1001, R-1002 are under way: INC-774" in form and form.count("under way") == 1


def test_each_is_reviewed_by_its_own_people(pressed: list[Any], client: Any, person: Make, bob: Any) -> None:
    acme, globex = pressed
    kim = person("kim", Role.APPROVER, clients_=("Globex",))
    today = datetime.now(UTC).date()
    assert [each.removal for each in to_review(scope_of(kim, today))] == [globex]
    word = Word(kim, "Confirm the emergency", "code", None)
    with pytest.raises(Refused):
        review(acme, word, Verdict.CONFIRM, "Not mine")
    review(globex, word, Verdict.CONFIRM, "I called Dan")
    sign_in(client, bob)
    shown = text_of(client.get(f"/emergency/{globex.reference}/"))
    assert "1 of 2 reviewed." in shown and "Review R-1001" in shown
    client.post(
        f"/emergency/{acme.reference}/review/", {"verdict": "object", "note": "Nobody asked the lead"}
    )
    shown = text_of(client.get(f"/emergency/{globex.reference}/"))
    assert "All reviewed; objection to R-1001" in shown


def test_one_press_counts_one_person_and_all_its_places(
    release: Make, seen: Make, workspace: Make, settings: Any, sam: Any
) -> None:
    places = [workspace(name) for name in PLACES]
    for place in places:
        seen(place, [DAN])
    settings.BREAKER_PLACES = 2
    with pytest.raises(Refused) as refused:
        release(connected=places)
    assert "Access to 3 places would go" in refused.value.sentence and not RemovalRequest.objects.exists()
    settings.BREAKER_PLACES, settings.BREAKER_PEOPLE = 3, 1
    first = release(connected=places)
    since = datetime(2026, 1, 1, tzinfo=UTC)
    assert removed_since(since, clients_of(*RemovalRequest.objects.all()), []) == Volume(1, 3)
    assert removed_since(since, clients_of(first), []) == Volume(1, 2)


def test_where_one_is_under_way_already_it_goes_on_and_the_others_begin(
    release: Make, workspace: Make, person: Make, sam: Any, client: Any
) -> None:
    acme, globex = workspace("Acme Production"), workspace("Globex Production")
    earlier = release(connected=[acme], by=person("zoe", Role.SECURITY, clients_=("Acme",)))
    made = release(connected=[acme, globex])
    assert [place.workspace for place in made.places.all()] == [globex]
    assert Hold.objects.filter(held=True).count() == 2
    client.force_login(sam)
    page = client.get(f"/emergency/{made.reference}/").content.decode()
    assert f"{earlier.reference} is under way for this person too" in page
    assert f'href="/emergency/{earlier.reference}/"' in page


@pytest.fixture
def queued(workspace: Make, seen: Make, release: Make, of_press: Make) -> list[Any]:
    """A press over two clients with a key in reach at each, and everything else is done."""
    places = [workspace(name) for name in PLACES[:2]]
    reach = Reach((Thing("s1", "Checkout"),), 1, keys=(SourceKeys("s1", "Checkout", ("k" * 64,), 1),))
    for place in places:
        held = seen(place, [DAN])
        with rewriting():
            type(held).objects.filter(pk=held.pk).update(data=replace(held.sighting, reach=reach).as_json())
    found = of_press(release(connected=places))
    for removal in found:
        runs = Run.objects.filter(item__plan__removal=removal).exclude(item__step="packet.seal")
        runs.update(state="done", ended="already")
        journey.advance(removal.pk)
    return list(found)


def test_the_second_press_lets_go_of_the_keys_at_all_clients(
    queued: list[Any], client: Any, sam: Any
) -> None:
    waiting = Run.objects.filter(item__step__in=emergency.QUEUED_STEPS)
    assert waiting.filter(item__plan__removal=queued[0]) and waiting.filter(item__plan__removal=queued[1])
    sign_in(client, sam)
    page = f"/emergency/{queued[0].reference}/"
    form = client.get(f"{page}keys/").content.decode()
    items = re.findall(r'name="item" value="(\d+-\d+)"', form)
    assert len(items) == waiting.count()
    assert client.post(f"{page}keys/", {"item": items}).headers["Location"] == page
    assert Entry.objects.filter(event="emergency.rotation_released").count() == 2
    plans = [(removal, removal.plans.get()) for removal in queued]
    assert not any(emergency.queued(removal, plan) for removal, plan in plans)
    assert "second press" not in text_of(client.get(page))


def test_security_of_one_client_lets_go_of_that_ones_keys_alone(
    queued: list[Any], client: Any, person: Make
) -> None:
    kim = person("kim", Role.SECURITY, clients_=("Acme",))
    sign_in(client, kim)
    other = Run.objects.filter(item__step__in=emergency.QUEUED_STEPS, item__plan__removal=queued[1])
    forged = [f"{queued[1].number}-{run.item.number}" for run in other]
    assert client.post(f"/emergency/{queued[0].reference}/keys/", {"item": forged}).status_code == 409
    assert not Entry.objects.filter(event="emergency.rotation_released").exists()


def test_the_page_asks_the_same_of_two_clients_as_of_three(release: Make, person: Make, client: Any) -> None:
    from offboarding.directory.models import Client

    kim = person("kim", Role.SECURITY, clients_=("Acme", "Globex", "Hooli"))
    few = release("Acme Production", "Globex Production", by=kim)
    many = release("Acme EU", "Globex EU", "Hooli Production", by=kim, addresses=["eve@northwind.example"])
    assert Client.objects.count() == 3
    client.force_login(kim)
    counts = []
    for removal in (few, many):
        client.get(f"/emergency/{removal.reference}/")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/emergency/{removal.reference}/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 36
