"""Connecting workspaces, and what is learnt about their tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from offboarding.connections import actions, circuit, keyring, queries
from offboarding.connections.models import Workspace
from offboarding.directory.queries import scope_of
from offboarding.gateways.segment import SlowDown, TokenRefused
from offboarding.ledger.actions import APP
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.lib.refusals import Refused
from offboarding.simulators.simulator import Simulator
from tests.work.test_at_once import together

Make = Callable[..., Any]
CANARY = "sgp_canary_" + "c" * 40 + "4711"


def told(event: str) -> list[dict[str, Any]]:
    found = Entry.objects.filter(event=event).order_by("seq").values_list("body", flat=True)
    return [canonical.loads(bytes(body))["facts"] for body in found]


def test_a_token_is_kept_sealed_and_shown_by_its_end_only(workspace: Make) -> None:
    place = workspace()
    actions.replace_token(place, CANARY, APP)
    place.refresh_from_db()
    assert CANARY not in place.sealed_token and place.token_last4 == "4711"
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM connections_workspace")
        assert CANARY not in str(cursor.fetchall())
    assert not any(CANARY.encode() in bytes(body) for body in Entry.objects.values_list("body", flat=True))


def test_the_ledger_tells_which_token_came(workspace: Make) -> None:
    place = workspace()
    actions.replace_token(place, CANARY, APP)
    assert told("workspace.connected")[0]["token"] == "…xxxx"
    assert told("workspace.token_replaced")[0]["token"] == "…4711"


def test_a_workspace_is_connected_once(workspace: Make) -> None:
    workspace()
    with pytest.raises(Refused, match="connected already"):
        workspace()


def test_a_token_is_told_apart_by_a_fingerprint_that_says_nothing() -> None:
    one, other = keyring.fingerprint(CANARY), keyring.fingerprint(CANARY + "5")
    assert one != other and one == keyring.fingerprint(CANARY)
    assert len(one) == 16 and one not in CANARY


# ---------------------------------------------------------------- pauses


def seconds_left(place: Workspace) -> float:
    place.refresh_from_db()
    assert place.paused_until
    return (place.paused_until - datetime.now(UTC)).total_seconds()


def test_a_pause_is_only_made_longer(workspace: Make) -> None:
    place = workspace()
    circuit.pause(place.pk, 30)
    circuit.pause(place.pk, 5)
    assert 28 < seconds_left(place) <= 30
    circuit.pause(place.pk, 60)
    assert 58 < seconds_left(place) <= 60


@pytest.mark.django_db(transaction=True)
def test_of_pauses_at_the_same_time_the_longest_holds(workspace: Make) -> None:
    place = workspace()
    together(lambda number: circuit.pause(place.pk, 10.0 * number))
    assert 65 < seconds_left(place) <= 70


def test_no_call_leaves_while_the_credential_is_paused(segment: Simulator, connect: Make) -> None:
    place = connect(segment, "Acme Staging")
    with keyring.gateway_for(place) as gateway:
        gateway.workspace()
        circuit.pause(place.pk, 30)
        with pytest.raises(SlowDown) as slow:
            gateway.workspace()
    assert 28 < slow.value.retry_after <= 30
    assert len(segment.control.journal.calls({"path": "/"})) == 1


def test_a_new_token_begins_without_a_pause(workspace: Make) -> None:
    place = workspace()
    circuit.pause(place.pk, 30)
    actions.token_refused(place, "no")
    actions.replace_token(place, CANARY, APP)
    assert (place.paused_until, place.refused_at, place.refused_why) == (None, None, "")


# ---------------------------------------------------------------- refusals


def test_a_refusal_is_told_once(workspace: Make) -> None:
    place = workspace()
    for _ in range(3):
        actions.token_refused(place, "Segment does not accept the token.")
    assert len(told("workspace.token_refused")) == 1


def test_a_token_that_works_again_is_told_once(workspace: Make) -> None:
    place = workspace()
    actions.token_works(place)
    actions.token_refused(place, "no")
    actions.token_works(place)
    actions.token_works(place)
    place.refresh_from_db()
    assert len(told("workspace.token_works_again")) == 1
    assert place.refused_at is None and place.read_at is not None


def test_what_the_old_token_learns_late_does_not_count_for_the_new_one(workspace: Make) -> None:
    old = workspace()
    actions.replace_token(Workspace.objects.get(pk=old.pk), CANARY, APP)
    actions.token_refused(old, "no")
    new = Workspace.objects.get(pk=old.pk)
    assert new.refused_at is None
    actions.token_refused(new, "no")
    actions.token_works(old)
    new.refresh_from_db()
    assert new.refused_at is not None


def test_a_refused_token_says_so_through_the_gateway(segment: Simulator, connect: Make) -> None:
    place = connect(segment, "Globex Staging")
    with keyring.gateway_for(place) as gateway, pytest.raises(TokenRefused):
        gateway.workspace()


def test_workspaces_are_seen_within_the_clients(workspace: Make, alice: Any, carol: Any, today: date) -> None:
    workspace("Acme Production")
    workspace("Hooli Production")
    mine = queries.workspaces_in(scope_of(alice, today))
    theirs = queries.workspaces_in(scope_of(carol, today))
    assert [str(place) for place in mine] == ["Acme Production"]
    assert [str(place) for place in theirs] == ["Hooli Production"]
