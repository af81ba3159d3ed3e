"""Each automated kind of step: changed, already so, and what the ledger says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from offboarding.ledger.models import Entry
from offboarding.simulators.simulator import Simulator
from tests.conftest import DAN, DAN_ELSEWHERE, in_days

Make = Callable[..., Any]


def events(removal: Any) -> list[str]:
    return list(Entry.objects.filter(about=removal.reference).values_list("event", flat=True))


def test_a_member_is_removed_with_one_call_and_seen_to_be_gone(
    started: Make, run_of: Make, turn: Make, sent: Make, member: Make
) -> None:
    removal = started("Acme Staging")
    run = turn(run_of(removal, "remove-member"))
    assert (run.state, run.ended) == ("done", "changed")
    assert not member("acme-staging")
    assert len(sent("DELETE", "/users")) == 1
    looks_and_calls = list(run.attempts.values_list("act", "result"))
    assert looks_and_calls == [("look", "seen"), ("call", "accepted"), ("look", "seen")]


def test_the_intent_is_in_the_ledger_before_the_answer(started: Make, run_of: Make, turn: Make) -> None:
    removal = started("Acme Staging")
    turn(run_of(removal, "remove-member"))
    told = [event for event in events(removal) if event in ("call.intended", "call.closed", "item.done")]
    assert told.pop(0) == "item.done", "what arrives was measured first"
    assert told == ["call.intended", "call.closed", "item.done"]


def test_somebody_who_is_gone_already_is_left_alone(
    started: Make, run_of: Make, turn: Make, sent: Make, segment: Simulator
) -> None:
    removal = started("Acme Staging")
    segment.control.take_member("acme-staging", DAN)
    run = turn(run_of(removal, "remove-member"))
    assert (run.state, run.ended) == ("done", "already")
    assert sent("DELETE") == []


def test_an_invitation_is_cancelled_as_it_is_listed(
    started: Make, run_of: Make, turn: Make, sent: Make, segment: Simulator
) -> None:
    removal = started("Acme EU")
    run = turn(run_of(removal, "cancel-invitation"))
    assert (run.state, run.ended) == ("done", "changed")
    assert not segment.control.person("acme-eu", DAN)["invited"]
    assert len(sent("DELETE", "/invites")) == 1


def test_a_cancelled_invitation_is_left_alone(
    started: Make, run_of: Make, turn: Make, sent: Make, segment: Simulator
) -> None:
    removal = started("Acme EU")
    segment.control.drop_invite("acme-eu", DAN)
    run = turn(run_of(removal, "cancel-invitation"))
    assert (run.state, run.ended) == ("done", "already")
    assert sent("DELETE") == []


def test_a_group_is_left(started: Make, run_of: Make, turn: Make, segment: Simulator) -> None:
    removal = started("Acme Analytics")
    run = turn(run_of(removal, "leave-group"))
    assert (run.state, run.ended) == ("done", "changed")
    assert segment.control.person("acme-analytics", DAN)["groups"] == []


def test_one_404_of_a_group_that_is_listed_does_not_mean_that_it_was_left(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Analytics")
    lost = {"errors": [{"type": "not-found", "message": "Not found"}]}
    match = {"method": "GET", "path": "/groups/*/users"}
    segment.control.add_trouble({"do": "answer", "match": match, "status": 404, "body": lost, "count": 1})
    run = turn(run_of(removal, "leave-group"))
    assert run.state == "waiting"
    assert segment.control.person("acme-analytics", DAN)["groups"]


def test_removal_waits_until_the_groups_are_left(started: Make, run_of: Make, turn: Make) -> None:
    from offboarding.journey import actions as journey

    removal = started("Acme Analytics")
    assert turn(run_of(removal, "remove-member")).state == "waiting"
    turn(run_of(removal, "leave-group"))
    journey.advance(removal.pk)
    assert turn(run_of(removal, "remove-member")).state == "done"


def test_a_downgrade_leaves_only_reading_on_the_same_sources(
    started: Make, run_of: Make, turn: Make, segment: Simulator, sent: Make, today: date
) -> None:
    removal = started("Acme Staging", choice="downgrade", until=in_days(today, 20))
    before = segment.control.person("acme-staging", DAN)["member"]["permissions"]
    run = turn(run_of(removal, "downgrade"))
    assert (run.state, run.ended) == ("done", "changed")
    (held,) = segment.control.person("acme-staging", DAN)["member"]["permissions"]
    assert held["roleName"] == "Source Read-only"
    wanted = {resource["id"] for permission in before for resource in permission["resources"]}
    assert {resource["id"] for resource in held["resources"]} == wanted
    assert len(sent("PUT")) == 1


def test_somebody_who_only_reads_already_is_not_touched(
    started: Make, run_of: Make, turn: Make, sent: Make, today: date
) -> None:
    removal = started("Acme Sandbox", choice="downgrade", until=in_days(today, 20))
    run = turn(run_of(removal, "downgrade"))
    assert (run.state, run.ended) == ("done", "already")
    assert sent("PUT") == []


def test_a_plan_without_read_only_roles_needs_a_person(
    started: Make, run_of: Make, turn: Make, sent: Make, today: date
) -> None:
    removal = started("Initech Archive", choice="downgrade", until=in_days(today, 20))
    run = turn(run_of(removal, "downgrade"))
    assert (run.state, run.cause) == ("needs_person", "no-such-feature")
    assert sent("PUT") == []


def test_both_addresses_of_a_person_are_removed(
    started: Make, run_of: Make, turns: Make, segment: Simulator, member: Make
) -> None:
    from offboarding.execution.models import Run

    segment.control.put_member("acme-staging", {"email": DAN_ELSEWHERE, "permissions": ["Source Admin"]})
    removal = started("Acme Staging", addresses=(DAN, DAN_ELSEWHERE))
    runs = Run.objects.filter(item__plan__removal=removal, item__code="remove-member")
    assert [turns(run).ended for run in runs] == ["changed", "changed"]
    assert not member("acme-staging") and not member("acme-staging", DAN_ELSEWHERE)


def test_a_person_who_changed_their_address_is_removed_by_account(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Staging")
    rows = segment.world.workspace("acme-staging").members
    row = {**rows.by_email(DAN), "email": "dan@elsewhere.example"}
    rows.remove(row["id"])
    rows.put(row)
    assert turn(run_of(removal, "remove-member")).state == "done"
    assert row["id"] not in rows


def test_only_the_account_that_can_still_write_is_made_read_only(
    started: Make, run_of: Make, turns: Make, segment: Simulator, today: date
) -> None:
    """A place that could not be read when the plan was made has one line for all accounts that turn up."""
    segment.control.put_member("acme-staging", {"email": DAN_ELSEWHERE, "permissions": ["Source Admin"]})
    segment.control.set_permissions("acme-staging", DAN, ["Source Read-only"])
    segment.control.change("acme-staging", {"token_refused": True})
    removal = started(
        "Acme Staging", choice="downgrade", until=in_days(today, 5), addresses=(DAN, DAN_ELSEWHERE)
    )
    segment.control.change("acme-staging", {"token_refused": False})
    from offboarding.connections.models import Workspace

    Workspace.objects.update(refused_at=None)
    run = turns(run_of(removal, "downgrade"))
    assert (run.state, run.ended) == ("done", "changed")
    held = segment.control.person("acme-staging", DAN_ELSEWHERE)["member"]["permissions"]
    assert [each["roleName"] for each in held] == ["Minimal Workspace Access"] or [
        each["roleName"] for each in held
    ] == ["Source Read-only"]


def test_the_state_before_names_what_could_not_be_read(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Staging", "Globex Staging")
    run = turn(run_of(removal, "read-before"))
    assert (run.state, run.ended) == ("done", "nothing to do")
    assert run.sentence.startswith("1 of 2 workspaces were read")
    assert run.sentence.endswith("Could not be read: Globex Staging.")


def test_a_step_that_looks_keeps_what_segment_answered(started: Make, run_of: Make, turn: Make) -> None:
    from offboarding.evidence import store

    removal = started("Acme Staging")
    run = turn(run_of(removal, "remove-member"))
    for attempt in run.attempts.all():
        kept = attempt.exchanges
        assert (" 1 page, " in kept.shows) is (attempt.act == "look")
        with store.open_bytes(kept.sha256) as file:
            assert b"Bearer" not in file.read().replace(b"Bearer \xe2\x80\xa2", b"")


def test_no_record_shows_a_token(started: Make, run_of: Make, turn: Make, segment: Simulator) -> None:
    from offboarding.evidence import store
    from offboarding.evidence.models import Evidence

    token = segment.token("acme-staging").encode()
    turn(run_of(started("Acme Staging"), "remove-member"))
    assert Evidence.objects.exists()
    for row in Evidence.objects.all():
        with store.open_bytes(row.sha256) as file:
            assert token not in file.read()
    assert not any(token in bytes(body) for body in Entry.objects.values_list("body", flat=True))
