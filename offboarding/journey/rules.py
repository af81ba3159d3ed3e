"""Whose turn it is. Pure: facts about runs in, decisions out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from offboarding.execution.rules import Cause
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class Standing:
    """One item as the route sees it."""

    number: int
    step: str
    at: str
    automatic: bool
    state: State
    cause: str
    has_time: bool
    waits_for: tuple[int, ...]
    blocks_closing: bool
    token_works: bool
    answers_again: bool  # the connection's circuit has closed since the step gave up


# What failed has ended too, but nothing may follow from it until a person decides.
SETTLED = (State.DONE, State.CANCELLED)
# Helps, but holds nothing up: what waits for it goes on even if it stopped.
HELPS = ("verify.measure_before",)
STOPPED = (State.NEEDS_PERSON, State.FAILED)
# Closing itself lets go of this one.
SEALING = "packet.seal"
# So many are let go of before the engine hands out work again: a long checklist must not hold its own first step.
AT_ONCE = 40


def to_release(items: Sequence[Standing], at_most: int = AT_ONCE) -> list[int]:
    """Items whose turn has come: everything that they wait for is done or skipped. First what the engine can do itself."""
    over = {item.number for item in items if is_over(item)}
    free = [item for item in items if item.state is State.WAITING and is_free(item, over)]
    return [item.number for item in sorted(free, key=lambda item: not item.automatic)][:at_most]


def is_over(item: Standing) -> bool:
    return item.state in SETTLED or (item.step in HELPS and item.state in STOPPED)


def is_free(item: Standing, over: set[int]) -> bool:
    if item.has_time or item.at or item.step == SEALING or item.cause == Cause.PAUSED:
        return False
    return over.issuperset(item.waits_for)


def to_wake(items: Sequence[Standing]) -> list[int]:
    """Items that their connection stopped, and whose connection works again."""
    return [item.number for item in items if item.state is State.NEEDS_PERSON and works_again(item)]


def works_again(item: Standing) -> bool:
    if item.cause == Cause.TOKEN_REFUSED:
        return item.token_works
    return item.cause == Cause.NOT_REACHED and item.answers_again


def to_go_on(items: Sequence[Standing]) -> list[int]:
    """Items that rested during a pause. Ask only when it is over."""
    return [item.number for item in items if item.state is State.WAITING and item.cause == Cause.PAUSED]


def may_close(items: Sequence[Standing]) -> bool:
    """Everything that closing waits for has ended well: verified, done by hand, or skipped with a reason."""
    return bool(items) and all(item.state in SETTLED for item in items if item.blocks_closing)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request did in one place, as far as giving it back goes."""

    member: bool  # it was a membership, so that what was held is known
    ended: bool  # the work there has ended, and was read again
    taken: bool  # something was taken away


def why_not_restored(place: Taken) -> str:
    """Why access to a place cannot come back through a restoration, in a sentence; empty if it can."""
    if not place.member:
        return "What was held there is not known, so nothing can be given back. Invite the person in Segment."
    if not place.ended:
        return "The work there has not ended yet."
    return "" if place.taken else "Nothing was taken away there."
