"""A connection that gives no clear answer is left alone, and tried by one read at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.connections import circuit, keyring, queries
from offboarding.connections.gate import HeldBack
from offboarding.connections.models import Workspace
from offboarding.connections.rules import TROUBLES_TO_OPEN, open_for
from offboarding.gateways.segment import Doubtful, GatewayError, SlowDown
from offboarding.ledger.models import Entry
from offboarding.simulators.simulator import Simulator
from tests.conftest import TICK
from tests.work.test_at_once import together

Make = Callable[..., Any]


@pytest.fixture
def place(segment: Simulator, connect: Make) -> Workspace:
    found: Workspace = connect(segment, "Acme Staging")
    segment.control.clear_trouble()
    segment.control.journal.clear()
    return found


def ask(place: Workspace) -> None:
    with keyring.gateway_for(Workspace.objects.get(pk=place.pk)) as gateway:
        gateway.workspace()


def fail(place: Workspace, segment: Simulator, times: int) -> None:
    rule = segment.control.add_trouble({"do": "error_before", "match": {}})
    for _ in range(times):
        with pytest.raises(Doubtful):
            ask(place)
    segment.control.clear_trouble(rule)


def opened(place: Workspace, segment: Simulator) -> Workspace:
    fail(place, segment, TROUBLES_TO_OPEN)
    segment.control.journal.clear()
    return place


def its_time_is_over() -> None:
    Workspace.objects.update(open_until=datetime.now(UTC) - timedelta(seconds=1))


def told(event: str) -> int:
    return Entry.objects.filter(event=event).count()


def test_one_clear_answer_forgets_the_troubles(place: Workspace, segment: Simulator) -> None:
    fail(place, segment, TROUBLES_TO_OPEN - 1)
    ask(place)
    fail(place, segment, TROUBLES_TO_OPEN - 1)
    assert queries.standing(place.pk).opened is None


def test_a_clear_no_is_an_answer(place: Workspace, segment: Simulator) -> None:
    fail(place, segment, TROUBLES_TO_OPEN - 1)
    segment.control.add_trouble({"do": "answer", "status": 404, "body": {}, "match": {}, "count": 1})
    with pytest.raises(GatewayError):
        ask(place)
    assert queries.standing(place.pk).troubles == 0


def test_enough_troubles_in_a_row_open_the_circuit_and_nobody_calls(
    place: Workspace, segment: Simulator
) -> None:
    opened(place, segment)
    with pytest.raises(HeldBack, match="no clear answer for Acme Staging 8 times in a row") as held:
        ask(place)
    assert 28 < held.value.retry_after <= 30
    assert segment.control.journal.calls({}) == []
    assert told("workspace.circuit_opened") == 1


def test_when_its_time_is_over_one_read_tries_it_and_closes_it(place: Workspace, segment: Simulator) -> None:
    opened(place, segment)
    its_time_is_over()
    ask(place)
    assert queries.standing(place.pk) == queries.Standing("Acme Staging")
    assert told("workspace.circuit_closed") == 1
    assert Workspace.objects.get(pk=place.pk).closed_at is not None


def test_a_read_that_fails_keeps_it_open_longer_and_is_told_no_second_time(
    place: Workspace, segment: Simulator
) -> None:
    opened(place, segment)
    its_time_is_over()
    fail(place, segment, 1)
    assert 55 < queries.standing(place.pk).shut < 60 + TICK
    assert told("workspace.circuit_opened") == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_that_come_when_its_time_is_over_one_may_try(workspace: Make) -> None:
    pk = workspace().pk
    its_time_is_over()
    assert sum(together(lambda _: circuit.takes_the_probe(pk))) == 1


def test_the_one_that_tries_may_read_on_page_after_page(place: Workspace, segment: Simulator) -> None:
    opened(place, segment)
    its_time_is_over()
    with keyring.gateway_for(Workspace.objects.get(pk=place.pk)) as gateway:
        gateway.workspace()
        list(gateway.members())
    assert len(segment.control.journal.calls({})) >= 2


def test_a_429_pauses_at_once_and_does_not_open_the_circuit(place: Workspace, segment: Simulator) -> None:
    segment.control.add_trouble({"do": "limit", "retry_after": 30, "count": 1, "match": {}})
    with pytest.raises(SlowDown):
        ask(place)
    standing = queries.standing(place.pk)
    assert 28 < standing.shut < 30 + TICK and standing.troubles == 0
    assert standing.why == "Segment asked us to wait"


LENGTHS = [(8, 30), (9, 60), (11, 240), (12, 300), (1000, 300)]


@pytest.mark.parametrize(("troubles", "seconds"), LENGTHS)
def test_it_stays_open_longer_each_time_up_to_five_minutes(troubles: int, seconds: int) -> None:
    assert open_for(troubles) == timedelta(seconds=seconds)
