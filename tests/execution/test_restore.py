"""Access that comes back for a time: exactly what was held, and gone again at its end, seen by fresh reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.discovery.rules import grants
from offboarding.execution.models import Run
from offboarding.journey import actions as journey
from offboarding.removals import steering
from offboarding.removals.models import RemovalRequest
from offboarding.simulators.simulator import Simulator
from offboarding.verification.models import Finding
from offboarding.verification.queries import findings_of, standings
from offboarding.verification.rules import Now
from tests.conftest import DAN
from tests.rewriting import rewriting

Make = Callable[..., Any]
DAYS = timedelta(days=2)


def ask(original: Any, user: Any, ends_in: timedelta = DAYS) -> Any:
    """A restoration of every place of the original."""
    now = datetime.now(UTC)
    places = [place.workspace for place in original.places.all()]
    plan = journey.restore(
        original,
        user,
        places,
        ends_at=now + ends_in,
        time_zone="Europe/Berlin",
        why="The nightly export stopped",
        now=now,
    )
    return plan.removal


@pytest.fixture
def taken(started: Make, turns: Make) -> Make:
    """A removal that has taken everything away and read it again: `taken("Acme Staging")`."""

    def make(*names: str, **options: Any) -> Any:
        removal = started(*names, **options)
        for _ in range(3):
            for run in Run.objects.filter(item__plan__removal=removal, state="ready"):
                turns(run)
            journey.advance(removal.pk)
        return removal

    return make


@pytest.fixture
def restored(taken: Make, alice: Any, bob: Any, decide: Make, segment: Simulator) -> Make:
    """An approved restoration whose steps are ready: `restored("Acme Staging")`."""

    def make(*names: str, ends_in: timedelta = DAYS, **options: Any) -> Any:
        removal = ask(taken(*names, **options), alice, ends_in)
        decide(removal, bob)
        if removal.stage == "planned" and RemovalRequest.objects.get(pk=removal.pk).stage == "planned":
            raise AssertionError("a second approval is needed")
        journey.advance(removal.pk)
        journey.advance(removal.pk)
        segment.control.journal.clear()
        removal.refresh_from_db()
        return removal

    return make


def held(segment: Simulator, slug: str) -> frozenset[Any]:
    found = segment.control.person(slug, DAN)["member"]
    return grants(found["permissions"]) if found else frozenset()


def groups(segment: Simulator, slug: str) -> list[str]:
    return sorted(segment.control.person(slug, DAN)["groups"])


def now_of(removal: Any) -> tuple[Now, str]:
    plan = removal.plans.get()
    runs = list(
        Run.objects.filter(item__plan=plan).select_related("item__workspace").order_by("item__number")
    )
    place = standings(plan, runs, findings_of(removal))[0]
    return place.now, place.says


# ---------------------------------------------------------------- removed, so invited again


def test_who_was_removed_is_invited_with_exactly_what_they_held(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    before = held(segment, "acme-staging")
    removal = restored("Acme Staging")
    run = turns(run_of(removal, "give-back"))
    assert (run.ended, run.sentence) == ("changed", f"invited to Acme Staging; {DAN} has to accept")
    assert len(sent("POST", "/invites")) == 1
    segment.control.accept_invite("acme-staging", DAN)
    assert before and held(segment, "acme-staging") == before


def test_until_it_is_accepted_the_check_waits_and_then_says_exactly(
    segment: Simulator, restored: Make, run_of: Make, turn: Make, turns: Make
) -> None:
    removal = restored("Acme Staging")
    turns(run_of(removal, "give-back"))
    journey.advance(removal.pk)
    check = run_of(removal, "read-restored")
    for _ in range(5):
        assert turn(check).state == "waiting"
    assert "not accepted yet" in check.waiting_for
    assert not Finding.objects.filter(attempt__run=check).exists()
    segment.control.accept_invite("acme-staging", DAN)
    assert turn(check).state == "done"
    assert "holds exactly what was held before" in check.sentence
    now, says = now_of(removal)
    assert now is Now.KEPT and "exactly what was held before" in says


def test_an_answer_that_was_lost_invites_nobody_twice(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = restored("Acme Staging")
    match = {"method": "POST", "path": "/invites"}
    segment.control.add_trouble({"do": "reset_after", "match": match, "count": 1})
    assert turns(run_of(removal, "give-back")).ended == "changed"
    assert len(sent("POST", "/invites")) == 1


def test_an_invitation_of_somebody_else_is_not_taken_for_ours(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, connect: Make
) -> None:
    from offboarding.connections import keyring

    removal = restored("Acme Staging")
    run = run_of(removal, "give-back")
    with keyring.gateway_for(run.item.workspace) as gateway:
        from offboarding.gateways.segment import protocol

        gateway.invite(DAN, [protocol.read_permission(each) for each in run.item.target["permissions"]])
    assert (turns(run).state, run.cause) == ("needs_person", "not-as-before")
    assert "this request did not send" in run.sentence


# ---------------------------------------------------------------- downgraded, so set again


def test_a_member_gets_exactly_the_permissions_of_before(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make, today: Any
) -> None:
    before = held(segment, "acme-staging")
    removal = restored("Acme Staging", choice="downgrade", until=today + timedelta(days=9))
    assert held(segment, "acme-staging") != before
    run = turns(run_of(removal, "give-back"))
    assert (run.ended, len(sent("PUT"))) == ("changed", 1)
    assert held(segment, "acme-staging") == before
    journey.advance(removal.pk)
    assert turns(run_of(removal, "read-restored")).state == "done"
    assert now_of(removal)[0] is Now.KEPT


def test_more_than_before_is_never_called_restored(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, today: Any
) -> None:
    from offboarding.connections import keyring
    from offboarding.gateways.segment import Permission, Resource

    removal = restored("Acme Staging", choice="downgrade", until=today + timedelta(days=9))
    turns(run_of(removal, "give-back"))
    check = run_of(removal, "read-restored")
    member = segment.control.person("acme-staging", DAN)["member"]
    whole = Resource(check.item.workspace.segment_id, "WORKSPACE")
    with keyring.gateway_for(check.item.workspace) as gateway:
        owner = next(role for role in gateway.roles() if role.name == "Workspace Owner")
        gateway.add_permissions(member["id"], [Permission(owner.id, owner.name, (whole,))])
    journey.advance(removal.pk)
    assert (turns(check).state, check.cause) == ("needs_person", "not-as-before")
    assert "holds more than before" in check.sentence
    assert now_of(removal)[0] is Now.NEEDS_PERSON


def test_a_role_that_no_longer_exists_needs_a_person(
    restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = restored("Acme Staging")
    run = run_of(removal, "give-back")
    target = run.item.target
    target["permissions"][0]["roleId"] = "gone"
    target["roles"] = {"gone": "Source Butler"}
    with rewriting():
        type(run.item).objects.filter(pk=run.item.pk).update(target=target)
    assert (turns(run_of(removal, "give-back")).state, sent("POST")) == ("needs_person", [])
    assert run_of(removal, "give-back").sentence == "Acme Staging no longer has the role Source Butler."


# ---------------------------------------------------------------- groups


def test_groups_are_given_again(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    before, roles = groups(segment, "acme-analytics"), held(segment, "acme-analytics")
    removal = restored("Acme Analytics")
    turns(run_of(removal, "give-back"))
    journey.advance(removal.pk)
    for run in Run.objects.filter(item__plan__removal=removal, item__code="join-group"):
        assert turns(run).ended == "changed"
    segment.control.accept_invite("acme-analytics", DAN)
    assert (groups(segment, "acme-analytics"), held(segment, "acme-analytics")) == (before, roles)
    journey.advance(removal.pk)
    assert turns(run_of(removal, "read-restored")).state == "done"


def test_a_group_that_gives_more_than_it_did_is_left_to_a_person(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = restored("Acme Analytics")
    turns(run_of(removal, "give-back"))
    run = Run.objects.filter(item__plan__removal=removal, item__code="join-group").first()
    assert run is not None
    with rewriting():
        type(run.item).objects.filter(pk=run.item_id).update(target={**run.item.target, "permissions": []})
    journey.advance(removal.pk)
    run = Run.objects.get(pk=run.pk)
    assert (turns(run).state, run.cause) == ("needs_person", "not-as-before")
    assert not [call for call in sent("POST") if "/groups/" in call["path"]]


# ---------------------------------------------------------------- the end


def finish(removal: Any, turns: Make) -> None:
    for _ in range(4):
        journey.advance(removal.pk)
        for run in Run.objects.filter(item__plan__removal=removal, state__in=["ready", "verifying"]):
            turns(run)


@pytest.mark.parametrize("accepted", [True, False])
def test_at_its_end_everything_goes_again_and_is_read_again(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, member: Make, olga: Any, accepted: bool
) -> None:
    removal = restored("Acme Analytics")
    finish(removal, lambda run: turns(run) if run.item.code != "read-restored" else None)
    if accepted:
        segment.control.accept_invite("acme-analytics", DAN)
    end = run_of(removal, "end-restored")
    assert (end.state, end.not_before) == ("waiting", removal.due_at)
    assert run_of(removal, "read-ended").state == "waiting"
    assert turns(end).ended == "changed"
    person = segment.control.person("acme-analytics", DAN)
    assert person["member"] is None and person["invited"] is False and person["groups"] == []
    assert now_of(removal)[0] is not Now.VERIFIED
    journey.advance(removal.pk)
    assert turns(run_of(removal, "read-ended")).state == "done"
    assert now_of(removal) == (Now.VERIFIED, "Gone")


def test_it_closes_only_after_its_end_and_the_packet_says_so(
    segment: Simulator, restored: Make, run_of: Make, turns: Make
) -> None:
    from offboarding.ledger.actions import checkpoint
    from offboarding.packets.collect import collect
    from offboarding.packets.models import Packet

    removal = restored("Acme Staging")
    turns(run_of(removal, "give-back"))
    segment.control.accept_invite("acme-staging", DAN)
    finish(removal, turns)
    Run.objects.filter(item__plan__removal=removal, state="needs_person").update(
        state="done", ended="already"
    )
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "running"
    turns(run_of(removal, "end-restored"))
    finish(removal, turns)
    Run.objects.filter(item__plan__removal=removal, state="needs_person").update(
        state="done", ended="already"
    )
    journey.advance(removal.pk)
    removal.refresh_from_db()
    assert removal.stage == "closed"
    packet = Packet.objects.get(removal=removal)
    packet.sealed_at = datetime.now(UTC)
    contents = collect(packet, checkpoint(), lambda: None)
    assert (
        contents.title
        == f"Temporary restoration for Dan Reyes in 1 Segment workspace, after {removal.restores}"
    )
    assert [place.state for place in contents.places] == ["verified"]
    assert contents.plan["restores"] == removal.restores.reference


def test_shortly_before_its_end_nothing_is_given_any_more(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, sent: Make
) -> None:
    removal = restored("Acme Staging")
    run = run_of(removal, "give-back")
    soon = (datetime.now(UTC) + timedelta(minutes=4)).isoformat()
    with rewriting():
        type(run.item).objects.filter(pk=run.item.pk).update(target={**run.item.target, "until": soon})
    assert turns(run_of(removal, "give-back")).ended == "already"
    assert sent("POST") == []


def test_an_end_that_was_promised_comes_though_the_rest_is_cancelled(
    segment: Simulator, restored: Make, run_of: Make, turns: Make, member: Make, olga: Any
) -> None:
    removal = restored("Acme Staging")
    turns(run_of(removal, "give-back"))
    segment.control.accept_invite("acme-staging", DAN)
    journey.cancel_rest(removal, olga, "It works again")
    end = run_of(removal, "end-restored")
    assert end.state == "waiting" and end.not_before == removal.due_at
    assert turns(end).ended == "changed"
    assert not member("acme-staging")
    journey.advance(removal.pk)
    assert turns(run_of(removal, "read-ended")).state == "done"


def test_where_nothing_was_given_nothing_is_to_be_ended(restored: Make, run_of: Make, olga: Any) -> None:
    removal = restored("Acme Staging")
    journey.cancel_rest(removal, olga, "Not needed")
    assert {run_of(removal, code).state for code in ("give-back", "end-restored", "read-ended")} == {
        "cancelled"
    }


def test_a_pause_holds_back_what_would_be_given(
    restored: Make, run_of: Make, turn: Make, sent: Make, olga: Any
) -> None:
    removal = restored("Acme Staging")
    steering.pause(removal, olga, "Wait")
    run = run_of(removal, "give-back")
    assert (turn(run).cause, sent("POST")) == ("paused", [])


# ---------------------------------------------------------------- the original, meanwhile


def test_follow_ups_of_the_original_leave_the_place_alone(
    segment: Simulator, restored: Make, run_of: Make, turn: Make, turns: Make, sent: Make, today: Any
) -> None:
    removal = restored("Acme Staging", choice="downgrade", until=today + timedelta(days=1))
    turns(run_of(removal, "give-back"))
    end = run_of(removal.restores, "end-read-only")
    assert turn(end).state == "waiting"
    assert end.waiting_for == f"the end of {removal.reference}, which restores access"
    assert end.not_before > removal.due_at
    assert sent("DELETE") == []
    RemovalRequest.objects.filter(pk=removal.pk).update(stage="closed", closed_at=removal.due_at)
    assert turns(end).ended == "changed"
