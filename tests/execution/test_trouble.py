"""When Segment answers badly, or not at all: nothing is lost, nothing happens twice, nothing is called done unseen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db.models.functions import Now

from offboarding.execution import actions
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import CALLS_AT_MOST, TROUBLES_AT_MOST
from offboarding.ledger.models import Entry
from offboarding.simulators.simulator import Simulator
from tests.conftest import DAN

Make = Callable[..., Any]
DELETE = {"method": "DELETE", "path": "/users"}


@pytest.fixture
def trouble(segment: Simulator) -> Make:
    """`trouble("limit", retry_after=30)` for the next DELETE of a member; `match` for other calls."""

    def make(do: str, match: dict[str, str] = DELETE, **more: Any) -> str:
        return segment.control.add_trouble({"do": do, "match": match, **more})

    return make


@pytest.fixture
def run(started: Make, run_of: Make) -> Any:
    """The removal of Dan from Acme Staging, ready."""
    return run_of(started("Acme Staging"), "remove-member")


def told(removal: Any, event: str) -> int:
    return Entry.objects.filter(about=removal.reference, event=event).count()


# ---------------------------------------------------------------- asked to wait


def test_a_429_waits_pauses_the_credential_and_is_no_try(run: Any, trouble: Make, turn: Make) -> None:
    trouble("limit", retry_after=30, count=1)
    turn(run)
    workspace = run.item.workspace
    workspace.refresh_from_db()
    assert run.state == "waiting" and run.waiting_for == "Segment asked us to wait"
    assert run.not_before - datetime.now(UTC) > timedelta(seconds=28)
    assert workspace.paused_until - datetime.now(UTC) > timedelta(seconds=28)


def test_while_a_credential_is_paused_nobody_calls(
    started: Make, run_of: Make, trouble: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Analytics")
    trouble("limit", {"method": "DELETE"}, retry_after=30, count=1)
    turn(run_of(removal, "leave-group"))
    segment.control.journal.clear()
    other = run_of(removal, "read-again")
    Run.objects.filter(pk=other.pk).update(state="ready", not_before=Now())
    turn(other)
    assert other.state == "waiting"
    assert segment.control.journal.calls({}) == []


def test_after_the_pause_it_goes_on_by_itself(
    run: Any, trouble: Make, turn: Make, turns: Make, segment: Simulator
) -> None:
    trouble("limit", retry_after=30, count=1)
    turn(run)
    segment.control.set_clock(31)
    run.item.workspace.__class__.objects.update(paused_until=None)
    assert turns(run).ended == "changed"


def test_being_asked_to_wait_many_times_is_no_reason_to_give_up(
    run: Any, trouble: Make, turn: Make, turns: Make, segment: Simulator
) -> None:
    rule = trouble("limit", {"method": "GET"}, retry_after=0)
    for _ in range(TROUBLES_AT_MOST + 2):
        turn(run)
        run.item.workspace.__class__.objects.update(paused_until=None)
    segment.control.clear_trouble(rule)
    trouble("reset_before", {"method": "GET"}, count=1)
    assert turn(run).state == "waiting"
    assert turns(run).ended == "changed"


# ---------------------------------------------------------------- refused


def refuse(segment: Simulator, slug: str = "acme-staging", refused: bool = True) -> None:
    segment.control.change(slug, {"token_refused": refused})


def test_a_refused_token_parks_and_is_told_once(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Analytics")
    refuse(segment, "acme-analytics")
    first, second = run_of(removal, "leave-group"), run_of(removal, "remove-member")
    Run.objects.filter(pk=second.pk).update(state="ready", not_before=Now())
    for run in (first, second):
        assert (turn(run).state, run.cause) == ("needs_person", "token-refused")
    assert Entry.objects.filter(event="workspace.token_refused").count() == 1


def test_a_refused_credential_is_not_used_again(
    started: Make, run_of: Make, turn: Make, segment: Simulator
) -> None:
    removal = started("Acme Analytics")
    refuse(segment, "acme-analytics")
    turn(run_of(removal, "leave-group"))
    segment.control.journal.clear()
    other = run_of(removal, "remove-member")
    Run.objects.filter(pk=other.pk).update(state="ready", not_before=Now())
    turn(other)
    assert segment.control.journal.calls({}) == []


def test_a_new_token_wakes_what_the_old_one_stopped(
    run: Any, turn: Make, turns: Make, segment: Simulator
) -> None:
    from offboarding.connections.actions import replace_token
    from offboarding.journey import actions as journey
    from offboarding.ledger.actions import APP

    refuse(segment)
    turn(run)
    refuse(segment, refused=False)
    replace_token(run.item.workspace, segment.token("acme-staging"), APP)
    journey.tick()
    assert turns(run).ended == "changed"


def test_a_new_token_wakes_follow_ups_of_closed_requests_too(
    run: Any, turn: Make, turns: Make, segment: Simulator
) -> None:
    from offboarding.connections.actions import replace_token
    from offboarding.journey import actions as journey
    from offboarding.ledger.actions import APP
    from offboarding.removals.models import RemovalRequest

    refuse(segment)
    turn(run)
    RemovalRequest.objects.update(stage="closed")
    refuse(segment, refused=False)
    journey.tick()
    run.refresh_from_db()
    assert run.state == "needs_person", "the old token is still the one that was refused"
    replace_token(run.item.workspace, segment.token("acme-staging"), APP)
    journey.tick()
    assert turns(run).ended == "changed"


def test_a_refusal_that_arrives_late_does_not_blame_the_new_token(run: Any, segment: Simulator) -> None:
    from offboarding.connections.actions import replace_token, token_refused
    from offboarding.connections.models import Workspace
    from offboarding.ledger.actions import APP

    as_the_worker_has_it = Workspace.objects.get(pk=run.item.workspace_id)
    replace_token(run.item.workspace, segment.token("acme-staging"), APP)
    token_refused(as_the_worker_has_it, "Segment does not accept the token.")
    assert Workspace.objects.get(pk=run.item.workspace_id).refused_at is None


# ---------------------------------------------------------------- known refusals

REFUSALS = [
    ("cannot remove the last workspace owner", "last-owner", "ownership is ours to arrange first"),
    ("You cannot remove yourself", "own-account", "the token's own user"),
    ("User is managed by SCIM", "scim-managed", "the provider would put them back"),
    ("Something else", "declined", "any other no"),
]


@pytest.mark.parametrize(("message", "cause", "because"), REFUSALS)
def test_a_known_no_needs_a_person_and_is_not_repeated(
    run: Any, trouble: Make, turn: Make, sent: Make, message: str, cause: str, because: str
) -> None:
    trouble("answer", status=400, body={"errors": [{"type": "bad-request", "message": message}]})
    turn(run)
    assert (run.state, run.cause) == ("needs_person", cause), because
    assert run.remedy and message in run.sentence
    turn(run)
    assert len(sent("DELETE", "/users")) == 1


def test_the_last_owner_is_blocked_before_any_call_and_goes_on_when_there_is_another(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, segment: Simulator, olga: Any
) -> None:
    removal = started("Initech Production")
    run = turn(run_of(removal, "remove-member"))
    assert (run.state, run.cause) == ("needs_person", "last-owner")
    assert sent("DELETE") == []
    segment.control.put_member(
        "initech-production", {"email": "new.owner@initech.example", "permissions": ["Workspace Owner"]}
    )
    actions.retry(run, olga)
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 1


# ---------------------------------------------------------------- effect unknown

AFTER_EFFECT = ["error_after", "reset_after", "timeout_after", "html", "truncated", "cut"]


@pytest.mark.parametrize("do", AFTER_EFFECT)
def test_an_unclear_answer_after_the_effect_costs_no_second_call(
    run: Any, trouble: Make, turn: Make, turns: Make, sent: Make, do: str
) -> None:
    trouble(do, count=1, seconds=0.2)
    assert turn(run).state == "unknown"
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 1


@pytest.mark.parametrize("do", ["error_before", "reset_before", "timeout_before"])
def test_an_unclear_answer_before_the_effect_is_looked_at_and_then_called_again(
    run: Any, trouble: Make, turn: Make, turns: Make, sent: Make, do: str
) -> None:
    trouble(do, count=1, seconds=0.2)
    assert turn(run).state == "unknown"
    assert turn(run).state == "verifying", "still a member, but the effect may land late"
    assert run.sentence.startswith("No clear answer came")
    assert len(sent("DELETE", "/users")) == 1
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 2


def test_success_that_changes_nothing_is_never_done(
    run: Any, trouble: Make, turns: Make, sent: Make, member: Make
) -> None:
    trouble("no_effect")
    turns(run)
    assert (run.state, run.cause) == ("needs_person", "still-there")
    assert len(sent("DELETE", "/users")) == CALLS_AT_MOST
    assert member("acme-staging")


def test_a_person_who_asks_for_a_new_try_gets_one(
    run: Any, trouble: Make, turns: Make, sent: Make, segment: Simulator, olga: Any
) -> None:
    rule = trouble("no_effect")
    turns(run)
    segment.control.clear_trouble(rule)
    actions.retry(run, olga)
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == CALLS_AT_MOST + 1


def test_an_effect_that_lands_late_is_waited_for(
    run: Any, trouble: Make, turn: Make, turns: Make, sent: Make, segment: Simulator
) -> None:
    trouble("late", count=1, seconds=10)
    assert turn(run).state == "verifying"
    segment.control.set_clock(11)
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 1


def test_a_404_for_a_member_who_is_still_listed_ends_with_a_person_not_in_a_circle(
    run: Any, trouble: Make, turns: Make, sent: Make
) -> None:
    trouble("answer", status=404, body={"errors": [{"type": "not-found", "message": "Not Found"}]})
    turns(run)
    assert (run.state, run.cause) == ("needs_person", "still-there")
    assert len(sent("DELETE", "/users")) == CALLS_AT_MOST


def test_a_404_is_not_ours_to_claim(run: Any, turn: Make, segment: Simulator, trouble: Make) -> None:
    """Somebody else removed them between our look and our call."""
    key = trouble("answer", status=404, body={"errors": [{"type": "not-found", "message": "Not Found"}]})
    turn(run)
    segment.control.clear_trouble(key)
    segment.control.take_member("acme-staging", DAN)
    turn(run)
    assert (run.state, run.ended) == ("done", "already")


# ---------------------------------------------------------------- nobody reached


def test_a_read_that_fails_for_a_while_is_tried_again(
    run: Any, trouble: Make, turn: Make, turns: Make, sent: Make
) -> None:
    trouble("error_before", {"method": "GET"}, count=3)
    assert turn(run).state == "waiting"
    assert turns(run).ended == "changed"


def test_reads_that_go_on_failing_end_with_a_person(run: Any, trouble: Make, turns: Make) -> None:
    trouble("error_before", {"method": "GET"})
    turns(run)
    assert (run.state, run.cause) == ("needs_person", "not-reached")
    assert run.attempts.filter(act="look").count() == TROUBLES_AT_MOST


def test_what_gave_up_goes_on_by_itself_once_the_connection_answers_again(
    run: Any, trouble: Make, turns: Make, segment: Simulator
) -> None:
    from offboarding.connections import keyring
    from offboarding.connections.models import Workspace
    from offboarding.journey import actions as journey

    rule = trouble("error_before", {"method": "GET"})
    turns(run)
    journey.tick()
    run.refresh_from_db()
    assert (run.state, run.cause) == ("needs_person", "not-reached"), "nobody knows yet that it answers"
    segment.control.clear_trouble(rule)
    Workspace.objects.update(open_until=datetime.now(UTC) - timedelta(seconds=1))
    with keyring.gateway_for(Workspace.objects.get(pk=run.item.workspace_id)) as gateway:
        gateway.workspace()
    journey.tick()
    assert turns(run).ended == "changed"


def test_after_giving_up_a_new_try_is_patient_again(
    run: Any, trouble: Make, turn: Make, turns: Make, olga: Any
) -> None:
    trouble("error_before", {"method": "GET"})
    turns(run)
    actions.retry(run, olga)
    assert turn(run).state == "waiting"


def test_a_call_that_can_never_be_prepared_ends_with_a_person(
    started: Make, run_of: Make, trouble: Make, turns: Make, today: Any
) -> None:
    """Looks go well all the time; what the call needs to know beforehand cannot be read."""
    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=9))
    trouble("error_before", {"method": "GET", "path": "/"})
    run = turns(run_of(removal, "downgrade"))
    assert (run.state, run.cause) == ("needs_person", "not-reached")
    assert run.attempts.filter(act="call", result="not applied").count() == TROUBLES_AT_MOST


# ---------------------------------------------------------------- death


def test_killed_between_intent_and_call_looks_first_and_calls_once(
    run: Any, turn: Make, turns: Make, sent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.gateways.segment import SegmentGateway

    def die(*_args: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(SegmentGateway, "remove_member", die)
        with pytest.raises(SystemExit):
            turn(run)
    run.refresh_from_db()
    assert run.state == "running"
    assert run.attempts.get(act="call").result == ""
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 1
    acts = list(run.attempts.order_by("number").values_list("act", flat=True))
    assert acts[:3] == ["look", "call", "look"], "the first thing after the death is a look"


def test_killed_between_call_and_answer_has_no_second_effect(
    run: Any, turn: Make, turns: Make, sent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.execution.notes import Notes

    def die(notes: Notes, exchange: Any) -> None:
        if exchange.method == "DELETE":
            raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Notes, "take", die)
        with pytest.raises(SystemExit):
            turn(run)
    assert turns(run).ended == "changed"
    assert len(sent("DELETE", "/users")) == 1


def test_a_stale_worker_writes_nothing(
    run: Any, turn: Make, sent: Make, segment: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its call goes through, but while it waited for the answer somebody else took the row."""
    from offboarding.gateways.segment import SegmentGateway

    honest = SegmentGateway.remove_member

    def slow(gateway: SegmentGateway, user_id: str) -> None:
        honest(gateway, user_id)
        Run.objects.filter(pk=run.pk).update(fence=run.fence + 7)

    monkeypatch.setattr(SegmentGateway, "remove_member", slow)
    entries = Entry.objects.count()
    turn(run)
    assert run.state == "running" and run.sentence == ""
    assert Attempt.objects.get(run=run, act="call").result == ""
    assert Entry.objects.count() == entries + 1, "the intent, and nothing after it"


