"""Success that is none: no effect, an effect long after, a person who is back. Time is moved, never waited for.

Nothing of it may be called gone while the person is there; later looks find what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from offboarding.execution import actions
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause, Seen
from offboarding.removals.models import RemovalRequest
from offboarding.verification.models import Finding
from offboarding.work.rules import State
from tests.faults import crew
from tests.faults.case import Case, Given, Measured
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.scenarios import DAN, running

HOUR = 3600
CALL = {"method": "DELETE", "path": "/users"}


@dataclass(frozen=True)
class Lie:
    says: str
    trouble: dict[str, Any]
    then: Callable[[Given, RemovalRequest], list[str]]
    came_back: bool = False


def the_run(removal: RemovalRequest, step: str = "segment.remove_member", at: str = "") -> Run:
    return Run.objects.get(item__plan__removal=removal, item__step=step, item__at=at)


def there(given: Given) -> bool:
    return given.world.segment.person("acme-staging", DAN)["member"] is not None


def removed(given: Given) -> int:
    """How often we asked for it."""
    calls = given.world.segment.changing_calls()
    return sum(call["method"] == "DELETE" and call["path"] == "/users" for call in calls)


def move_clock(given: Given, seconds: float) -> None:
    given.world.segment.ask("PUT", "clock", {"offset": seconds})


def stays(given: Given, removal: RemovalRequest) -> list[str]:
    """Segment says yes and does nothing, for ever: a person is asked, and nothing is called gone."""
    crew.everything()
    run = the_run(removal)
    wrong = [] if there(given) else ["the trial is void: the person is gone"]
    if (run.state, run.cause) != (State.NEEDS_PERSON, Cause.STILL_THERE):
        wrong.append(f"it is {run.state} {run.cause}, and nobody was asked")
    return wrong + after_all(given, removal)


def after_all(given: Given, removal: RemovalRequest) -> list[str]:
    """The trouble is over, somebody presses Try again: now it works."""
    given.world.segment.clear_trouble()
    actions.retry(the_run(removal), crew.user("olga"))
    crew.everything()
    run = the_run(removal)
    return [] if run.state == State.DONE and not there(given) else [f"a new try left it {run.state}"]


def lands(given: Given, removal: RemovalRequest) -> list[str]:
    """All our looks come too early. A person is asked; when the effect is there, one more look finds it, without a call."""
    crew.everything()
    run, wrong = the_run(removal), []
    if run.state != State.NEEDS_PERSON or not there(given):
        wrong.append(f"it is {run.state} before the effect is there")
    called = removed(given)
    given.world.segment.clear_trouble()
    move_clock(given, 2 * HOUR)
    actions.retry(run, crew.user("olga"))
    crew.everything()
    run.refresh_from_db()
    if run.state != State.DONE or removed(given) != called:
        wrong.append(f"after the effect it is {run.state}, with another call")
    return wrong


def lands_soon(given: Given, removal: RemovalRequest) -> list[str]:
    """The effect comes between two of our looks: adopted, not repeated."""
    run = crew.until_due(removal, "segment.remove_member")
    crew.one_turn("execution.Run", run.pk)
    run.refresh_from_db()
    wrong = (
        []
        if run.state in (State.VERIFYING, State.UNKNOWN)
        else [f"it is {run.state}, though nobody saw it gone"]
    )
    called = removed(given)
    move_clock(given, 31)
    crew.everything()
    run.refresh_from_db()
    if run.state != State.DONE or removed(given) != called:
        wrong.append(f"it is {run.state}, with {removed(given) - called} calls more")
    return wrong


def returns(given: Given, removal: RemovalRequest) -> list[str]:
    """Seen gone, and back later: the look after 30 days says so, and the place is not called gone any more."""
    crew.everything()
    if (look := the_run(removal, "verify.place")).state != State.DONE:
        return [f"the first look is {look.state}, and did not see it gone"]
    crew.skip_audit_events()
    crew.everything()
    move_clock(given, 31)
    if not there(given):
        given.world.segment.ask(
            "POST", "workspaces/acme-staging/members", {"email": DAN, "permissions": ["Source Admin"]}
        )
    if not there(given):
        return ["the trial is void: the person did not come back"]
    crew.everything(follow_ups=True)
    newest = Finding.objects.order_by("-pk").first()
    told = newest is not None and newest.seen == Seen.PRESENT and newest.came_back
    return [] if told else ["the look after 30 days does not say that the person came back"]


LIES = (
    Lie("success without an effect", {"do": "no_effect"}, stays),
    Lie("the effect an hour later", {"do": "late", "seconds": HOUR}, lands),
    Lie(
        "the effect an hour later, after an error 500",
        {"do": "late", "seconds": HOUR, "then": "error"},
        lands,
    ),
    Lie("the effect 30 s later", {"do": "late", "seconds": 30, "count": 1}, lands_soon),
    Lie(
        "the effect 30 s later, after a reset",
        {"do": "late", "seconds": 30, "count": 1, "then": "reset"},
        lands_soon,
    ),
    Lie("back 30 s after the removal", {"do": "comes_back", "seconds": 30}, returns, came_back=True),
    Lie("put in again by somebody", {"do": "latency", "seconds": 0}, returns, came_back=True),
)
SHORT = (0, 2, 3, 5)


def trial(given: Given, lie: Lie, verdict: Verdict) -> None:
    given.world.put_back("empty")
    removal = running("acme-staging")
    given.world.segment.ask("POST", "trouble", {**lie.trouble, "match": CALL})
    verdict.add(LOST, [f"{lie.says}: {wrong}" for wrong in lie.then(given, removal)])
    verdict.merge(check(given.world, came_back=lie.came_back), lie.says)
    given.world.segment.clear_trouble()
    move_clock(given, 0)


def run(given: Given) -> Measured:
    verdict, rounds = Verdict(), given.size(3, 1)
    chosen = LIES if given.long else [LIES[number] for number in SHORT]
    given.world.keep("empty")
    for _ in range(rounds):
        for lie in chosen:
            trial(given, lie, verdict)
    return Measured(
        f"{rounds * len(chosen)} removals: " + "; ".join(lie.says for lie in chosen),
        f"{verdict.says(LOST, FALSE_GONE, TWICE)}; who came back was found by the look after 30 days",
        verdict.faults,
    )


CASE = Case(9, "success without an effect, late effects, and people who come back: never called gone", run)
