"""A request that reaches into two clients: the auditor of one takes the part of theirs, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of
from offboarding.ledger.models import Entry
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.queries import path_of
from offboarding.packets.reader import open_packet
from offboarding.packets.redaction.actions import try_again
from offboarding.packets.redaction.parts import parts_for
from offboarding.packets.verifier import verify
from offboarding.removals.models import Place, RemovalRequest
from offboarding.users.rules import Role
from offboarding.work import desks
from offboarding.work.rules import State
from tests.web.test_evidence import as_user, body, sealed

sealed = sealed  # a fixture
Make = Callable[..., Any]


@pytest.fixture
def shared(sealed: Make) -> Packet:
    packet: Packet = sealed("Acme Staging", "Globex Production")
    return packet


@pytest.fixture
def edna(person: Make) -> Any:
    return person("edna", Role.AUDITOR, clients_=("Acme",))


def address(client: str, ending: str = "/") -> str:
    return f"/evidence/R-1001/part/{Client.objects.get(name=client).pk}{ending}"


def test_an_auditor_of_one_client_has_its_part_made_and_takes_it(
    client: Browser, shared: Packet, edna: Any
) -> None:
    page = as_user(client, edna).get("/evidence/").content.decode()
    assert "Requests shared with other clients" in page and "Make this part" in page and "Globex" not in page
    assert client.get("/evidence/R-1001/packet.zip").status_code == 404, "the whole stays closed"
    assert client.get(address("Acme", ".zip")).status_code == 404, "none was made"
    assert client.post(address("Acme")).status_code == 302
    assert "It is being made" in client.get("/evidence/").content.decode()
    made = Redaction.objects.get()
    desks.DESKS["packets.Redaction"].look(made.pk)
    made.refresh_from_db()
    assert (made.state, made.trouble) == ("done", "")
    path = path_of(shared).with_name(made.file)
    assert verify(str(path)).ok
    inside = open_packet(path)
    record = inside.record()
    assert [one["workspace"] for one in record["places"]] == ["Acme Staging"]
    for part in inside.bag.values():
        assert b"Globex" not in b"".join(inside.read(part)), part.path
    assert made.file in client.get("/evidence/").content.decode()
    assert body(client.get(address("Acme", ".zip"))) == path.read_bytes()
    assert client.post(address("Acme")).status_code == 302
    assert Redaction.objects.count() == 1, "one for each client and version"


def test_its_empty_list_of_requests_says_where_the_part_is(
    client: Browser, shared: Packet, edna: Any
) -> None:
    page = as_user(client, edna).get("/requests/").content.decode()
    assert "you may have your client" in page and 'href="/evidence/"' in page


def test_what_was_done_with_a_part_stands_in_the_ledger(client: Browser, shared: Packet, edna: Any) -> None:
    as_user(client, edna).post(address("Acme"))
    desks.DESKS["packets.Redaction"].look(Redaction.objects.get().pk)
    body(client.get(address("Acme", ".zip")))
    told = Entry.objects.filter(
        event__in=["packet.copy_ordered", "packet.copy_made", "packet.downloaded"]
    ).order_by("seq")
    assert [(each.event, each.facts.get("client") or each.facts.get("part")) for each in told] == [
        ("packet.copy_ordered", "Acme"),
        ("packet.copy_made", "Acme"),
        ("packet.downloaded", "part of Acme"),
    ]


def test_the_part_of_another_client_is_not_there(client: Browser, shared: Packet, edna: Any) -> None:
    as_user(client, edna)
    assert client.post(address("Globex")).status_code == 404
    assert client.get(address("Globex", ".zip")).status_code == 404
    assert not Redaction.objects.exists()


@pytest.mark.parametrize("who", ["rick", "bea", "otto", "dan"])
def test_who_reads_no_records_of_a_whole_client_has_no_part(
    who: str, client: Browser, shared: Packet, person: Make
) -> None:
    roles = {"rick": Role.REQUESTER, "bea": Role.APPROVER, "otto": Role.OPERATOR, "dan": Role.AUDITOR}
    as_user(client, person(who, roles[who], clients_=("Acme",)))
    assert "Requests shared" not in client.get("/evidence/").content.decode()
    assert client.post(address("Acme")).status_code == 404


def test_who_may_read_all_of_it_has_no_part(client: Browser, shared: Packet, erin: Any) -> None:
    assert "Requests shared" not in as_user(client, erin).get("/evidence/").content.decode()
    assert client.post(address("Acme")).status_code == 404


def test_one_copy_is_made_at_a_time(
    client: Browser, shared: Packet, edna: Any, ada: Any, person: Make
) -> None:
    as_user(client, edna).post(address("Acme"))
    theirs = as_user(client, person("gus", Role.AUDITOR, clients_=("Globex",))).post(address("Globex"))
    assert (
        theirs.status_code == 409 and "Another copy of this packet is being made" in theirs.content.decode()
    )
    assert as_user(client, ada).post("/evidence/R-1001/v1/redacted/").status_code in (302, 409)
    assert Redaction.objects.count() == 1


@pytest.mark.parametrize("by", ["reader", "keeper"])
def test_a_part_that_is_tried_again_names_its_client(
    by: str, client: Browser, shared: Packet, edna: Any, ada: Any
) -> None:
    as_user(client, edna).post(address("Acme"))
    part = Redaction.objects.get()
    Redaction.objects.update(state=State.NEEDS_PERSON, trouble="the disk was full")
    part.refresh_from_db()
    if by == "reader":
        client.post(address("Acme"))
    else:
        try_again(part, ada, scope_of(ada, timezone.localdate()))
    told = Entry.objects.filter(event="packet.copy_ordered")
    assert [(each.facts.get("client"), each.facts["copy"]) for each in told] == [("Acme", 1), ("Acme", 1)]
    part.refresh_from_db()
    assert part.state == State.READY


def another_like(packet: Packet, number: int) -> None:
    """One more request that reaches where this one does, with its packet."""
    removal = RemovalRequest.objects.get(pk=packet.removal_id)
    places = list(Place.objects.filter(removal=removal))
    removal.pk, removal.number = None, number
    removal.save(force_insert=True)
    for place in places:
        place.pk, place.removal = None, removal
    Place.objects.bulk_create(places)
    sealed_too = Packet.objects.get(pk=packet.pk)
    sealed_too.pk, sealed_too.removal = None, removal
    sealed_too.save(force_insert=True)


def test_many_shared_packets_cost_no_more_queries(
    shared: Packet, edna: Any, django_assert_max_num_queries: Any
) -> None:
    scope = scope_of(edna, timezone.localdate())
    with CaptureQueriesContext(connection) as one:
        assert len(parts_for(scope)) == 1
    for number in range(2002, 2006):
        another_like(shared, number)
    with django_assert_max_num_queries(len(one)):
        assert [part.client.name for part in parts_for(scope)] == ["Acme"] * 5
