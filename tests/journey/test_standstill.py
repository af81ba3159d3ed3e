"""After a restore the engine stands still: it looks, changes nothing, and goes on when an administrator says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command

from offboarding.execution.models import Attempt
from offboarding.journey import actions as journey
from offboarding.journey import apps, standstill
from offboarding.ledger.actions import APP, checkpoint
from offboarding.ledger.models import Checkpoint, Entry
from offboarding.lib.refusals import Refused
from offboarding.notifications.models import Message
from offboarding.packets.models import Packet
from offboarding.removals.rules import Stage
from offboarding.simulators.simulator import Simulator
from offboarding.users.rules import Role
from offboarding.work import desks, queries
from offboarding.work.models import Standstill
from offboarding.work.rules import STILL
from tests.ledger.test_outside import restored

Make = Callable[..., Any]
EVERYONE = ("Acme", "Globex", "Hooli")


def halted(why: str = "Restored from yesterday.") -> datetime:
    assert standstill.stand_still(why, APP)
    since = queries.standstill().since
    assert since
    return since


@pytest.fixture
def ada(person: Make) -> Any:
    """Administers every client."""
    return person("ada", Role.ADMINISTRATOR, clients_=EVERYONE)


def last(event: str) -> Any:
    return Entry.objects.filter(event=event).order_by("-seq").first()


# ---------------------------------------------------------------- what stands still


def test_a_step_is_read_and_nothing_is_called(
    started: Make, run_of: Make, turn: Make, sent: Make, member: Make
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    halted()
    for _ in range(3):
        turn(run)
    assert (run.state, run.waiting_for) == ("waiting", STILL)
    assert sent("DELETE") == [] and member("acme-staging")
    assert set(Attempt.objects.filter(run=run).values_list("act", flat=True)) == {"look"}


def test_a_step_that_is_done_already_ends_as_done(
    started: Make, run_of: Make, turn: Make, sent: Make, segment: Simulator
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    halted()
    segment.control.take_member("acme-staging", "dan@northwind.example")
    turn(run)
    assert (run.state, run.ended, sent("DELETE")) == ("done", "already", [])


def test_the_route_does_not_wake_what_waits_for_the_engine(started: Make, run_of: Make, turn: Make) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    halted()
    turn(run)
    journey.advance(removal.pk)
    run.refresh_from_db()
    assert run.state == "waiting"


def test_an_approved_request_does_not_begin_and_can_still_be_withdrawn(
    filed: Make, decide: Make, alice: Any, bob: Any
) -> None:
    from offboarding.removals import actions as removals

    removal = filed("Acme Production")
    decide(removal, bob)
    since = halted()
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == Stage.APPROVED
    assert standstill.found(since).requests == 1
    removals.withdraw(removal, alice, "It was withdrawn before the restore.")


def test_no_mail_is_sent(filed: Make, bob: Any) -> None:
    from offboarding.notifications.follow import follow

    filed("Acme Production")
    follow()
    since = halted()
    for row in Message.objects.all():
        Message.objects.filter(pk=row.pk).update(not_before=datetime.now(UTC) - timedelta(seconds=1))
        desks.DESKS["notifications.Message"].look(row.pk)
    assert mail.outbox == []
    waiting = Message.objects.filter(waiting_for=STILL)
    assert waiting.count() and not waiting.exclude(handed_over_at=None).exists()
    assert standstill.found(since).mails == waiting.count()


def test_no_packet_is_sealed_and_nothing_is_signed(filed: Make) -> None:
    removal = filed("Acme Production")
    packet = Packet.objects.create(removal=removal, version=1)
    halted()
    desks.DESKS["packets.Packet"].look(packet.pk)
    apps.sign_checkpoint()
    packet.refresh_from_db()
    assert (packet.state, packet.waiting_for, packet.sealed_at) == ("waiting", STILL, None)
    assert Checkpoint.objects.count() == 0


def test_looks_for_access_go_on(segment: Simulator, connect: Make, alice: Any) -> None:
    from offboarding.discovery import actions as discovery
    from offboarding.discovery.models import Look

    halted()
    discovery.ask(alice, ["dan@northwind.example"], [connect(segment, "Acme Staging")])
    desks.DESKS["discovery.Look"].look(Look.objects.get().pk)
    assert Look.objects.get().state == "done"


# ---------------------------------------------------------------- going on


def test_everything_goes_on_and_ends_as_it_would_have(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, member: Make, ada: Any
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    since = halted()
    turn(run)
    assert standstill.found(since) == standstill.Found(1, 0, 1, 0, 0, 0)
    standstill.go_on(ada, since)
    run.refresh_from_db()
    assert run.not_before <= datetime.now(UTC) + timedelta(seconds=1)
    turns(run)
    assert (run.state, run.ended, len(sent("DELETE")), member("acme-staging")) == (
        "done",
        "changed",
        1,
        False,
    )


def test_the_ledger_tells_who_stopped_it_why_and_who_let_it_go_on(ada: Any) -> None:
    since = halted()
    standstill.go_on(ada, since)
    paused, resumed = last("engine.paused"), last("engine.resumed")
    assert (paused.actor_kind, b"Restored from yesterday." in bytes(paused.body)) == ("app", True)
    assert (resumed.actor_id, b'"looked_at":0' in bytes(resumed.body)) == (str(ada.pk), True)
    assert Checkpoint.objects.get().size == resumed.seq, "what goes on from here is signed at once"


@pytest.mark.parametrize(
    ("roles", "where"),
    [((Role.OPERATOR, Role.SECURITY), EVERYONE), ((Role.ADMINISTRATOR,), ("Acme",)), ((), ())],
    ids=["no administrator", "of some clients only", "nobody"],
)
def test_only_an_administrator_of_all_clients_lets_it_go_on(person: Make, roles: Any, where: Any) -> None:
    eve = person("eve", *roles, clients_=where)
    since = halted()
    with pytest.raises(Refused, match="Only an administrator of all clients"):
        standstill.go_on(eve, since)
    assert queries.stands_still() and last("engine.resumed") is None


def test_twice_is_once(ada: Any) -> None:
    since = halted()
    standstill.go_on(ada, since)
    with pytest.raises(Refused, match="goes on already"):
        standstill.go_on(ada, since)
    assert Entry.objects.filter(event="engine.resumed").count() == 1


def test_standing_still_twice_is_told_once(db: None) -> None:
    halted()
    assert not standstill.stand_still("Another reason.", APP)
    assert (Entry.objects.count(), queries.standstill().why) == (1, "Restored from yesterday.")


# ---------------------------------------------------------------- found by itself


def test_a_restored_database_is_noticed_and_said_so(filed: Make, ada: Any) -> None:
    filed("Acme Production")
    made = checkpoint()
    assert made
    restored(made.size - 1)
    standstill.compare()
    row = queries.standstill()
    assert row.stands
    assert row.why.startswith("The database is older than its own record: checkpoints.jsonl holds a signed")
    assert f"of entry {made.size}" in row.why and f"ends at entry {made.size - 1}." in row.why
    assert row.since
    standstill.go_on(ada, row.since)
    standstill.compare()
    assert not queries.stands_still(), "what a person accepted is not found again"


def test_another_ledger_of_the_same_length_is_noticed(filed: Make) -> None:
    filed("Acme Production")
    made = checkpoint()
    assert made
    restored(made.size - 1)
    standstill.stand_still("by hand", APP)  # the entry takes the number of the one that is gone
    Standstill.objects.update(since=None)
    standstill.compare()
    assert queries.standstill().why.startswith("The database is not the one that was signed:")


def test_a_database_that_knows_everything_goes_on(filed: Make) -> None:
    filed("Acme Production")
    checkpoint()
    standstill.compare()
    assert not queries.stands_still()


def test_every_process_that_works_compares_first() -> None:
    assert standstill.compare in desks.FIRST


def test_a_restore_under_a_running_engine_is_noticed_before_it_signs(filed: Make) -> None:
    filed("Acme Production")
    made = checkpoint()
    assert made
    restored(made.size - 1)
    apps.sign_checkpoint()
    assert queries.stands_still()
    assert Checkpoint.objects.count() == 0


def test_the_command_stands_still_before_anything_else(db: None, capsys: Any) -> None:
    call_command("engine", "--paused", "--threads", "0")
    assert "stands still until an administrator" in capsys.readouterr().out
    entry = last("engine.paused")
    assert (entry.actor_kind, queries.stands_still()) == ("command", True)
