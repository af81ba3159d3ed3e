"""Whose turn it is. Pure: facts about runs in, decisions out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """What never changes of an item, as far as the route asks."""

    step: str
    at: str
    automatic: bool
    waits_for: tuple[int, ...]


# Helps, but holds nothing up: what waits for it goes on even if it stopped.
HELPS = ("verify.measure_before",)
# Closing itself lets go of this one.
SEALING = "packet.seal"
# So many are let go of before the engine hands out work again: a long checklist must not hold its own first step.
AT_ONCE = 40
# Requests that nothing happened to: so many in each turn of the first round, and then.
AT_ONCE_AT_FIRST = 25
IN_ORDER = 2


def to_release(lines: Mapping[int, Line], waiting: Collection[int], over: set[int]) -> list[int]:
    """Items whose turn has come: everything that they wait for is over. First what the engine can do itself.

    By number, all of them: `lines` of the checklist, what waits for other items, and what holds nothing up any more.
    """
    free = [n for n in waiting if is_free(lines[n]) and over.issuperset(lines[n].waits_for)]
    return sorted(free, key=lambda number: (not lines[number].automatic, number))


def is_free(line: Line) -> bool:
    """What has a date of its own, or is let go of by the closing, is not the route's."""
    return not line.at and line.step != SEALING


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
