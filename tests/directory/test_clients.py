"""Clients and engagements: who may add, change and end them, on which version, and what the record says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from offboarding.connections import upkeep
from offboarding.directory import clients, engagements
from offboarding.directory.models import Client, Engagement, Membership
from offboarding.directory.queries import leads_of, leaving_soon, scope_of
from offboarding.directory.rules import over
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.removals import directory as waiting
from offboarding.users.rules import Role

SAID = clients.Said("Initech", "Europe/Berlin", "it@initech.example")


@pytest.fixture
def local(person: Any) -> Any:
    """Administers Acme alone."""
    return person("local", Role.ADMINISTRATOR, clients_=("Acme",))


@pytest.fixture
def act(today: date) -> Callable[..., Any]:
    def make(verb: Callable[..., Any], by: Any, *args: Any) -> Any:
        return verb(by, scope_of(by, today), *args)

    return make


@pytest.fixture
def made(act: Any, ada: Any, alice: Any, clients: dict[str, Any], today: date) -> Engagement:
    said = engagements.Said("Analytics", alice, today, today + timedelta(days=20), "SOW-1")
    engagement: Engagement = act(engagements.add, ada, clients["Acme"], said, today)
    return engagement


def newest(about: str = "") -> tuple[str, str, dict[str, Any]]:
    entry = (
        Entry.objects.filter(about=about).order_by("-seq")[0] if about else Entry.objects.order_by("-seq")[0]
    )
    return entry.event, entry.about, canonical.loads(bytes(entry.body))["facts"]


def test_an_administrator_of_all_clients_adds_one_and_the_record_says_so(act: Any, ada: Any) -> None:
    client = act(clients.add, ada, SAID)
    assert (client.slug, client.time_zone) == ("initech", "Europe/Berlin")
    assert newest()[:2] == ("client.added", f"client:{client.pk}")


def test_who_administers_one_client_adds_no_other(act: Any, local: Any, alice: Any) -> None:
    for who in (local, alice):
        with pytest.raises(Refused) as refusal:
            act(clients.add, who, SAID)
        assert refusal.value.code == "may-not-add"


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (clients.Said(" ", "UTC"), "name"),
        (clients.Said("x" * 121, "UTC"), "name"),
        (clients.Said("acme", "UTC"), "name"),
        (clients.Said("New", "Mars/Olympus"), "time_zone"),
        (clients.Said("New", ""), "time_zone"),
        (clients.Said("New", "UTC", "x" * 201), "contact"),
    ],
)
def test_what_cannot_stand_is_refused_beside_its_field(
    said: clients.Said, field: str, act: Any, ada: Any, clients_: Any
) -> None:
    before = Client.objects.count()
    with pytest.raises(Refused) as refusal:
        act(clients.add, ada, said)
    assert refusal.value.facts["field"] == field
    assert Client.objects.count() == before


@pytest.fixture
def clients_(clients: dict[str, Any]) -> dict[str, Any]:
    return clients


def test_names_that_give_the_same_address_get_different_ones(act: Any, ada: Any) -> None:
    slugs = [
        act(clients.add, ada, clients.Said(name, "UTC")).slug
        for name in ("Ünal", "Unal", "株式会社", "有限会社")
    ]
    assert slugs == ["unal", "unal-2", "client", "client-2"]


def test_a_change_says_what_was_before(act: Any, local: Any, clients_: Any) -> None:
    acme = clients_["Acme"]
    act(clients.change, local, acme, clients.Said("Acme Ltd", "Europe/Paris"), 1)
    event, _about, facts = newest()
    assert event == "client.changed"
    assert facts["changed"] == {"name": ["Acme", "Acme Ltd"], "time_zone": ["", "Europe/Paris"]}
    assert Client.objects.get(pk=acme.pk).version == 2


def test_a_form_that_was_opened_before_somebody_elses_change_overwrites_nothing(
    act: Any, ada: Any, local: Any, clients_: Any
) -> None:
    acme = clients_["Acme"]
    act(clients.change, ada, acme, clients.Said("Acme One", "UTC"), 1)
    with pytest.raises(Refused) as refusal:
        act(clients.change, local, acme, clients.Said("Acme Two", "UTC"), 1)
    assert refusal.value.code == "stale"
    assert Client.objects.get(pk=acme.pk).name == "Acme One"


def test_another_clients_administrator_changes_nothing(act: Any, local: Any, clients_: Any) -> None:
    with pytest.raises(Refused):
        act(clients.change, local, clients_["Globex"], clients.Said("Mine", "UTC"), 1)


def test_saving_what_stands_there_already_is_said(act: Any, ada: Any) -> None:
    client = act(clients.add, ada, SAID)
    with pytest.raises(Refused, match="Nothing was changed"):
        act(clients.change, ada, client, SAID, 1)


def test_a_client_ends_only_when_its_engagements_and_requests_have(
    act: Any, ada: Any, made: Engagement, filed: Any, clients_: Any, today: date
) -> None:
    acme = clients_["Acme"]
    with pytest.raises(Refused, match="Analytics"):
        act(waiting.end_client, ada, acme, "over", 1)
    act(engagements.end, ada, made, "over", 1, today)
    removal = filed("Acme Production")
    with pytest.raises(Refused, match=removal.reference):
        act(waiting.end_client, ada, acme, "over", 1)
    assert Client.objects.get(pk=acme.pk).ended_at is None
    from offboarding.removals import actions as removals

    removals.withdraw(removal, removal.requester, "mistake")
    act(waiting.end_client, ada, acme, "over", 1)
    assert newest(f"client:{acme.pk}")[2]["why"] == "over"
    with pytest.raises(Refused, match="has ended"):
        act(engagements.add, ada, acme, engagements.Said("More", made.lead), today)
    act(clients.reopen, ada, acme, 2)
    assert Client.objects.get(pk=acme.pk).ended_at is None


def test_an_end_has_a_reason(act: Any, ada: Any, clients_: Any) -> None:
    with pytest.raises(Refused) as refusal:
        act(waiting.end_client, ada, clients_["Hooli"], "  ", 1)
    assert refusal.value.facts["field"] == "reason"


def test_only_who_files_for_the_client_can_lead(
    act: Any, ada: Any, alice: Any, bob: Any, carol: Any, clients_: Any, today: date
) -> None:
    assert leads_of(clients_["Acme"], today) == [ada, alice]
    for lead in (bob, carol, None):
        with pytest.raises(Refused) as refusal:
            act(engagements.add, ada, clients_["Acme"], engagements.Said("X", lead), today)
        assert refusal.value.facts["field"] == "lead"


def test_a_lead_whose_role_ended_may_stay_until_somebody_else_is_chosen(
    act: Any, ada: Any, made: Engagement, alice: Any, today: date
) -> None:
    Membership.objects.filter(user=alice).delete()
    act(engagements.change, ada, made, engagements.Said("Renamed", alice), 1, today)
    assert Engagement.objects.get(pk=made.pk).name == "Renamed"


def test_a_new_lead_is_named_in_the_record_apart_from_the_chain(
    act: Any, ada: Any, made: Engagement, person: Any, today: date
) -> None:
    zoe = person("zoe", Role.REQUESTER, name="Zoe Lind")
    act(
        engagements.change,
        ada,
        made,
        engagements.Said("Analytics", zoe, made.starts_on, made.ends_on, "SOW-1"),
        1,
        today,
    )
    _event, about, facts = newest()
    assert about == f"engagement:{made.pk}"
    assert list(facts["changed"]) == ["lead"]
    entry = Entry.objects.order_by("-seq")[0]
    assert entry.personal.get(name="lead").value == "Zoe Lind"
    assert b"Zoe" not in bytes(entry.body)


def test_an_engagement_does_not_end_before_it_begins(
    act: Any, ada: Any, alice: Any, clients_: Any, today: date
) -> None:
    said = engagements.Said("X", alice, today, today - timedelta(days=1))
    with pytest.raises(Refused, match="before it begins"):
        act(engagements.add, ada, clients_["Acme"], said, today)


def test_ending_early_makes_that_day_the_last_one(act: Any, ada: Any, made: Engagement, today: date) -> None:
    act(engagements.end, ada, made, "client cut it short", 1, today)
    made.refresh_from_db()
    assert (made.ends_on, made.ended_at is not None) == (today, True)
    with pytest.raises(Refused, match="already"):
        act(engagements.end, ada, made, "again", 2, today)


@pytest.mark.parametrize(
    ("zone", "wanted"),
    [("Pacific/Auckland", True), ("Europe/Berlin", False), ("America/Los_Angeles", False)],
)
def test_a_last_day_ends_where_the_client_is(zone: str, wanted: bool) -> None:
    """On 30 April at 13:00 UTC it is the first of May in Auckland."""
    now = datetime(2026, 4, 30, 13, tzinfo=UTC)
    assert over(date(2026, 4, 30), ZoneInfo(zone), now) is wanted


def test_the_workspaces_of_an_engagement_are_the_clients_own(
    act: Any, ada: Any, made: Engagement, workspace: Any
) -> None:
    own, foreign = workspace("Acme Production"), workspace("Globex Production")
    with pytest.raises(Refused, match="another client"):
        act(upkeep.cover, ada, made, [own, foreign], 1)
    act(upkeep.cover, ada, made, [own], 1)
    assert list(made.coverage.values_list("workspace", flat=True)) == [own.pk]
    assert newest()[2]["gained"] == ["Acme Production"]
    with pytest.raises(Refused) as refusal:
        act(upkeep.cover, ada, made, [], 1)
    assert refusal.value.code == "stale"
    act(upkeep.cover, ada, made, [], 2)
    assert not made.coverage.exists()


def test_who_goes_on_in_another_engagement_is_not_leaving(
    act: Any, ada: Any, alice: Any, made: Engagement, clients_: Any, today: date
) -> None:
    from offboarding.directory.models import Address, Collaborator

    dan = Collaborator.objects.create(client=clients_["Acme"], name="Dan")
    Address.objects.create(collaborator=dan, email="dan@x.example")
    dan.engagements.add(made)
    until = today + timedelta(days=30)
    assert [row["name"] for row in leaving_soon(scope_of(alice, today), until)] == ["Dan"]
    more = act(engagements.add, ada, clients_["Acme"], engagements.Said("More", alice), today)
    dan.engagements.add(more)
    assert leaving_soon(scope_of(alice, today), until) == []
    act(engagements.end, ada, more, "over", 1, today)
    assert {row["ends_on"] for row in leaving_soon(scope_of(alice, today), until)} == {today, made.ends_on}
