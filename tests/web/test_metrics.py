"""`/metrics`: for who has the token, true however many processes run, and without a name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from offboarding.connections import actions as connections
from offboarding.connections import limits
from offboarding.connections.limits import Left
from offboarding.env import WrongSetting, fresh_keys, read
from offboarding.execution.models import Attempt, Run
from offboarding.work import desks
from offboarding.work.models import Beat, Lost
from tests.conftest import DAN, TICK

Make = Callable[..., Any]
TOKEN = "a-token-for-the-tests-only"


@pytest.fixture
def scrape(client: Client, settings: Any) -> Callable[[], dict[tuple[str, ...], float]]:
    """All samples: by name and the values of the labels."""
    settings.METRICS_TOKEN = TOKEN

    def ask() -> dict[tuple[str, ...], float]:
        answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        families = text_string_to_metric_families(answer.content.decode())
        return {
            (each.name, *each.labels.values()): each.value for family in families for each in family.samples
        }

    return ask


def test_there_is_no_such_page_until_a_token_is_set(client: Client, db: None) -> None:
    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer tökén"]
)
def test_without_the_token_nothing_is_told(client: Client, settings: Any, said: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    answer = client.get("/metrics", headers={"Authorization": said})
    assert (answer.status_code, answer.content) == (401, b"A token is needed.\n")


def test_it_is_only_read(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.post("/metrics").status_code == 405


@pytest.mark.parametrize("token", ["short", "with spaces in between the letters", "ümlaut" * 6])
def test_a_token_that_is_too_easy_stops_the_start(token: str) -> None:
    with pytest.raises(WrongSetting, match="OFFBOARD_METRICS_TOKEN is wrong: write 24 or more"):
        read({**fresh_keys(), "OFFBOARD_METRICS_TOKEN": token})


def test_the_numbers_are_those_of_the_database(scrape: Any, running: Make) -> None:
    run = Run.objects.filter(item__plan__removal=running("Acme Production"), manual=False).first()
    assert run
    Attempt.objects.create(run=run, number=90, act="look", intent="x", result="seen")
    Attempt.objects.create(run=run, number=91, act="call", intent="x", result="not applied")
    Attempt.objects.create(run=run, number=92, act="call", intent="x")
    Lost.objects.create(kind="execution.Run", day=datetime.now(UTC).date(), times=3)
    Beat.objects.create(engine="host:1", at=datetime.now(UTC))
    found = scrape()
    assert found["offboard_attempts_total", "call", "not_applied"] == 1
    assert found["offboard_attempts_open", "call"] == 1
    assert found["offboard_leases_lost_total", "steps"] == 3
    assert (found["offboard_engines",], found["offboard_standing_still",]) == (1, 0)
    assert found["offboard_orders", "steps", "waiting"] > 0
    assert found["offboard_orders_parked", "steps"] == 0
    Run.objects.filter(pk=run.pk).update(state="needs_person", crashes=3)
    assert scrape()["offboard_orders_parked", "steps"] == 1


def test_connections_are_numbers(scrape: Any, workspace: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    refused, paused = workspace("Acme Production"), workspace("Acme Staging")
    connections.token_refused(refused, "Segment refused the token.")
    type(paused).objects.filter(pk=paused.pk).update(
        paused_until=datetime.now(UTC) + timedelta(seconds=60), open_until=datetime.now(UTC), troubles=6
    )
    monkeypatch.setattr(limits, "left", lambda pk: {"read": Left(9, 60, pk == paused.pk)})
    found, first, second = scrape(), str(refused.pk), str(paused.pk)
    assert found["offboard_connection_token_refused", first] == 1
    assert 50 < found["offboard_connection_paused_seconds", second] < 60 + TICK
    assert found["offboard_connection_circuit_open", second] == 1
    assert found["offboard_connection_troubles", second] == 6
    assert found["offboard_connection_calls_left", "read", second] == 9
    assert ("offboard_connection_calls_left", "read", first) not in found, (
        "one process says nothing of the others"
    )


def test_no_name_is_told(client: Client, scrape: Any, running: Make, alice: Any) -> None:
    running("Acme Production")
    scrape()
    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()
    for name in ("Acme", "Northwind", DAN, "Dan", "Alice", alice.email, "@"):
        assert name not in text


def test_the_number_of_queries_does_not_grow(scrape: Any, running: Make, workspace: Make) -> None:
    running("Acme Production")
    with CaptureQueriesContext(connection) as few:
        scrape()
    for number in range(5):
        workspace(f"Globex {number}")
        Beat.objects.create(engine=f"host:{number}", at=datetime.now(UTC))
    with CaptureQueriesContext(connection) as many:
        scrape()
    assert len(few) == len(many) <= 8 + len(desks.DESKS), "each kind of work is counted by itself"


def test_a_database_that_is_away_is_said(
    client: Client, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from offboarding.web.engine import metrics

    def away() -> None:
        raise OperationalError

    settings.METRICS_TOKEN = TOKEN
    monkeypatch.setattr(metrics, "facts", away)
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 503
