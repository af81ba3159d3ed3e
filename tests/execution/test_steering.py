"""A pause and a cancelled rest, as steps meet them: no call begins, what was called is seen out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from offboarding.execution import actions
from offboarding.execution.models import Attempt, Run
from offboarding.execution.notes import Notes
from offboarding.execution.rules import Act, Fate, Halt, fate, halts
from offboarding.execution.steering import Halted
from offboarding.execution.steps import STEPS, Call
from offboarding.execution.steps.remove_member import RemoveMember
from offboarding.journey import actions as journey
from offboarding.ledger.models import Entry
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.removals import steering
from offboarding.removals.models import RemovalRequest
from offboarding.simulators.simulator import Simulator
from offboarding.verification.rules import Now
from offboarding.work.actions import claim
from tests.work.test_at_once import together

Make = Callable[..., Any]
DELETE = {"method": "DELETE", "path": "/users"}

# ---------------------------------------------------------------- rules

HALTS = [
    ((True, False, False), None, "nothing is in the way"),
    ((True, True, False), Halt.PAUSED, "paused"),
    ((True, False, True), Halt.REST_CANCELLED, "cut short"),
    ((True, True, True), Halt.REST_CANCELLED, "what is cancelled does not go on after a pause"),
    ((False, True, True), Halt.NOT_APPROVED, "what is not approved is stopped, whatever else"),
]


@pytest.mark.parametrize(("facts", "halt", "because"), HALTS)
def test_what_holds_a_call_back(facts: tuple[bool, bool, bool], halt: Halt | None, because: str) -> None:
    assert halts(*facts) is halt, because


WAITS = {
    "ended": False, "stopped": False, "looks": False, "ends": False, "seals": False,
    "called": False, "in_doubt": False, "place_called": False,
}  # fmt: skip
FATES = [
    ({}, Fate.CANCELLED, "its turn has not come"),
    ({"stopped": True}, Fate.CANCELLED, "it stopped before any call"),
    ({"ended": True, "called": True}, Fate.ENDED, "it has ended"),
    ({"called": True, "in_doubt": True}, Fate.SEEN_OUT, "its effect is not known yet"),
    ({"called": True}, Fate.SEEN_OUT, "called; its next look decides"),
    ({"called": True, "stopped": True}, Fate.CANCELLED, "it was looked at to its end, and stopped"),
    ({"called": True, "stopped": True, "in_doubt": True}, Fate.SEEN_OUT, "it stopped before it was known"),
    ({"place_called": True}, Fate.CANCELLED, "another call in the same place is another step"),
    ({"looks": True, "place_called": True}, Fate.SEEN_OUT, "what was touched is read again"),
    ({"looks": True}, Fate.CANCELLED, "where nothing was touched nothing is to be read"),
    ({"ends": True, "place_called": True}, Fate.SEEN_OUT, "what was given for a time is taken away again"),
    ({"ends": True}, Fate.CANCELLED, "nothing was given, so nothing ends"),
    ({"seals": True}, Fate.SEEN_OUT, "the packet is sealed in any case"),
]


@pytest.mark.parametrize(("change", "expected", "because"), FATES)
def test_the_fate_of_a_step(change: dict[str, bool], expected: Fate, because: str) -> None:
    assert fate(**WAITS | change) is expected, because


# ---------------------------------------------------------------- pausing


def pause(removal: Any, user: Any) -> None:
    steering.pause(RemovalRequest.objects.get(pk=removal.pk), user, "Wait")


def calls_of(run: Any) -> int:
    return Attempt.objects.filter(run=run, act=Act.CALL).count()


def test_while_paused_no_call_begins_and_then_it_goes_on_by_itself(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, member: Make, olga: Any
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    pause(removal, olga)
    turn(run)
    journey.advance(removal.pk)
    assert (turn(run).state, run.cause, run.not_before) == ("waiting", "paused", None)
    assert sent("DELETE") == [] and member("acme-staging")
    removal.refresh_from_db()
    steering.resume(removal, olga)
    journey.tick()
    assert (turns(run).ended, run.cause) == ("changed", "")
    assert not member("acme-staging") and len(sent("DELETE")) == 1


def test_during_a_pause_the_route_lets_go_of_nothing_and_closes_nothing(
    started: Make, run_of: Make, turns: Make, olga: Any
) -> None:
    removal = started("Acme Staging")
    turns(run_of(removal, "remove-member"))
    pause(removal, olga)
    journey.advance(removal.pk)
    assert run_of(removal, "read-again").state == "waiting"
    Run.objects.update(state="done", ended="already")
    journey.advance(removal.pk)
    assert not Packet.objects.exists()
    removal.refresh_from_db()
    steering.resume(removal, olga)
    journey.advance(removal.pk)
    assert Packet.objects.count() == 1


@pytest.mark.parametrize("landed", [True, False])
def test_a_call_whose_effect_is_unknown_is_looked_at_and_not_made_again(
    started: Make, run_of: Make, turn: Make, sent: Make, segment: Simulator, olga: Any, landed: bool
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    segment.control.add_trouble(
        {"do": "reset_after" if landed else "reset_before", "match": DELETE, "count": 1}
    )
    assert turn(run).state == "unknown"
    pause(removal, olga)
    for _ in range(12):
        turn(run)
    assert (run.state, run.cause) == (("done", "") if landed else ("waiting", "paused"))
    assert len(sent("DELETE")) == 1


def test_what_only_looks_goes_on_during_a_pause(started: Make, run_of: Make, turns: Make, olga: Any) -> None:
    removal = started("Acme Staging")
    turns(run_of(removal, "remove-member"))
    journey.advance(removal.pk)
    pause(removal, olga)
    assert turns(run_of(removal, "read-again")).state == "done"


def test_an_end_date_that_comes_during_a_pause_rests_too(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, today: date, olga: Any
) -> None:
    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=3))
    turns(run_of(removal, "downgrade"))
    run = run_of(removal, "end-read-only")
    pause(removal, olga)
    assert (turn(run).state, run.cause) == ("waiting", "paused")
    assert sent("DELETE") == []
    removal.refresh_from_db()
    steering.resume(removal, olga)
    journey.tick()
    assert turns(run).ended == "changed"


class PausesMeanwhile(RemoveMember):
    """Somebody pauses after the worker asked and before it writes down what it is about to do."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.act = act

    def prepare(self, *given: Any) -> Call:
        self.act()
        return super().prepare(*given)


