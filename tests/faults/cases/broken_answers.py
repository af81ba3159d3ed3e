"""Answers that drip, swell, are no answers, or send us elsewhere: over real sockets, through the gateway and a whole turn.

Each befalls the first read of a removal, or its call. Measured is how long that one exchange took by our own record; the
limit is the deadline and one second. The short form sets the deadline to 3 seconds instead of 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from offboarding.connections import keyring
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Result
from offboarding.work.rules import State
from tests.faults import crew
from tests.faults.case import Case, Given, Measured
from tests.faults.invariants import FALSE_GONE, LOST, TWICE, Verdict, check
from tests.faults.processes import told
from tests.faults.scenarios import SCENARIOS

STEP = "segment.remove_member"
DEADLINE, GRACE = 20.0, 1.0
READ, CALL = {"method": "GET", "path": "/users*"}, {"method": "DELETE", "path": "/users"}


@dataclass(frozen=True)
class Answer:
    """`result`: how the attempt has to be closed. `acted`: whether the call took effect before the answer went wrong."""

    says: str
    act: Act
    trouble: dict[str, Any]
    result: Result
    full: bool = False  # it lasts until the deadline


def of_a_read(says: str, do: str, full: bool = False, **more: Any) -> Answer:
    return Answer(f"read: {says}", Act.LOOK, {"do": do, "match": READ, **more}, Result.NOT_APPLIED, full)


def of_a_call(says: str, do: str, full: bool = False, **more: Any) -> Answer:
    return Answer(f"call: {says}", Act.CALL, {"do": do, "match": CALL, **more}, Result.UNKNOWN, full)


ANSWERS = (
    of_a_read("one byte each 0.2 s", "drip", True, seconds=0.2),
    of_a_read("10 MB", "huge", bytes=10_000_000),
    of_a_read("HTML with status 200", "html"),
    of_a_read("a redirect", "redirect"),
    of_a_call("one byte each 2 s, after the effect", "drip", True, seconds=2.0),
    of_a_call("one byte each 2 s, without the effect", "drip", True, seconds=2.0, effect=False),
    of_a_call("30 MB, after the effect", "huge", bytes=30_000_000),
    of_a_call("HTML with status 200, after the effect", "html"),
    of_a_call("HTML with status 200, without the effect", "html", effect=False),
    of_a_call("a redirect", "redirect"),
)
SHORT = (0, 3, 5, 7)


def one(pk: int, answer: Answer) -> str:
    """Turns until that attempt is closed; how it was, and how long its longest exchange took in ms."""
    for _ in range(5):
        crew.one_turn("execution.Run", pk)
        if found := Attempt.objects.filter(run_id=pk, act=answer.act).first():
            taken = max(exchange["elapsed_ms"] for exchange in kept(found))
            return f"{found.result}|{taken}|{Run.objects.get(pk=pk).state}"
    return "never tried|0|"


def kept(attempt: Attempt) -> list[dict[str, Any]]:
    import json

    from offboarding.evidence.store import open_bytes

    assert attempt.exchanges
    with open_bytes(attempt.exchanges.sha256) as file:
        return list(json.load(file))


def trial(given: Given, answer: Answer, deadline: float, verdict: Verdict) -> float:
    """The longest exchange, in seconds."""
    given.world.put_back("due")
    pk = Run.objects.get(item__step=STEP, state=State.READY).pk
    given.world.segment.ask("POST", "trouble", {**answer.trouble, "count": 1})
    result, taken, state = told(given.folder / "answer", lambda: one(pk, answer)).split("|")
    seconds = int(taken) / 1000
    if result != answer.result:
        verdict.add(LOST, [f"{answer.says}: closed as {result!r}, not as {answer.result.value!r}"])
    if answer.act is Act.CALL and state == State.DONE:
        verdict.add(FALSE_GONE, [f"{answer.says}: called done by that very answer"])
    if seconds > deadline + GRACE or (answer.full and seconds < deadline - GRACE):
        verdict.add(LOST, [f"{answer.says}: took {seconds:.1f} s with a deadline of {deadline:.0f} s"])
    crew.everything()
    verdict.merge(check(given.world), answer.says)
    if Run.objects.get(pk=pk).state != State.DONE:
        verdict.add(LOST, [f"{answer.says}: the removal did not come to its end by itself"])
    return seconds


def run(given: Given) -> Measured:
    verdict, deadline = Verdict(), DEADLINE if given.long else 3.0
    keyring.gateway_for = partial(keyring.gateway_for, deadline=deadline)
    SCENARIOS[STEP]()
    given.world.keep("due")
    chosen = ANSWERS if given.long else [ANSWERS[number] for number in SHORT]
    longest = max(trial(given, answer, deadline, verdict) for answer in chosen)
    return Measured(
        "; ".join(answer.says for answer in chosen),
        f"{verdict.says(LOST, FALSE_GONE, TWICE)}; the longest call: {longest:.1f} s, deadline {deadline:.0f} s",
        verdict.faults,
    )


CASE = Case(
    8, "answers that drip, swell, are no JSON, or redirect: ended by the deadline, classed rightly", run
)
