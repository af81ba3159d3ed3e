"""How long records of a client stay: more years lengthen what is there, fewer shorten nothing, the database sees to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from offboarding.directory import frameworks
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of
from offboarding.evidence.actions import keep
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Proof, Run
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.retention import actions as verbs
from offboarding.retention.models import Extension
from offboarding.retention.perform import perform
from offboarding.work.actions import claim
from offboarding.work.rules import State

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT, settings.PACKET_ROOT = tmp_path / "evidence", tmp_path / "packets"


@pytest.fixture
def acme(clients: dict[str, Client]) -> Client:
    return clients["Acme"]


@pytest.fixture
def choose(ada: Any, acme: Client, today: date) -> Callable[..., Extension | None]:
    def make(years: int, *codes: str, version: int = 0) -> Extension | None:
        acme.refresh_from_db()
        made = verbs.keep_for(ada, scope_of(ada, today), acme, codes, years, version or acme.version)
        acme.refresh_from_db()
        return made

    return make


def file(client: Client, data: bytes = b"picture") -> Evidence:
    return keep(
        BytesIO(data), name="t.png", media_type="image/png", shows="t", source="person", taken_by="Olga",
        client=client,
    )  # fmt: skip


def work(extension: Extension | None) -> Extension:
    """Both turns: the walk, and the one for what was written meanwhile."""
    assert extension
    for _ in range(2):
        Extension.objects.filter(pk=extension.pk).update(not_before=extension.created_at - timedelta(days=1))
        held = claim(Extension, extension.pk)
        assert held
        perform(held)
    extension.refresh_from_db()
    assert extension.state == State.DONE
    return extension


def years_left(row: Evidence | Packet) -> int:
    row.refresh_from_db()
    taken = row.taken_at if isinstance(row, Evidence) else row.sealed_at
    assert row.keep_until and taken
    return round((row.keep_until - taken.date()).days / 365.25)


def sealed(removal: Any) -> Packet:
    from offboarding.packets.actions import stamp

    packet = Packet.objects.create(removal=removal, version=1, state=State.READY)
    stamp(packet)
    return packet


def test_a_client_that_chose_nothing_keeps_as_long_as_the_installation(acme: Client, settings: Any) -> None:
    settings.RETENTION_YEARS = 9
    assert years_left(file(acme)) == 9


def test_more_years_lengthen_files_and_packets_and_only_this_clients(
    choose: Any, acme: Client, clients: dict[str, Client], running: Any, olga: Any
) -> None:
    choose(3)
    removal = running("Acme Production")
    own, other, packet = file(acme), file(clients["Globex"], b"other"), sealed(removal)
    work(choose(6, "hipaa"))
    assert [years_left(own), years_left(packet), years_left(other)] == [6, 6, 7]
    told = Entry.objects.filter(event="retention.extended").get()
    assert b'"files":1,"packets":1,"years":6' in bytes(told.body)


def test_what_people_added_to_a_shared_request_stays_as_long_as_the_longest(
    choose: Any, acme: Client, clients: dict[str, Client], running: Any, olga: Any
) -> None:
    removal = running("Acme Production", "Globex Production")
    added = file(clients["Globex"])
    run = Run.objects.filter(item__plan__removal=removal)[0]
    Proof.objects.create(run=run, evidence=added, added_by=olga)
    work(choose(10))
    assert years_left(added) == 10


def test_fewer_years_shorten_nothing_and_hold_for_what_comes(choose: Any, acme: Client) -> None:
    before = file(acme)
    assert choose(3, "gdpr") is None
    assert [years_left(before), years_left(file(acme, b"later"))] == [7, 3]


def test_what_was_written_meanwhile_by_the_years_of_before_is_found(choose: Any, acme: Client) -> None:
    choose(3)
    extension = choose(8)
    held = claim(Extension, extension.pk)
    assert held
    perform(held)
    late = file(Client(pk=acme.pk, retention_years=3))
    Extension.objects.update(not_before=extension.created_at - timedelta(days=1))
    again = claim(Extension, extension.pk)
    assert again
    perform(again)
    assert years_left(late) == 8


def test_killed_anywhere_it_goes_on_where_it_was(
    choose: Any, acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.retention import perform as slow

    monkeypatch.setattr(slow, "BATCH", 2)
    choose(3)
    files = [file(acme, bytes([n])) for n in range(5)]
    extension = choose(7)
    held = claim(Extension, extension.pk)
    monkeypatch.setattr(slow, "lengthen_packets", lambda _extension: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        perform(held)
    monkeypatch.undo()
    Extension.objects.filter(pk=extension.pk).update(state=State.READY)
    assert work(extension).files == 5
    assert {years_left(each) for each in files} == {7}


def refused(sql: str, *given: Any) -> bool:
    with transaction.atomic():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(sql, given)
        except DatabaseError:
            return True
    return False


def test_the_database_takes_no_day_back(acme: Client, clients: dict[str, Client], running: Any) -> None:
    row, packet = file(acme), sealed(running())
    assert packet.keep_until
    day, later = timedelta(days=1), row.keep_until + timedelta(days=1)
    one, two = "UPDATE evidence_evidence SET", "UPDATE packets_packet SET"
    assert refused(f"{one} keep_until = %s", row.keep_until - day)
    assert refused(f"{one} keep_until = %s, sha256 = %s", later, "0" * 64)
    assert refused(f"{one} keep_until = %s, client_id = %s", later, clients["Globex"].pk)
    assert refused(f"{one} client_id = NULL, keep_until = %s", later)
    assert not refused(f"{one} keep_until = %s", later)
    assert refused(f"{two} keep_until = %s", packet.keep_until - day)
    assert refused(f"{two} keep_until = NULL")
    assert not refused(f"{two} keep_until = %s", packet.keep_until + day)
    assert refused("UPDATE directory_client SET retention_years = 2")


WRONG = [
    (2, (), "too-short", "less than any framework asks for"),
    (11, (), "too-short", "more than anybody should promise"),
    (5, ("hipaa", "gdpr"), "too-short", "the longest framework counts"),
    (7, (), "nothing-changed", "the same as before"),
]


def test_years_that_cannot_stand_are_refused(choose: Any) -> None:
    choose(7)
    for years, codes, code, reason in WRONG:
        with pytest.raises(Refused) as refusal:
            choose(years, *codes)
        assert refusal.value.code == code, reason
    assert Entry.objects.filter(event="retention.changed").count() == 1


def test_only_an_administrator_of_the_client_chooses_and_on_what_they_saw(
    choose: Any, sam: Any, acme: Client, today: date
) -> None:
    with pytest.raises(Refused) as refusal:
        verbs.keep_for(sam, scope_of(sam, today), acme, (), 7, acme.version)
    assert refusal.value.code == "may-not-change"
    with pytest.raises(Refused) as refusal:
        choose(7, version=99)
    assert refusal.value.code == "stale"
    assert not Entry.objects.filter(event="retention.changed").exists()


def test_every_framework_asks_for_years_that_can_be_chosen() -> None:
    for each in frameworks.FRAMEWORKS.values():
        assert frameworks.LEAST <= each.years <= 7, each.name
        assert not frameworks.too_short([each.code], each.years)
