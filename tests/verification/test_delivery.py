"""Nothing broke: measured before the work, and again after it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now as DatabaseNow

from offboarding.execution.models import Attempt, Run
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Measurement
from tests.rewriting import rewriting

Make = Callable[..., Any]
PLACE, SLUG = "Acme Staging", "acme-staging"


def due(run: Any) -> Any:
    """Its turn, whatever it waits for in the plan."""
    Run.objects.filter(pk=run.pk).update(state="ready", not_before=DatabaseNow())
    run.refresh_from_db()
    return run


def told(event: str) -> list[dict[str, Any]]:
    return [canonical.loads(bytes(each.body))["facts"] for each in Entry.objects.filter(event=event)]


@pytest.fixture
def worked(started: Make, run_of: Make, turns: Make) -> Any:
    """A removal whose member went three hours ago; what arrives was measured before."""
    removal = started(PLACE)
    turns(run_of(removal, "remove-member"))
    with rewriting():
        Attempt.objects.filter(act="call").update(begun_at=datetime.now(UTC) - timedelta(hours=3))
    return removal


def a_source(segment: Simulator) -> dict[str, Any]:
    rows = segment.world.workspace(SLUG).tables["sources"]
    found: dict[str, Any] = max(rows, key=lambda row: row["_rate"] * row["enabled"])
    return found


# ---------------------------------------------------------------- before


def test_before_the_work_numbers_and_states_are_kept(started: Make, run_of: Make, segment: Simulator) -> None:
    removal = started(PLACE)
    run = run_of(removal, "measure-before")
    assert (run.state, run.ended) == ("done", "nothing to do")
    kept = Measurement.objects.get()
    lines = {row["id"]: row for row in kept.data["lines"]}
    assert lines[a_source(segment)["id"]]["events"] > 100
    assert {row["state"] for row in lines.values() if row["kind"] == "warehouse"} == {"CONNECTED"}
    assert kept.attempt.exchanges is not None, "the raw answers are its evidence"
    assert [facts["workspace"] for facts in told("delivery.measured")] == [PLACE]


def test_removal_waits_until_what_arrives_is_measured(started: Make, run_of: Make, turn: Make) -> None:
    removal = started(PLACE, measured=False)
    assert turn(run_of(removal, "remove-member")).state == "waiting"


def test_for_security_nothing_waits_for_a_measurement(started: Make, run_of: Make, turn: Make) -> None:
    removal = started(PLACE, measured=False, reason="credentials-compromised")
    assert turn(run_of(removal, "remove-member")).state == "done"
    assert turn(run_of(removal, "measure-before")).state == "done", "its 24 hours end with the removal"
    (kept,) = Measurement.objects.all()
    assert datetime.fromisoformat(kept.data["end"]) <= datetime.now(UTC)


NOT_KNOWN = [
    ({"do": "answer", "status": 403, "body": {"errors": [{"type": "x"}]}}, "cannot be checked by API"),
    ({"do": "answer", "status": 404, "body": {"errors": [{"type": "x"}]}}, "cannot be checked by API"),
    ({"do": "error_before"}, "Segment gave no clear answer"),
    ({"do": "limit", "retry_after": 1}, "Segment asked us to wait"),
]


@pytest.mark.parametrize(("trouble", "why"), NOT_KNOWN, ids=["403", "404", "500", "429"])
def test_a_volume_that_cannot_be_read_holds_no_removal_up(
    started: Make, run_of: Make, turns: Make, segment: Simulator, trouble: dict[str, Any], why: str
) -> None:
    from offboarding.connections.models import Workspace
    from offboarding.journey import actions as journey

    removal = started(PLACE, measured=False)
    segment.control.add_trouble({**trouble, "match": {"path": "/events/volume"}})
    run = run_of(removal, "measure-before")
    for _try in range(3):
        Workspace.objects.update(paused_until=None)
        if run.state != "done":
            run = turns_once(run)
    assert (run.state, run.ended) == ("done", "nothing to do")
    assert f"not known: event volume ({why})" in run.sentence
    journey.advance(removal.pk)
    assert turns(run_of(removal, "remove-member")).state == "done"


def turns_once(run: Any) -> Any:
    from offboarding.work import desks

    past = datetime.now(UTC) - timedelta(seconds=1)
    Run.objects.filter(pk=run.pk).exclude(not_before=None).update(not_before=past)
    desks.DESKS["execution.Run"].look(run.pk)
    run.refresh_from_db()
    return run


def test_a_refused_token_ends_the_measurement_and_stops_the_removal(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    from offboarding.journey import actions as journey

    removal = started(PLACE, measured=False)
    segment.control.change(SLUG, {"token_refused": True})
    run = turn(run_of(removal, "measure-before"))
    assert (run.state, run.ended) == ("done", "nothing to do")
    assert run.sentence == f"Not known: Segment refused our token for {PLACE}."
    journey.advance(removal.pk)
    assert turn(run_of(removal, "remove-member")).cause == "token-refused"


def test_a_measurement_that_crashed_holds_nothing_up(started: Make, run_of: Make, turn: Make) -> None:
    from offboarding.journey import actions as journey

    removal = started(PLACE, measured=False)
    measure = Run.objects.filter(pk=run_of(removal, "measure-before").pk)
    measure.update(state="needs_person", cause="crashed")
    journey.advance(removal.pk)
    assert turn(run_of(removal, "remove-member")).state == "done"


def test_a_weak_token_measures_what_it_may(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    """A token of a member reads sources and numbers; what is refused is not asked for twice."""
    removal = started(PLACE, measured=False)
    segment.control.add_trouble(
        {
            "do": "answer",
            "status": 401,
            "body": {"errors": [{"type": "x"}]},
            "match": {"path": "/delivery-overview*"},
        }
    )
    run = turn(run_of(removal, "measure-before"))
    assert "not known: deliveries to destinations (cannot be checked by API)" in run.sentence
    assert len(segment.control.journal.calls({"path": "/delivery-overview/successful-delivery"})) == 1


def test_the_packet_holds_what_was_measured_and_calls_it_done_not_verified(
    started: Make, run_of: Make
) -> None:
    from offboarding.packets.collect import doing, state_says

    run = run_of(started(PLACE), "measure-before")
    assert state_says(run) == "done"
    assert doing(run).after["measured"] == Measurement.objects.get().data


# ---------------------------------------------------------------- after


def test_as_much_as_before_is_verified_after_the_watch(worked: Any, run_of: Make, turn: Make) -> None:
    run = turn(due(run_of(worked, "measure-after")))
    assert (run.state, run.ended) == ("waiting", ""), "states stand; numbers need time"
    assert run.not_before - datetime.now(UTC) > timedelta(minutes=115)
    run = turn(run)
    assert (run.state, run.ended) == ("done", "already")
    assert "none fell" in run.sentence
    assert list(Measurement.objects.values_list("when", flat=True)) == ["before", "after", "after"]
    assert len(told("delivery.measured")) == 3 and not told("delivery.fell")


def test_a_source_that_falls_asks_a_person(worked: Any, run_of: Make, turn: Make, segment: Simulator) -> None:
    row = a_source(segment)
    since = (datetime.now(UTC) - timedelta(hours=4)).isoformat()
    segment.control.break_volume(SLUG, row["slug"], 0.1, since)
    run = turn(turn(due(run_of(worked, "measure-after"))))
    assert (run.state, run.cause) == ("needs_person", "fell")
    assert f"source {row['name']}" in run.sentence and "restore it temporarily" in run.remedy
    newest = Measurement.objects.latest("pk")
    assert ["source", row["id"]] in newest.fell
    (facts,) = told("delivery.fell")
    assert facts["workspace"] == PLACE and row["name"] in facts["says"]


def test_the_share_that_may_fall_is_a_setting(
    worked: Any, run_of: Make, turn: Make, segment: Simulator, settings: Any
) -> None:
    settings.VOLUME_FALL_PERCENT = 95
    since = (datetime.now(UTC) - timedelta(hours=4)).isoformat()
    segment.control.break_volume(SLUG, a_source(segment)["slug"], 0.1, since)
    assert turn(turn(due(run_of(worked, "measure-after")))).state == "done"


def test_a_connection_that_fails_is_said_at_once(
    worked: Any, run_of: Make, turn: Make, segment: Simulator
) -> None:
    rows = segment.world.workspace(SLUG).tables["warehouses"]
    row = next(iter(rows))
    rows.put({**row, "_state": "FAILED"})
    run = turn(due(run_of(worked, "measure-after")))
    assert (run.state, run.cause) == ("needs_person", "fell")
    assert "was connected and no longer is" in run.sentence


@pytest.mark.parametrize("table", ["sources", "destinations"])
def test_what_was_enabled_and_no_longer_is_is_said_at_once(
    worked: Any, run_of: Make, turn: Make, segment: Simulator, table: str
) -> None:
    rows = segment.world.workspace(SLUG).tables[table]
    row = next(row for row in rows if row["enabled"])
    rows.put({**row, "enabled": False})
    run = turn(due(run_of(worked, "measure-after")))
    assert run.cause == "fell" and "was enabled and no longer is" in run.sentence


def test_after_a_person_looked_it_is_compared_again(
    worked: Any, run_of: Make, turn: Make, segment: Simulator, olga: Any
) -> None:
    from offboarding.execution import actions

    rows = segment.world.workspace(SLUG).tables["warehouses"]
    row = next(iter(rows))
    rows.put({**row, "_state": "FAILED"})
    run = turn(due(run_of(worked, "measure-after")))
    rows.put({**row, "_state": "CONNECTED"})
    actions.retry(run, olga)
    run.refresh_from_db()
    assert turn(run).state == "done"


def test_without_a_measurement_before_nothing_is_called_verified(
    worked: Any, run_of: Make, turn: Make, segment: Simulator
) -> None:
    with rewriting():
        Measurement.objects.all().delete()
    segment.control.add_trouble(
        {
            "do": "answer",
            "status": 403,
            "body": {"errors": [{"type": "x"}]},
            "match": {"path": "/events/volume"},
        }
    )
    segment.control.add_trouble(
        {"do": "answer", "status": 403, "body": {"errors": [{"type": "x"}]}, "match": {"path": "/delivery*"}}
    )
    run = turn(turn(due(run_of(worked, "measure-after"))))
    assert (run.state, run.ended) == ("done", "nothing to do")
    assert run.sentence.startswith("nothing was measured before the work")


def test_measuring_never_changes_anything(worked: Any, run_of: Make, turn: Make, segment: Simulator) -> None:
    segment.control.journal.clear()
    turn(turn(due(run_of(worked, "measure-after"))))
    assert {call["method"] for call in segment.control.journal.calls({})} == {"GET"}


def test_noting_a_measurement_twice_keeps_one(worked: Any, run_of: Make) -> None:
    from offboarding.execution.rules import Seen, Sight
    from offboarding.verification.actions import record_measurement

    run = run_of(worked, "measure-before")
    kept = Measurement.objects.get()
    again = Sight(Seen.ABSENT, kept.says, {"measured": kept.data})
    assert record_measurement(run, kept.attempt, again, Measurement.When.BEFORE) == kept
    assert len(told("delivery.measured")) == 1