def test_three_crashes_park_with_a_sentence_and_a_line_in_the_ledger(
    run: Any, turn: Make, turns: Make, monkeypatch: pytest.MonkeyPatch, olga: Any
) -> None:
    from offboarding.execution.steps.remove_member import RemoveMember

    def die(*_args: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(RemoveMember, "look", die)
        for _ in range(3):
            with pytest.raises(RuntimeError):
                turn(run)
        turn(run)
    assert (run.state, run.cause) == ("needs_person", "crashed")
    assert "stopped 3 times" in run.sentence and run.remedy
    assert Entry.objects.filter(event="item.moved").latest("seq")
    actions.retry(run, olga)
    assert turns(run).ended == "changed", "a new try is not parked by the old crashes"


def test_an_approval_that_no_longer_stands_stops_the_run(
    run: Any, turn: Make, sent: Make, segment: Simulator
) -> None:
    from offboarding.removals.models import RemovalRequest

    RemovalRequest.objects.update(stage="planned")
    turn(run)
    assert run.state == "cancelled"
    assert segment.control.journal.calls({}) == []


# ---------------------------------------------------------------- no room for evidence


@pytest.fixture
def no_room(settings: Any, tmp_path: Any) -> Any:
    """A file stands where evidence should go; `yes()` makes room again."""

    class NoRoom:
        there = settings.EVIDENCE_ROOT

        def no(self) -> None:
            (tmp_path / "file").touch()
            settings.EVIDENCE_ROOT = tmp_path / "file"

        def yes(self) -> None:
            settings.EVIDENCE_ROOT = self.there

    return NoRoom()


def test_without_room_for_evidence_a_step_waits_and_says_so(
    run: Any, turn: Make, turns: Make, no_room: Any, sent: Make
) -> None:
    no_room.no()
    for _ in range(5):
        turn(run)
    assert (run.state, run.crashes) == ("waiting", 0)
    assert "cannot be stored" in run.waiting_for
    assert sent("DELETE") == [], "what was not kept was not seen, so nothing is done about it"
    no_room.yes()
    assert turns(run).ended == "changed"


def test_a_call_whose_answer_could_not_be_kept_is_unknown_and_not_made_again(
    run: Any, turn: Make, turns: Make, no_room: Any, sent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from offboarding.gateways.segment import SegmentGateway

    real = SegmentGateway.remove_member

    def removed(gateway: Any, account: str) -> Any:
        no_room.no()
        return real(gateway, account)

    monkeypatch.setattr(SegmentGateway, "remove_member", removed)
    turn(run)
    assert run.state == "unknown" and "cannot be stored" in run.sentence
    no_room.yes()
    assert turns(run).ended == "changed"
    assert len(sent("DELETE")) == 1
