"""Fresh reads of a place after the work: gone, still there, came back, and never guessed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.db.models.functions import Now as DatabaseNow

from offboarding.execution.models import Run
from offboarding.execution.queries import runs_of
from offboarding.ledger.models import Entry
from offboarding.lib import canonical
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Finding
from offboarding.verification.queries import findings_of, standings
from tests.conftest import DAN, in_days

Make = Callable[..., Any]


def due(run: Any) -> Any:
    """Its turn, whatever it waits for in the plan."""
    Run.objects.filter(pk=run.pk).update(state="ready", not_before=DatabaseNow())
    run.refresh_from_db()
    return run


def stands(removal: Any) -> str:
    plan = removal.plans.get()
    (place,) = standings(plan, runs_of(plan), findings_of(removal))
    return str(place.now)


@pytest.fixture
def removed(started: Make, run_of: Make, turns: Make) -> Any:
    removal = started("Acme Staging")
    turns(run_of(removal, "remove-member"))
    return removal


def test_a_look_and_its_finding_stand_together_or_not_at_all(
    removed: Any, run_of: Make, turn: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_given: Any) -> None:
        raise RuntimeError

    run = due(run_of(removed, "read-again"))
    with monkeypatch.context() as patch:
        patch.setattr("offboarding.verification.steps.record_finding", stop)
        with pytest.raises(RuntimeError):
            turn(run)
    assert run.attempts.get().result == ""
    turn(run)
    assert [attempt.result for attempt in run.attempts.all()] == ["", "seen"]
    assert Finding.objects.get().attempt.number == 2


def test_before_the_fresh_read_nothing_is_called_gone(removed: Any) -> None:
    assert stands(removed) == "called"


def test_a_fresh_read_that_finds_nothing_verifies_the_place(removed: Any, run_of: Make, turns: Make) -> None:
    run = turns(due(run_of(removed, "read-again")))
    assert (run.state, run.ended) == ("done", "already")
    finding = Finding.objects.get()
    assert (finding.seen, finding.came_back) == ("absent", False)
    assert finding.attempt.exchanges is not None, "the raw answers are its evidence"
    assert stands(removed) == "verified"


def test_a_finding_is_in_the_ledger(removed: Any, run_of: Make, turns: Make) -> None:
    turns(due(run_of(removed, "read-again")))
    facts = canonical.loads(bytes(Entry.objects.get(event="finding.recorded").body))["facts"]
    assert (facts["seen"], facts["workspace"]) == ("absent", "Acme Staging")


def test_access_that_is_still_there_needs_a_person(started: Make, run_of: Make, turns: Make) -> None:
    removal = started("Acme Staging")
    run = turns(due(run_of(removal, "read-again")))
    assert (run.state, run.cause) == ("needs_person", "still-there")
    assert {finding.seen for finding in findings_of(removal)} == {"present"}
    assert stands(removal) == "needs person"


@pytest.mark.parametrize("hidden", ["another address", "an invitation"])
def test_what_is_left_elsewhere_in_the_workspace_is_found(
    removed: Any, run_of: Make, turns: Make, segment: Simulator, hidden: str
) -> None:
    if hidden == "an invitation":
        segment.control.put_invite("acme-staging", DAN)
    else:
        segment.control.put_member("acme-staging", {"email": DAN.upper(), "permissions": ["Source Admin"]})
    assert turns(due(run_of(removed, "read-again"))).state == "needs_person"
    assert stands(removed) == "needs person"


def test_an_account_with_a_changed_address_is_not_taken_for_gone(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    """Looking by address alone would see nothing."""
    removal = started("Acme Staging")
    rows = segment.world.workspace("acme-staging").members
    row = {**rows.by_email(DAN), "email": "dan@elsewhere.example"}
    rows.remove(row["id"])
    rows.put(row)
    assert turns(due(run_of(removal, "read-again"))).state == "needs_person"
    assert stands(removal) == "needs person"


def test_a_read_that_fails_leaves_the_place_unverified(
    removed: Any, run_of: Make, turns: Make, segment: Simulator
) -> None:
    segment.control.add_trouble({"do": "error_before", "match": {"method": "GET"}})
    run = turns(due(run_of(removed, "read-again")))
    assert (run.state, run.cause) == ("needs_person", "not-reached")
    assert not Finding.objects.exists()
    assert stands(removed) == "needs person"


def test_somebody_who_came_back_is_told(removed: Any, run_of: Make, turns: Make, segment: Simulator) -> None:
    turns(due(run_of(removed, "read-again")))
    segment.control.put_member("acme-staging", {"email": DAN, "permissions": ["Source Admin"]})
    turns(due(run_of(removed, "look-after-30-days")))
    first, *later = findings_of(removed)
    assert not first.came_back
    assert later and all(finding.came_back for finding in later)
    assert stands(removed) == "came back"
    run = run_of(removed, "look-after-30-days")
    assert (run.state, run.cause) == ("needs_person", "came-back")
    assert run.sentence.startswith("Access came back: still has access to Acme Staging")


def test_where_the_provider_manages_members_its_sync_is_named(
    removed: Any, run_of: Make, turns: Make, segment: Simulator
) -> None:
    from offboarding.connections.models import Workspace

    turns(due(run_of(removed, "read-again")))
    Workspace.objects.update(managed_by="scim")
    segment.control.put_member("acme-staging", {"email": DAN, "permissions": ["Source Admin"]})
    run = turns(due(run_of(removed, "look-after-30-days")))
    assert "its sync may have" in run.sentence and "at the identity provider" in run.remedy


def test_access_that_never_went_did_not_come_back(started: Make, run_of: Make, turns: Make) -> None:
    removal = started("Acme Staging")
    assert turns(due(run_of(removal, "read-again"))).cause == "still-there"


def test_only_reading_left_is_what_a_downgrade_promised(
    started: Make, run_of: Make, turns: Make, segment: Simulator, today: date
) -> None:
    removal = started("Acme Staging", choice="downgrade", until=in_days(today, 9))
    turns(run_of(removal, "downgrade"))
    turns(due(run_of(removal, "read-again")))
    assert stands(removal) == "verified"


def test_checks_never_change_anything(removed: Any, run_of: Make, turns: Make, segment: Simulator) -> None:
    segment.control.journal.clear()
    turns(due(run_of(removed, "read-again")))
    assert {call["method"] for call in segment.control.journal.calls({})} == {"GET"}


# ---------------------------------------------------------------- the audit trail


def test_the_trails_own_record_of_the_removal_is_fetched(
    removed: Any, run_of: Make, turns: Make, segment: Simulator
) -> None:
    segment.control.set_clock(5)  # it shows up a little later
    run = turns(due(run_of(removed, "audit-events")))
    assert run.state == "done" and run.sentence.startswith("“User Removed” by Offboard, ")


def test_a_trail_that_says_nothing_yet_is_asked_again_and_then_a_person(
    started: Make, run_of: Make, turns: Make
) -> None:
    removal = started("Acme Staging")
    run = turns(due(run_of(removal, "audit-events")))
    assert (run.state, run.cause) == ("needs_person", "no-event")
    assert run.attempts.count() == 7
    assert stands(removal) == "not started", "it says nothing about the place itself"


def test_the_removals_own_events_are_kept_and_tell_which_token_is_ours(
    removed: Any, run_of: Make, turns: Make, segment: Simulator
) -> None:
    """No call says it; the only token that did just this, just behind our call, is ours."""
    from offboarding.trail.models import AuditEvent, Copy

    segment.control.set_clock(5)
    run = turns(due(run_of(removed, "audit-events")))
    events = run.attempts.last().facts["events"]
    assert [each["kind"] for each in events] == ["removed", "memberships deleted"]
    assert {each["by"] for each in events} == {"us"}, "what tells it is told so itself"
    assert run.attempts.last().exchanges, "what came is evidence"
    place = run.item.workspace
    assert {each.key for each in AuditEvent.objects.filter(workspace=place)} == {
        each["id"] for each in events
    }
    assert Copy.objects.get(workspace=place).ours == [events[0]["actor"]]


def test_another_tokens_act_is_not_taken_for_ours(
    started: Make, run_of: Make, turns: Make, segment: Simulator
) -> None:
    from offboarding.trail.models import Copy

    removal = started("Acme Staging")
    segment.control.take_member("acme-staging", DAN)
    segment.control.set_clock(5)
    run = turns(due(run_of(removal, "audit-events")))
    assert run.state == "done" and run.sentence.startswith("“User Removed” by a person, ")
    assert not Copy.objects.exists()


def test_a_plan_without_an_audit_trail_asks_for_the_file_and_goes_on_when_it_is_there(
    removed: Any,
    run_of: Make,
    turns: Make,
    segment: Simulator,
    olga: Any,
    today: date,
    django_assert_num_queries: Make,
) -> None:
    from io import BytesIO

    from offboarding.directory.queries import scope_of
    from offboarding.journey import actions as journey
    from offboarding.trail import adding
    from offboarding.verification.traced import told_meanwhile
    from offboarding.work import desks

    without = ["groups", "spaces", "functions", "protocols", "credentials"]
    segment.control.change("acme-staging", {"features": without})
    run = turns(due(run_of(removed, "audit-events")))
    assert (run.state, run.cause, run.attempts.count()) == ("needs_person", "no-event", 1)
    assert "cannot be read: " in run.sentence and "not part of your plan" in run.sentence
    with django_assert_num_queries(1):
        assert not told_meanwhile(), "there is nothing new, and nothing is read over again"
    line = f"{run.attempts.last().begun_at:%Y-%m-%dT%H:%M:%SZ},User Removed,eve@x.example,{DAN}"
    data = f"Timestamp,Event,Actor Email,Resource\n{line}".encode()
    file = adding.add(olga, scope_of(olga, today), run.item.workspace, BytesIO(data), "trail.csv")
    desks.DESKS["trail.Harvest"].look(file.pk)
    journey.follow_ups()
    run = turns(run)
    assert run.state == "done" and run.sentence.startswith("“User Removed” by a person, ")
    assert run.attempts.last().exchanges, "the line of the file is evidence"
