"""What a fresh read says about a place whose access was taken away."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from offboarding.discovery.rules import READ_ONLY, Outcome, Sighting, given_again, grants
from offboarding.execution.rules import Seen
from offboarding.work.rules import ENDED, State


def gone(choice: str, seen: Sighting) -> bool:
    """True if the place is as the plan wants it: nothing left, or only read-only where that was planned."""
    if seen.outcome is Outcome.ABSENT:
        return True
    if choice != "downgrade" or seen.outcome is not Outcome.MEMBER or seen.groups:
        return False
    return all(role.role in READ_ONLY for role in seen.roles)


def says(choice: str, seen: Sighting, workspace: str) -> str:
    if seen.outcome is Outcome.ABSENT:
        return f"not among members, groups and invitations of {workspace}"
    if gone(choice, seen):
        return f"only read-only in {workspace}, as planned: {seen.says()}"
    return f"still has access to {workspace}: {seen.says()}"


class Back(StrEnum):
    """What a restoration brought back, against what was held before."""

    EXACTLY = "exactly"
    INVITED = "invited"
    LESS = "less"
    MORE = "more"


def compared(
    seen: Sighting, before: Sequence[Mapping[str, Any]] | None, groups: Collection[str]
) -> tuple[Back, str]:
    """How a place stands against what was held, as sets, and a few words. Nothing known of before: all is too much."""
    if seen.outcome is not Outcome.MEMBER:
        if seen.outcome is Outcome.INVITED:
            return Back.INVITED, f"invited as {', '.join(seen.invitations)}, not accepted yet"
        return Back.LESS, "neither a member nor invited"
    given = [given_again(role) for role in seen.roles if not role.group]
    held = grants(each for each in given if each is not None)
    wanted, joined = grants(before or ()), {key for key, _ in seen.groups}
    if None in given or held - wanted or joined - set(groups):
        return Back.MORE, f"holds more than before: {seen.says()}"
    if wanted - held or set(groups) - joined:
        return Back.LESS, f"holds less than before: {seen.says()}"
    return Back.EXACTLY, f"holds exactly what was held before: {seen.says()}"


class Now(StrEnum):
    """How a place stands, from pale to green. Only VERIFIED says gone, and only a fresh read makes it so."""

    KEPT = "kept"
    NOT_STARTED = "not started"
    WAITING = "waiting"
    RUNNING = "running"
    CALLED = "called"  # accepted or done by hand, but not read again by us
    VERIFIED = "verified"
    NEEDS_PERSON = "needs person"
    CAME_BACK = "came back"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Doing:
    """One run in a place, as far as the place's standing goes."""

    verifies: bool
    follow_up: bool
    state: State
    ended: str
    sentence: str
    waiting_for: str
    gives: bool = False  # gives first or back, or looks at what was given so
    again: bool = False  # gives again what the same plan has removed, or looks at that


@dataclass(frozen=True, slots=True)
class Told:
    """The newest finding about a place."""

    seen: Seen
    came_back: bool
    says: str
    follow_up: bool = False  # seen by a look weeks later, whatever had been said of the place by then


VERIFIED = {"downgrade": "Read-only, as planned", "reduce": "Reduced, as planned"}


def standing(choice: str, doings: Sequence[Doing], told: Told | None) -> tuple[Now, str]:
    """How a place stands and a sentence about it."""
    if choice == "keep":
        return Now.KEPT, "Unchanged, on purpose"
    if choice == "restore" and (now := given_back(doings, told)):
        return now
    again, doings = [each for each in doings if each.again], [each for each in doings if not each.again]
    if again and (now := returned(again)):
        return now
    if told and (told.came_back or (told.follow_up and told.seen is Seen.PRESENT)):
        return Now.CAME_BACK, told.says
    checks = [doing for doing in doings if doing.verifies and not doing.follow_up and not doing.gives]
    acts = [doing for doing in doings if not doing.verifies and not doing.follow_up and not doing.gives]
    if told and told.seen is Seen.ABSENT and all(check.state is State.DONE for check in checks):
        return Now.VERIFIED, VERIFIED.get(choice, "Gone")
    if stuck := [doing for doing in [*acts, *checks] if doing.state is State.NEEDS_PERSON]:
        return Now.NEEDS_PERSON, stuck[0].sentence
    if choice != "restore" and (now := given_first([doing for doing in doings if doing.gives])):
        return now
    return unverified(checks, acts)


