"""Looking for one person: what is found, what is kept, and what happens when a workspace does not answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offboarding.discovery import actions
from offboarding.discovery.models import Look, Snapshot
from offboarding.discovery.queries import newest_looks, newest_snapshots
from offboarding.discovery.rules import TRIES
from offboarding.evidence import store
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.simulators.simulator import Simulator
from offboarding.work import desks
from tests.conftest import DAN, DAN_ELSEWHERE
from tests.work.test_at_once import together

Make = Callable[..., Any]


@pytest.fixture
def look(segment: Simulator, connect: Make, alice: Any) -> Callable[..., Any]:
    """A look for Dan in one workspace of the simulator, waiting for its turn: `look("Acme Staging")`."""
    segment.control.clear_trouble()

    def make(name: str, *addresses: str) -> Any:
        person = actions.ask(alice, list(addresses or [DAN]), [connect(segment, name)])
        return Look.objects.get(person=person, workspace__name=name)

    return make


def turn(look: Any) -> Any:
    past = datetime.now(UTC) - timedelta(seconds=1)
    Look.objects.filter(pk=look.pk).exclude(not_before=None).update(not_before=past)
    Look.objects.filter(pk=look.pk).exclude(lease_until=None).update(lease_until=past)
    desks.DESKS["discovery.Look"].look(look.pk)
    look.refresh_from_db()
    return look


FOUND = [
    ("Acme Staging", "member", "not owner", "Source Admin, 6 sources"),
    ("Acme Production", "member", "others", "Workspace Owner; Workspace Owner (through Admins)"),
    ("Initech Production", "member", "last", "Workspace Owner"),
    ("Acme EU", "invited", "not owner", f"Invitation to {DAN}"),
    ("Globex EU", "absent", "not owner", "None found"),
    ("Initech Archive", "member", "not owner", "Source Admin, whole workspace"),
]


@pytest.mark.parametrize(("name", "outcome", "owners", "says"), FOUND)
def test_what_is_found(look: Make, name: str, outcome: str, owners: str, says: str) -> None:
    seen = turn(look(name)).sighting
    assert (seen.outcome, seen.owners) == (outcome, owners)
    assert says in seen.says()


def test_a_permission_that_nobody_documents_is_shown_as_it_came(look: Make) -> None:
    seen = turn(look("Initech Beta")).sighting
    assert any(role.role == "Journeys Curator" and not role.known for role in seen.roles)


def test_roles_through_a_group_are_found_with_the_group(look: Make) -> None:
    seen = turn(look("Acme Analytics")).sighting
    assert {role.group for role in seen.roles} == {"", "Data engineers"}
    assert [name for _, name in seen.groups] == ["Data engineers"]


def test_a_person_is_found_under_any_of_their_addresses(look: Make) -> None:
    seen = turn(look("Globex Production", DAN, DAN_ELSEWHERE.upper())).sighting
    assert [account.email for account in seen.accounts] == [DAN_ELSEWHERE]


def test_an_accepted_invitation_that_stays_listed_is_not_pending(look: Make, segment: Simulator) -> None:
    segment.control.accept_invite("acme-eu", DAN, keep_listed=True)
    seen = turn(look("Acme EU")).sighting
    assert seen.outcome == "member" and seen.invitations == ()


def test_roles_are_read_only_of_those_who_are_looked_for(look: Make, segment: Simulator) -> None:
    row = look("Acme Staging")
    segment.control.journal.clear()
    turn(row)
    reads = [call for call in segment.control.journal.calls({}) if call["route"] == "/users/{userId}"]
    assert len(reads) <= 1


def test_a_member_who_is_listed_and_cannot_be_read_is_not_taken_for_absent(
    look: Make, segment: Simulator
) -> None:
    row = look("Acme Staging")
    member = segment.control.person("acme-staging", DAN)["member"]
    segment.control.add_trouble(
        {
            "do": "answer",
            "status": 404,
            "body": {"errors": [{"type": "not-found", "message": "Not Found"}]},
            "match": {"path": f"/users/{member['id']}"},
        }
    )
    for _ in range(TRIES):
        turn(row)
    assert row.sighting.outcome == "unknown"


def test_the_raw_answers_are_kept_and_masked(look: Make, segment: Simulator) -> None:
    row = turn(look("Acme Staging"))
    kept = row.snapshot.raw
    with store.open_bytes(kept.sha256) as file:
        data = file.read()
    assert DAN.encode() in data
    assert segment.token("acme-staging").encode() not in data
    entry = Entry.objects.get(event="discovery.look_ended")
    assert kept.sha256.encode() in bytes(entry.body)
    members = json.loads(data)[0]["response_body"]["data"]["users"]
    assert f"in Acme Staging (users 1 page, {len(members)} entries; " in kept.shows


# ---------------------------------------------------------------- trouble


def test_a_refused_token_is_an_answer_too(look: Make) -> None:
    row = turn(look("Globex Staging"))
    assert row.state == "done" and row.sighting.outcome == "unknown"
    assert "refused our token" in row.sighting.why and row.sighting.remedy
    row.workspace.refresh_from_db()
    assert row.workspace.refused_at is not None


def test_being_asked_to_wait_is_waited_for_and_is_no_try(look: Make, segment: Simulator) -> None:
    row = look("Acme Staging")
    segment.control.add_trouble({"do": "limit", "retry_after": 20, "count": 1, "match": {}})
    turn(row)
    assert (row.state, row.tries, row.waiting_for) == ("waiting", 0, "Segment asked us to wait")
    assert row.not_before - datetime.now(UTC) > timedelta(seconds=18)


def test_a_workspace_that_does_not_answer_is_given_up_and_said(look: Make, segment: Simulator) -> None:
    row = look("Acme Staging")
    segment.control.add_trouble({"do": "error_before", "match": {}})
    for _ in range(TRIES):
        assert not row.ended
        turn(row)
    assert row.state == "done" and row.sighting.outcome == "unknown"


def test_one_trouble_is_survived(look: Make, segment: Simulator) -> None:
    row = look("Acme Staging")
    segment.control.add_trouble({"do": "reset_before", "count": 1, "match": {}})
    turn(row)
    assert turn(row).sighting.outcome == "member"


def test_a_look_that_crashes_three_times_is_said_to_have_failed(
    look: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.discovery import read

    def die(*_args: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr(read, "look_for", die)
    row = look("Acme Staging")
    for _ in range(3):
        with pytest.raises(RuntimeError):
            turn(row)
    turn(row)
    assert row.state == "needs_person" and row.ended, "nobody waits for it any longer"
    assert row.sighting.outcome == "unknown"
    assert not Snapshot.objects.exists()


def test_what_is_reached_but_cannot_be_read_is_named_and_hides_nothing(
    look: Make, segment: Simulator
) -> None:
    row = look("Acme Staging")
    segment.control.add_trouble({"do": "error_before", "match": {"path": "/functions"}})
    seen = turn(row).sighting
    assert seen.reach.unread == ("functions",)
    assert len(seen.reach.sources) == 6


# ---------------------------------------------------------------- asking


def test_asking_twice_starts_one_look(look: Make, alice: Any, workspace: Make) -> None:
    place = workspace()
    first = actions.ask(alice, [DAN], [place])
    assert actions.ask(alice, [DAN.upper()], [place]) == first
    assert Look.objects.filter(workspace=place).count() == 1


def test_after_it_ended_one_may_look_again(look: Make, alice: Any) -> None:
    row = turn(look("Acme Staging"))
    actions.ask(alice, [DAN], [row.workspace])
    newest = newest_looks(row.person, [row.workspace])[row.workspace_id]
    assert newest.pk != row.pk and not newest.ended
    turn(newest)
    assert newest_snapshots(row.person, [row.workspace_id])[row.workspace_id].pk == newest.snapshot_id


@pytest.mark.django_db(transaction=True)
def test_asking_at_the_same_time_starts_one_look(alice: Any, workspace: Make) -> None:
    place = workspace()
    together(lambda _: actions.ask(alice, [DAN], [place]))
    assert Look.objects.count() == 1


def test_without_a_workspace_there_is_nothing_to_ask(alice: Any) -> None:
    with pytest.raises(Refused) as refusal:
        actions.ask(alice, [DAN], [])
    assert refusal.value.code == "no-workspace"


def test_a_search_that_cannot_begin_leaves_no_draft(alice: Any, today: Any) -> None:
    from offboarding.journey import actions as journey
    from offboarding.removals.models import RemovalRequest

    with pytest.raises(Refused):
        journey.search_for(alice, [DAN], "Dan", [], today)
    assert not RemovalRequest.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_searching_while_looks_end_locks_nobody_out(alice: Any, workspace: Make, today: Any) -> None:
    """A look that ends and a search that begins the same look want the same two rows, always in the same order."""
    from offboarding.discovery.rules import Outcome, Sighting
    from offboarding.journey import actions as journey
    from offboarding.work.actions import claim

    places = [workspace(f"Acme {number}") for number in range(4)]
    journey.search_for(alice, [DAN], "Dan", places, today)

    def one(number: int) -> None:
        if number % 2:
            journey.search_for(alice, [DAN], "Dan", places, today)
            return
        for look in Look.objects.filter(state="ready"):
            if claimed := claim(Look, look.pk):
                actions.finish(claimed, Sighting(Outcome.ABSENT), None)

    together(one)
    assert Entry.objects.filter(event="discovery.look_ended").exists()
