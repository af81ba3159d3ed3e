"""Every situation of a request and every standing of a step, each reached on purpose: what is allowed there goes through, and
what is not is refused. Random walks go deeper, but come by seldom visited places by luck.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from offboarding.execution.models import Run
from offboarding.work.actions import claim
from tests.faults import acts, crew, moves
from tests.faults.walk import RUN, Walk

REMOVES = "segment.remove_member"
FORBIDDEN = {
    "do": "answer",
    "status": 403,
    "body": {"errors": [{"type": "forbidden", "message": "Forbidden"}]},
}


def begun() -> Walk:
    walk = Walk()
    walk.set_out("running", 1)
    return walk


def removing(walk: Walk) -> int:
    """The step that removes the member, due and not yet worked on."""
    return crew.until_due(walk.removal, REMOVES).pk


def in_trouble(method: str, what: dict[str, Any]) -> Callable[[Walk], None]:
    def bring(walk: Walk) -> None:
        pk = removing(walk)
        walk.world.segment.ask("POST", "trouble", {**what, "match": {"method": method}, "count": 1})
        crew.one_turn(RUN, pk)

    return bring


def hold(walk: Walk) -> None:
    held = claim(Run, removing(walk))
    assert held is not None
    walk.held.append(held)


def rest(walk: Walk) -> None:
    pk = removing(walk)
    walk.attempt("pause", "olga", 1)
    crew.one_turn(RUN, pk)


def remove(walk: Walk) -> None:
    crew.turns(RUN, removing(walk))
    walk.route()


def by_hand(move: str) -> Callable[[Walk], None]:
    """One step that only people do is signed off, or skipped."""

    def bring(walk: Walk) -> None:
        crew.until_due(walk.removal, REMOVES)
        for row in acts.rows():
            if moves.step_allows(walk.request, move, row, "olga") and walk.attempt_step(move, row, "olga"):
                return
        raise AssertionError(f"nothing to {move}")

    return bring


def close(walk: Walk) -> None:
    """What is left has its date then."""
    remove(walk)
    crew.turns(RUN, crew.until_due(walk.removal, "verify.place").pk)
    for row in acts.rows():
        if not row["at"] and moves.step_allows(walk.request, "skip", row, "olga"):
            walk.attempt_step("skip", row, "olga")
    walk.route()


def nothing(_walk: Walk) -> None:
    """It is there from the beginning."""


# How each standing comes about, from a request whose work has begun.
STANDINGS: dict[str, Callable[[Walk], object]] = {
    "waits for others": nothing,
    "ready": removing,
    "by hand": nothing,
    "held": hold,
    "rests": rest,
    "waits for its next try": in_trouble("GET", {"do": "reset_before"}),
    "unknown": in_trouble("DELETE", {"do": "reset_after"}),
    "verifying": in_trouble("DELETE", {"do": "no_effect"}),
    "stopped": in_trouble("GET", FORBIDDEN),
    "waits for its date": close,
    "done": remove,
    "signed off": by_hand("sign off"),
    "skipped": by_hand("skip"),
}
ENTITLED = ("alice", "bob", "olga", "sam")


def tour() -> list[str]:
    """What went otherwise than the model says, in a sentence each. `Walk.world` and `Walk.tally` are set."""
    wrong = list[str]()
    for where in moves.SITUATIONS:
        wrong += told(f"a request that is {where}", lambda where=where: situation(where))
    for where in moves.STANDINGS:
        wrong += told(f"a step that {where}", lambda where=where: standing(where))
    return wrong


def deaths(moments: Iterable[int]) -> list[str]:
    """A process dies at each of these moments of a removal's own turn; the removal ends right all the same."""
    wrong = list[str]()
    for moment in moments:
        wrong += told(f"a worker that dies at moment {moment}", lambda moment=moment: death(moment))
    return wrong


def death(moment: int) -> None:
    walk = begun()
    walk.turn_and_die(removing(walk), moment)
    ended(walk)


def told(what: str, visit: Callable[[], None]) -> list[str]:
    try:
        visit()
    except Exception as error:
        return [f"{what}: {type(error).__name__}: {error}"]
    return []


def situation(where: str) -> None:
    for move in (None, *(move for move, allowed in moves.REQUEST.items() if where in allowed)):
        walk = Walk()
        walk.set_out(where, 2)
        assert walk.request.situation == where
        if move is None:
            forbidden(walk)
        else:
            do(walk, move)
        ended(walk)


def do(walk: Walk, move: str) -> None:
    """What has to be done before it is done first."""
    if move == "file":
        walk.attempt("choose", moves.LEAD, 1)
        walk.attempt("describe", moves.LEAD, 1)
    who = next(each for each in moves.PEOPLE if walk.request.allows(move, each))
    walk.attempt(move, who, 1)


def standing(where: str) -> None:
    for move in (None, *(move for move, allowed in moves.STEP.items() if where in allowed)):
        walk = begun()
        STANDINGS[where](walk)
        if move is None:
            forbidden(walk)
        else:
            able = [row for row in acts.rows() if moves.step(row) == where]
            assert any(work(walk, move, row) for row in able), f"no step that {where} lets anybody {move}"
        ended(walk)


def work(walk: Walk, move: str, row: dict[str, Any]) -> bool:
    who = next((each for each in moves.WORKERS if moves.step_allows(walk.request, move, row, each)), "")
    return bool(who) and walk.attempt_step(move, row, who)


def forbidden(walk: Walk) -> None:
    for who in ENTITLED:
        walk.everything_forbidden(who)


def ended(walk: Walk) -> None:
    """All invariants once, and the end of the walk with its own questions."""
    for each in walk.invariants:
        each.function(walk)
    walk.teardown()
