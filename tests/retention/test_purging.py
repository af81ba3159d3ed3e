"""Purging: two people, after the last day, never under a hold; killed anywhere it goes on; a tombstone stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from offboarding.directory.models import Client, Membership
from offboarding.evidence import store
from offboarding.evidence.folder import place_of
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Proof, Run
from offboarding.ledger.models import Entry
from offboarding.ledger.whole import first_wrong
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.removals.models import RemovalRequest
from offboarding.retention import actions, purging
from offboarding.retention.models import Purge, Tombstone
from offboarding.retention.queries import due
from offboarding.users.models import User
from offboarding.work.actions import claim, halt
from offboarding.work.rules import State
from tests.rewriting import rewriting

pytestmark = pytest.mark.django_db
PAST = date(2024, 1, 1)
TODAY = datetime.now(UTC).date()


@pytest.fixture(autouse=True)
def folders(settings: Any, tmp_path: Path) -> None:
    settings.EVIDENCE_ROOT, settings.PACKET_ROOT = tmp_path / "evidence", tmp_path / "packets"
    settings.PACKET_ROOT.mkdir()


@pytest.fixture
def acme(clients: dict[str, Client]) -> Client:
    return clients["Acme"]


@pytest.fixture
def lin(db: None) -> User:
    user = User.objects.create_user("lin@northwind.example", "Lin")
    Membership.objects.create(user=user, role="administrator")
    return user


def old(client: Client, data: bytes, until: date = PAST) -> Evidence:
    """A file whose last day is over, as it would stand there after years."""
    import os

    sha256, size = store.put(BytesIO(data), until)
    os.utime(place_of(sha256), (0, 0))
    return Evidence.objects.create(
        sha256=sha256, size=size, media_type="image/png", name="tokens.png", shows="The Tokens tab", source="person",
        taken_by="Olga", client=client, keep_until=until,
    )  # fmt: skip


@pytest.fixture
def record(filed: Any, settings: Any) -> Callable[..., tuple[RemovalRequest, Packet]]:
    """A closed request with a packet past its last day."""

    def make(*names: str, until: date = PAST, stage: str = "closed") -> tuple[RemovalRequest, Packet]:
        removal = filed(*names)
        RemovalRequest.objects.filter(pk=removal.pk).update(stage=stage, closed_at=datetime.now(UTC))
        (settings.PACKET_ROOT / f"{removal.reference}-packet.zip").write_bytes(b"zip")
        packet = Packet.objects.create(
            removal=removal, file=f"{removal.reference}-packet.zip", sha256="5" * 64, size=3, state=State.DONE,
            sealed_at="2020-01-01T00:00Z", keep_until=until, not_before=None,
        )  # fmt: skip
        return removal, packet

    return make


def turn(purge: Purge) -> Purge:
    Purge.objects.filter(pk=purge.pk).update(not_before=datetime(2020, 1, 1, tzinfo=UTC))
    held = claim(Purge, purge.pk)
    assert held
    purging.perform(held)
    return Purge.objects.get(pk=purge.pk)


@pytest.fixture
def confirmed(ada: User, lin: User, acme: Client) -> Callable[[], Purge]:
    def make() -> Purge:
        purge = purging.ask(ada, acme, "Past retention", "code")
        purging.confirm(lin, purge, "passkey")
        return purge

    return make


def code(act: Any, *given: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act(*given)
    return refusal.value.code


def test_what_is_past_its_last_day_goes_and_tombstones_stay(
    confirmed: Any, acme: Client, clients: dict[str, Client], record: Any, settings: Any
) -> None:
    gone, stays, other = old(acme, b"1"), old(acme, b"2", TODAY), old(clients["Globex"], b"3")
    removal, packet = record("Acme Production")
    done = turn(confirmed())
    assert (done.state, done.gone, done.gone_size) == (State.DONE, 2, 4)
    assert [place_of(each.sha256).exists() for each in (gone, stays, other)] == [False, True, True]
    assert not (settings.PACKET_ROOT / packet.file).exists()
    stone = Tombstone.objects.get(evidence=gone)
    assert (stone.sha256, stone.size, stone.what) == (gone.sha256, 1, "The Tokens tab (tokens.png)")
    assert stone.gone_at and stone.purge.why == "Past retention" and stone.outcome == "deleted"
    events = list(Entry.objects.filter(event__contains="purge").order_by("seq").values_list("event", "about"))
    about = f"client:{acme.pk}"
    assert events == [
        ("purge.asked", about),
        ("purge.confirmed", about),
        ("evidence.purged", about),
        ("packet.purged", removal.reference),
        ("purge.ended", about),
    ]
    assert first_wrong() is None
    said = StringIO()
    call_command("verify_evidence", stdout=said)
    assert said.getvalue() == "2 files, 2 bytes, are as they were.\n"


def test_it_takes_two_administrators_of_all_clients(ada: User, lin: User, sam: User, acme: Client) -> None:
    old(acme, b"1")
    assert code(purging.ask, sam, acme, "x", "code") == "not-a-purger"
    purge = purging.ask(ada, acme, "x", "code")
    assert code(purging.confirm, ada, purge, "code") == "not-a-purger"
    assert code(purging.confirm, sam, purge, "code") == "not-a-purger"
    assert code(purging.ask, lin, acme, "x", "code") == "asked-already"
    assert claim(Purge, purge.pk) is None, "nothing begins before a second person has confirmed"
    with pytest.raises(IntegrityError), transaction.atomic():
        Purge.objects.filter(pk=purge.pk).update(confirmed_by=ada)
    with pytest.raises(IntegrityError), transaction.atomic():
        Purge.objects.filter(pk=purge.pk).update(state="ready")
    purging.confirm(lin, purge, "code")
    assert code(purging.confirm, lin, purge, "code") == "decided-already"


def test_it_is_declined_or_taken_back_with_a_reason(ada: User, lin: User, acme: Client) -> None:
    old(acme, b"1")
    assert code(purging.ask, ada, acme, " ", "code") == "no-reason"
    purge = purging.ask(ada, acme, "x", "code")
    assert code(purging.decline, lin, purge, "") == "no-reason"
    purging.decline(lin, purge, "The auditor comes in May")
    assert code(purging.confirm, lin, purge, "code") == "decided-already"
    purging.decline(ada, purging.ask(ada, acme, "again", "code"), "A slip")
    assert set(Purge.objects.values_list("state", flat=True)) == {"cancelled"}


def test_nothing_is_asked_for_where_nothing_may_go(ada: User, acme: Client) -> None:
    old(acme, b"1", TODAY)
    assert code(purging.ask, ada, acme, "x", "code") == "nothing-due"


def test_what_was_confirmed_is_what_was_asked(ada: User, lin: User, sam: User, acme: Client) -> None:
    old(acme, b"1")
    purge = purging.ask(ada, acme, "x", "code")
    old(acme, b"2")
    assert code(purging.confirm, lin, purge, "code") == "changed-meanwhile"
    assert Purge.objects.get().confirmed_by is None


def test_a_record_goes_as_a_whole(record: Any, acme: Client, olga: Any) -> None:
    """No file before the packet that holds it, and nothing of a request that goes on or whose packet is being made."""
    removal, _packet = record("Acme Production", until=TODAY)
    going_on, _packet = record("Acme Staging", stage="running")
    snapshot = removal.plans.get().snapshots.get()
    with rewriting():
        type(snapshot).objects.filter(pk=snapshot.pk).update(raw=old(acme, b"1"))
    other = going_on.plans.get().snapshots.get()
    with rewriting():
        type(other).objects.filter(pk=other.pk).update(raw=old(acme, b"2"))
    free = old(acme, b"3")
    found = due(acme, TODAY)
    assert (list(found.files), list(found.packets)) == ([free], [])
    assert due(acme, TODAY + timedelta(days=1)).count() == (3, 5)


HOLDS = ["client", "request"]


@pytest.mark.parametrize("on", HOLDS)
def test_under_a_hold_nothing_goes(on: str, confirmed: Any, record: Any, sam: Any, acme: Client) -> None:
    removal, packet = record("Acme Production")
    snapshot = removal.plans.get().snapshots.get()
    with rewriting():
        type(snapshot).objects.filter(pk=snapshot.pk).update(raw=old(acme, b"1"))
    purge = confirmed()
    actions.put_on(sam, acme if on == "client" else removal, "Lawsuit", "code")
    done = turn(purge)
    assert (done.state, done.gone) == (State.DONE, 0)
    assert not Tombstone.objects.exists()
    with pytest.raises(DatabaseError, match="still to be kept"), transaction.atomic():
        Tombstone.objects.create(purge=purge, packet=packet, sha256="0" * 64, size=1, what="x")


def test_a_hold_put_on_between_tombstone_and_bytes_stops_it(
    confirmed: Any, acme: Client, sam: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, purge = old(acme, b"1"), confirmed()
    monkeypatch.setattr(purging, "take_away", lambda _stone: exec("raise SystemExit"))
    with pytest.raises(SystemExit):
        turn(purge)
    monkeypatch.undo()
    actions.put_on(sam, acme, "Lawsuit", "code")
    Purge.objects.update(state=State.READY)
    waits = turn(purge)
    assert (waits.state, waits.waiting_for) == (State.WAITING, "The legal hold to be lifted")
    assert place_of(row.sha256).exists()
    actions.lift(sam, acme, "Settled", "code")
    assert turn(purge).state == State.DONE
    assert not place_of(row.sha256).exists()


def test_killed_at_any_line_it_goes_on_and_says_everything_once(
    confirmed: Any, acme: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "BATCH", 2)
    rows, purge = [old(acme, bytes([n])) for n in range(5)], confirmed()
    honest = purging.take_away
    for survives in (0, 3):
        calls = iter(range(99))

        def dies(each: Tombstone, calls: Any = calls, survives: int = survives) -> None:
            if next(calls) == survives:
                place_of(each.sha256).unlink()  # killed after the bytes went, before the row says so
                raise SystemExit
            honest(each)

        monkeypatch.setattr(purging, "take_away", dies)
        with pytest.raises(SystemExit):
            turn(purge)
        Purge.objects.update(state=State.READY)
    monkeypatch.setattr(purging, "take_away", honest)
    done = turn(purge)
    assert (done.state, done.gone, done.gone_size) == (State.DONE, 5, 5)
    assert Tombstone.objects.filter(outcome="deleted").count() == 5
    told = [bytes(each.body) for each in Entry.objects.filter(event="evidence.purged")]
    assert sum(body.count(row.sha256.encode()) for body in told for row in rows) == 5


def test_bytes_that_another_file_needs_stay(confirmed: Any, acme: Client, clients: dict[str, Client]) -> None:
    row, same = old(acme, b"1"), old(clients["Globex"], b"1")
    turn(confirmed())
    assert Tombstone.objects.get().outcome == "shared" and place_of(row.sha256).exists()
    assert not hasattr(Evidence.objects.get(pk=same.pk), "tombstone")


def test_a_folder_that_cannot_be_written_is_waited_for(
    confirmed: Any, acme: Client, monkeypatch: Any
) -> None:
    row, purge = old(acme, b"1"), confirmed()

    def read_only(_path: Path, **_given: Any) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", read_only)
        waits = turn(purge)
    assert waits.state == State.WAITING
    assert waits.waiting_for == "What is kept cannot be deleted: Read-only file system. Next try"
    assert turn(purge).state == State.DONE and not place_of(row.sha256).exists()


def test_while_the_engine_stands_still_nothing_goes(confirmed: Any, acme: Client) -> None:
    from offboarding.work.actions import StandsStill

    row, purge = old(acme, b"1"), confirmed()
    with transaction.atomic():
        halt("restored", "x")
    with pytest.raises(StandsStill):
        turn(purge)
    assert place_of(row.sha256).exists() and not Tombstone.objects.exists()


def test_the_database_keeps_tombstones_and_refuses_them_too_early(
    confirmed: Any, acme: Client, ada: User, lin: User
) -> None:
    gone, early = old(acme, b"1"), old(acme, b"2", TODAY)
    purge = confirmed()
    other = Purge.objects.create(
        client=acme, before=TODAY, why="x", files=1, size=1, asked_by=ada, declined_by=ada, state="cancelled"
    )
    for given, reason in (((purge, early), "its last day is today"), ((other, gone), "nobody confirmed it")):
        with pytest.raises(DatabaseError, match="still to be kept"), transaction.atomic():
            Tombstone.objects.create(purge=given[0], evidence=given[1], sha256="0" * 64, size=1, what=reason)
    turn(purge)
    table = "retention_tombstone"
    for sql in (
        f"DELETE FROM {table}",
        f"UPDATE {table} SET what = 'x'",
        f"UPDATE {table} SET gone_at = NULL",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert Tombstone.objects.get().what == "The Tokens tab (tokens.png)"


def test_proofs_of_a_request_that_goes_on_stay(running: Any, acme: Client, olga: Any) -> None:
    run = Run.objects.filter(item__plan__removal=running("Acme Production"))[0]
    Proof.objects.create(run=run, evidence=old(acme, b"1"), added_by=olga)
    assert due(acme, TODAY).count() == (0, 0)
