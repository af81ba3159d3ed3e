"""The states of everything slow, and the moves between them."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"  # for another item, a time or a sync; `waiting_for` says which
    READY = "ready"  # due at `not_before`
    RUNNING = "running"  # somebody holds the lease
    UNKNOWN = "unknown"  # a call was sent and its effect is not known; look before anything else
    VERIFYING = "verifying"  # the call was accepted; a later look decides
    NEEDS_PERSON = "needs_person"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


DUE = (State.WAITING, State.READY, State.UNKNOWN, State.VERIFYING)
ENDED = (State.DONE, State.FAILED, State.CANCELLED)

MOVES: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.READY, State.RUNNING, State.NEEDS_PERSON, State.DONE, State.CANCELLED}),
    State.READY: frozenset({State.WAITING, State.RUNNING, State.NEEDS_PERSON, State.CANCELLED}),
    State.RUNNING: frozenset(State),
    State.UNKNOWN: frozenset({State.RUNNING, State.NEEDS_PERSON, State.CANCELLED}),
    State.VERIFYING: frozenset({State.RUNNING, State.NEEDS_PERSON}),
    State.NEEDS_PERSON: frozenset({State.READY, State.WAITING, State.DONE, State.CANCELLED}),
    State.DONE: frozenset({State.NEEDS_PERSON}),  # a sign-off taken back
    State.FAILED: frozenset({State.READY, State.NEEDS_PERSON}),
    State.CANCELLED: frozenset(),
}

CRASHES_BEFORE_PARKING = 3

# What a row waits for that would have changed something while the engine stands still.
STILL = "The engine stands still. Next look"
# Meanwhile it is looked at again now and then, since somebody else may have done it.
LOOKS_WHILE_STILL = timedelta(hours=1)


def may_move(here: State, there: State) -> bool:
    return there in MOVES[here]


def back_off(tries: int, spread: float) -> timedelta:
    """How long until the next try: 2, 4, 8 … seconds, at most 5 minutes, with jitter.

    `spread` is a number from 0 to 1 that the caller draws, so that many rows do not come back together.
    """
    seconds = min(300.0, 2.0 ** min(tries, 9))
    return timedelta(seconds=seconds * (0.75 + 0.5 * spread))