def test_a_worker_that_asked_just_before_the_pause_does_not_call_after_it(
    started: Make, run_of: Make, turn: Make, sent: Make, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    monkeypatch.setitem(STEPS, "segment.remove_member", PausesMeanwhile(lambda: pause(removal, olga)))
    assert (turn(run).state, run.cause) == ("waiting", "paused")
    assert sent("DELETE") == [] and calls_of(run) == 0


def test_a_worker_that_asked_just_before_the_rest_was_cancelled_does_not_call_after_it(
    started: Make, run_of: Make, turn: Make, sent: Make, olga: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    act = lambda: journey.cancel_rest(RemovalRequest.objects.get(pk=removal.pk), olga, "Stays")  # noqa: E731
    monkeypatch.setitem(STEPS, "segment.remove_member", PausesMeanwhile(act))
    assert (turn(run).state, run.ended) == ("cancelled", "cancelled")
    assert sent("DELETE") == [] and calls_of(run) == 0


def test_a_worker_that_asked_just_before_the_approval_fell_does_not_call_after_it(
    started: Make, run_of: Make, turn: Make, sent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    act = lambda: RemovalRequest.objects.update(stage="withdrawn")  # noqa: E731
    monkeypatch.setitem(STEPS, "segment.remove_member", PausesMeanwhile(act))
    assert turn(run).state == "cancelled"
    assert sent("DELETE") == [] and calls_of(run) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("_round", range(4))
def test_a_pause_and_an_intent_at_once_come_one_after_the_other(
    running: Make, run_of: Make, olga: Any, _round: int
) -> None:
    """Either the intent stands before the pause, or it never does."""
    removal = running()
    run = claim(Run, run_of(removal, "remove-member").pk)
    assert run is not None

    def act(number: int) -> str:
        try:
            if number:
                Notes(run).begin(Act.CALL, "Remove Dan")
            else:
                pause(removal, olga)
        except Halted:
            return "halted"
        return "through"

    _, begun = together(act, 2)
    seq = dict(Entry.objects.values_list("event", "seq"))
    assert (begun == "through") is ("call.intended" in seq)
    assert seq.get("call.intended", 0) < seq["removal.paused"]


# ---------------------------------------------------------------- cancelling the rest


def cancel(removal: Any, user: Any) -> None:
    journey.cancel_rest(RemovalRequest.objects.get(pk=removal.pk), user, "Dan stays")


def place(removal: Any, name: str) -> Any:
    from offboarding.checklist.queries import newest_plan
    from offboarding.execution.queries import runs_of
    from offboarding.verification.queries import findings_of, standings

    plan = newest_plan(removal)
    assert plan
    found = standings(plan, runs_of(plan), findings_of(removal))
    return next(each for each in found if each.workspace == name)


def test_what_has_not_run_is_cancelled_and_what_was_called_is_verified(
    started: Make, run_of: Make, turns: Make, sent: Make, member: Make, olga: Any
) -> None:
    removal = started("Acme Staging", "Acme Sandbox")
    turns(run_of(removal, "remove-member", "Acme Staging"))
    cancel(removal, olga)
    assert run_of(removal, "remove-member", "Acme Sandbox").state == "cancelled"
    assert run_of(removal, "read-again", "Acme Sandbox").state == "cancelled"
    journey.advance(removal.pk)
    assert turns(run_of(removal, "read-again", "Acme Staging")).state == "done"
    assert place(removal, "Acme Staging").now is Now.VERIFIED
    assert place(removal, "Acme Sandbox").now is Now.SKIPPED
    assert member("acme-sandbox") and len(sent("DELETE")) == 1


def test_a_call_in_doubt_is_seen_out(
    started: Make, run_of: Make, turn: Make, turns: Make, sent: Make, segment: Simulator, olga: Any
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    segment.control.add_trouble({"do": "reset_before", "match": DELETE, "count": 1})
    turn(run)
    cancel(removal, olga)
    assert Run.objects.get(pk=run.pk).state == "unknown"
    assert (turns(run).state, run.ended, run.ended_by) == ("cancelled", "cancelled", olga)
    assert run.sentence == "still a member of Acme Staging. Cancelled by Olga: Dan stays"
    assert len(sent("DELETE")) == 1
    journey.advance(removal.pk)
    check = turns(run_of(removal, "read-again"))
    assert (check.state, check.ended) == ("cancelled", "cancelled")
    assert "still has access" in check.sentence


def finish(removal: Any, turns: Make) -> None:
    """Until nothing moves by itself any more."""
    for _ in range(6):
        journey.advance(removal.pk)
        for run in Run.objects.filter(
            item__plan__removal=removal, state__in=["ready", "unknown", "verifying"]
        ):
            turns(run)


def test_it_closes_with_a_packet_that_shows_the_exception(
    started: Make, run_of: Make, turns: Make, olga: Any
) -> None:
    from offboarding.ledger.actions import checkpoint
    from offboarding.packets.collect import collect

    removal = started("Acme Staging", "Acme Sandbox")
    turns(run_of(removal, "remove-member", "Acme Staging"))
    cancel(removal, olga)
    finish(removal, turns)
    removal.refresh_from_db()
    assert removal.stage == "closed"
    packet = Packet.objects.get()
    packet.sealed_at = datetime.now(UTC)
    statement = checkpoint()
    contents = collect(packet, statement, lambda: None)
    first = contents.exceptions[0]
    assert first.about == "What was left was cancelled" and "Cancelled by Olga" in first.sentence
    assert {item.state for item in contents.items if item.title.startswith("Tell the lead")} == {"cancelled"}
    assert {each.about for each in contents.exceptions} >= {"Acme Sandbox"}


def test_a_worker_at_work_is_not_disturbed_and_cancels_its_step_itself(
    started: Make, run_of: Make, turn: Make, sent: Make, olga: Any
) -> None:
    removal = started("Acme Staging")
    run = claim(Run, run_of(removal, "remove-member").pk)
    assert run is not None
    cancel(removal, olga)
    assert Run.objects.get(pk=run.pk).state == "running"
    assert (turn(run).state, run.ended) == ("cancelled", "cancelled")
    assert sent("DELETE") == []


# ---------------------------------------------------------------- early tries, and by hand

EARLY = {"state": "waiting", "cause": "", "waiting_for": "Segment did not answer. Next try"}


@pytest.fixture
def waiting(running: Make, run_of: Make) -> Any:
    """The removal itself, backing off."""
    run = run_of(running(), "remove-member")
    Run.objects.filter(pk=run.pk).update(**EARLY, not_before=datetime.now(UTC) + timedelta(minutes=4))
    run.refresh_from_db()
    return run


def test_a_step_that_backs_off_tries_now(waiting: Any, olga: Any) -> None:
    actions.retry(waiting, olga)
    assert (waiting.state, waiting.waiting_for) == ("ready", "")
    assert waiting.not_before <= datetime.now(UTC)


def test_a_step_that_backs_off_is_done_by_hand(waiting: Any, olga: Any) -> None:
    actions.take_over(waiting, olga)
    assert (waiting.state, waiting.manual, waiting.cause) == ("needs_person", True, "taken-over")
    assert (waiting.not_before, waiting.waiting_for) == (None, "")


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_a_date_that_was_approved_is_not_brought_forward(
    started: Make, run_of: Make, today: date, olga: Any
) -> None:
    removal = started("Acme Staging", choice="downgrade", until=today + timedelta(days=3))
    run = run_of(removal, "end-read-only")
    assert refusal(lambda: actions.retry(run, olga)) == "not-retryable"
    assert refusal(lambda: actions.take_over(run, olga)) == "not-takeable"


def test_a_step_whose_turn_has_not_come_is_not_done_by_hand(running: Make, run_of: Make, olga: Any) -> None:
    run = run_of(running("Acme Production", groups=("Admins",)), "remove-member")
    assert run.state == "waiting"
    assert refusal(lambda: actions.take_over(run, olga)) == "not-takeable"


def test_nobody_tries_again_during_a_pause(waiting: Any, olga: Any) -> None:
    pause(waiting.item.plan.removal, olga)
    waiting.item.plan.removal.refresh_from_db()
    assert refusal(lambda: actions.retry(waiting, olga)) == "paused"


def test_what_rests_during_a_pause_is_done_by_hand(
    started: Make, run_of: Make, turn: Make, olga: Any
) -> None:
    removal = started("Acme Staging")
    run = run_of(removal, "remove-member")
    pause(removal, olga)
    turn(run)
    actions.take_over(run, olga)
    assert (run.state, run.manual) == ("needs_person", True)