def given_first(gives: Sequence[Doing]) -> tuple[Now, str] | None:
    """A place where another account takes over, until it has: nothing is taken away so long."""
    if stuck := [doing for doing in gives if doing.state is State.NEEDS_PERSON]:
        return Now.NEEDS_PERSON, stuck[0].sentence
    if any(doing.state in (State.RUNNING, State.VERIFYING, State.UNKNOWN, State.READY) for doing in gives):
        return Now.RUNNING, "Giving to the account that stays"
    if waits := [doing for doing in gives if doing.state is State.WAITING and doing.waiting_for]:
        return Now.WAITING, waits[0].waiting_for
    return None


def given_back(doings: Sequence[Doing], told: Told | None) -> tuple[Now, str] | None:
    """A restored place until its end begins: kept on purpose, and nothing said of it being gone. None from then on."""
    gives = [doing for doing in doings if doing.gives]
    ends = [doing for doing in doings if not doing.gives and not doing.follow_up]
    if any(doing.state not in (State.WAITING, State.CANCELLED) for doing in ends):
        return None
    if stuck := [doing for doing in gives if doing.state is State.NEEDS_PERSON]:
        return Now.NEEDS_PERSON, stuck[0].sentence
    if any(doing.state in (State.RUNNING, State.VERIFYING, State.UNKNOWN, State.READY) for doing in gives):
        return Now.RUNNING, "Giving back"
    done = [doing for doing in gives if doing.state is State.DONE]
    if waits := [doing for doing in gives if done and doing.state is State.WAITING]:
        return Now.WAITING, waits[0].waiting_for or "Given back, to be read"
    if done:
        return Now.KEPT, f"On purpose, until its end: {done[-1].sentence}"
    if gives and all(doing.state is State.CANCELLED for doing in gives):
        return Now.SKIPPED, gives[0].sentence
    return Now.WAITING, "To be given back"


def returned(again: Sequence[Doing]) -> tuple[Now, str] | None:
    """A place that was emptied and is filled again, on purpose. None until that begins, and where it is skipped."""
    if all(doing.state in (State.WAITING, State.CANCELLED) and not doing.waiting_for for doing in again):
        return None
    if stuck := [doing for doing in again if doing.state is State.NEEDS_PERSON]:
        return Now.NEEDS_PERSON, stuck[0].sentence
    if any(doing.state in (State.RUNNING, State.VERIFYING, State.UNKNOWN, State.READY) for doing in again):
        return Now.RUNNING, "Removed; giving again"
    if waits := [doing for doing in again if doing.state is State.WAITING]:
        return Now.WAITING, waits[0].waiting_for or "Removed and given again, to be read"
    done = [doing for doing in again if doing.state is State.DONE]
    return (Now.KEPT, f"Removed, and given again: {done[-1].sentence}") if done else None


def unverified(checks: Sequence[Doing], acts: Sequence[Doing]) -> tuple[Now, str]:
    if checks and all(check.state in ENDED for check in checks):
        if any(check.ended == "by hand" for check in checks):
            return Now.CALLED, "Checked by hand, not read by us"
        return Now.SKIPPED, checks[0].sentence
    if busy := [doing for doing in acts if doing.state in (State.RUNNING, State.VERIFYING, State.UNKNOWN)]:
        return Now.RUNNING, busy[0].sentence or "Removing"
    if acts and all(doing.state in ENDED for doing in acts):
        if any(doing.state is State.DONE for doing in acts):
            return Now.CALLED, "Removed, to be read again"
        return Now.SKIPPED, acts[0].sentence
    if paused := [doing for doing in acts if doing.state is State.WAITING and doing.waiting_for]:
        return Now.WAITING, paused[0].waiting_for
    return Now.NOT_STARTED, "Not started"


# ---------------------------------------------------------------- clocks


def gone_since(findings: Iterable[tuple[Seen, datetime]]) -> datetime | None:
    """From the findings about one place, oldest first: since when all of them say absent. Unknown says nothing."""
    since: datetime | None = None
    for seen, at in findings:
        if seen is Seen.PRESENT:
            since = None
        elif seen is Seen.ABSENT and since is None:
            since = at
    return since


def late_before(
    filed: datetime, approved: datetime | None, due: datetime, now: datetime, *, emergency: bool
) -> str:
    """What made a removal late before any work could begin, in a few words; empty if nothing did.

    An emergency is released without an approval, so it is never late for want of one.
    """
    if filed > due:
        return "asked for after the limit"
    if not emergency and (approved or now) > due:
        return "approved after the limit" if approved else "not approved yet"
    return ""
