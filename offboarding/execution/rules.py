"""What was seen, what to do next, and what to say about it. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from offboarding.directory.rules import Scope
from offboarding.lib.addresses import fold
from offboarding.users.rules import Role
from offboarding.work.rules import State


class Seen(StrEnum):
    """The three values of every look."""

    ABSENT = "absent"
    PRESENT = "present"
    UNKNOWN = "unknown"


class Act(StrEnum):
    """What an attempt was."""

    LOOK = "look"
    CALL = "call"


class Result(StrEnum):
    """How an attempt was closed. An attempt without one was cut off: its effect is unknown."""

    SEEN = "seen"
    ACCEPTED = "accepted"
    NOT_APPLIED = "not applied"
    ABSENT = "absent"
    UNKNOWN = "unknown"


# In the facts of an attempt that Segment answered with "wait".
PAUSED = "paused"


class Ended(StrEnum):
    """How a run came to its end."""

    CHANGED = "changed"
    ALREADY = "already"
    BY_HAND = "by hand"
    WAIVED = "waived"
    CANCELLED = "cancelled"
    NOTHING_TO_DO = "nothing to do"


class Ruled(StrEnum):
    """What a person decided where only a person may."""

    TAKE = "take"  # a key that appeared is the new one
    ADD = "add"  # add a key all the same
    LOST = "lost"  # the new key is lost: another one


class Cause(StrEnum):
    """Why a person is needed. Each has its remedy on the step's page."""

    MANUAL = "manual"
    TOKEN_REFUSED = "token-refused"
    NOT_ALLOWED = "not-allowed"
    OWNER_NEEDED = "owner-needed"
    LAST_OWNER = "last-owner"
    OWN_ACCOUNT = "own-account"
    SCIM_MANAGED = "scim-managed"
    NO_SUCH_FEATURE = "no-such-feature"
    DECLINED = "declined"
    STILL_THERE = "still-there"
    CAME_BACK = "came-back"
    NOT_FOUND = "not-found"
    NOT_REACHED = "not-reached"
    DOUBT = "doubt"
    NO_EVENT = "no-event"
    FELL = "fell"
    LOGIN_WANTED = "login-wanted"
    LOGIN_REFUSED = "login-refused"
    TAKEN_OVER = "taken-over"
    CRASHED = "crashed"
    PAUSED = "paused"
    NOT_AS_BEFORE = "not-as-before"
    NOT_AS_PLANNED = "not-as-planned"
    APPROVAL_FELL = "approval-fell"


# What failed has ended too, but nothing may follow from it until a person decides.
SETTLED = (State.DONE, State.CANCELLED)
STOPPED = (State.NEEDS_PERSON, State.FAILED)


class Halt(StrEnum):
    """Why no call may begin now."""

    NOT_APPROVED = "not approved"
    PAUSED = "paused"
    REST_CANCELLED = "rest cancelled"
    APPROVAL_FELL = "approval fell"


def halts(approved: bool, paused: bool, rest_cancelled: bool) -> Halt | None:
    """What stands between a step and its next call; None if nothing does."""
    if not approved:
        return Halt.NOT_APPROVED
    if rest_cancelled:
        return Halt.REST_CANCELLED
    return Halt.PAUSED if paused else None


class Fate(StrEnum):
    """What becomes of a step when the rest is cancelled."""

    ENDED = "ended"  # it has ended before
    CANCELLED = "cancelled"
    SEEN_OUT = "seen out"  # looked at to its end; nothing more is called


def fate(
    *,
    ended: bool,
    stopped: bool,
    looks: bool,
    ends: bool,
    seals: bool,
    called: bool,
    in_doubt: bool,
    place_called: bool,
) -> Fate:
    """`looks`: it only reads. `ends`: it takes away again what was given for a time. `called`: a call of its own was
    accepted, or may have had an effect; `in_doubt`: nobody has looked long enough since. `place_called`: something was
    called, or done by hand, in its workspace.
    """
    if ended:
        return Fate.ENDED
    if seals or ((looks or ends) and place_called):
        return Fate.SEEN_OUT
    if called and (in_doubt or not stopped):
        return Fate.SEEN_OUT
    return Fate.CANCELLED


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look saw: whether the access is still there, a sentence, and the facts behind it."""

    seen: Seen
    says: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    # A known reason not to act, found by looking: (cause, sentence, remedy).
    blocked: tuple[Cause, str, str] | None = None
    # How the run ends where that is less than "seen to be so": nothing could be compared, or there was nothing to do.
    ends: Ended | None = None
    # What comes next is not what was called before, so nobody waits for the effect of that.
    afresh: bool = False
    # What stood in our own records already and was not asked for again: kept as evidence beside the calls.
    beside: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class History:
    """What a run has behind it, counted from its attempts."""

    answered: int = 0  # calls that Segment accepted, or said that there is nothing to act on
    doubtful: int = 0  # calls whose effect is not known
    looks_since_call: int = 0
    calls: int = 0  # answered or doubtful, since a person last asked for a new try
    troubles: int = 0  # looks in a row, or calls in a row, that came to nothing; waiting for Segment is none


# After a call was accepted, how long the next looks wait. Effects that land later than all of this are acted on again.
SETTLE = tuple(timedelta(seconds=seconds) for seconds in (1, 2, 4, 8, 15, 30))
CALLS_AT_MOST = 3
TROUBLES_AT_MOST = 10
UNDO_FOR = timedelta(minutes=10)


class Waits(StrEnum):
    """How a step waits, as far as people can do something about it."""

    NOT = "not"  # it is at work, has ended, or its turn has not come
    STOPPED = "stopped"
    NEXT_TRY = "next try"  # it would go on by itself a little later
    DUE = "due"
    RESTS = "rests"  # the work on the request is paused


def waits_as(state: State, timed: bool, cause: str, at: str, begun: bool) -> Waits:
    """`timed`: it goes on at a time. `at`: it has a date of its own; before that, waiting is what was approved."""
    if state in (State.NEEDS_PERSON, State.FAILED):
        return Waits.STOPPED
    if state is State.READY:
        return Waits.DUE
    if state is not State.WAITING:
        return Waits.NOT
    if cause == Cause.PAUSED:
        return Waits.RESTS
    return Waits.NEXT_TRY if timed and (begun or not at) else Waits.NOT


def may_retry(waits: Waits, manual: bool) -> bool:
    return not manual and waits in (Waits.STOPPED, Waits.NEXT_TRY)


def may_take_over(waits: Waits, manual: bool) -> bool:
    return not manual and waits is not Waits.NOT


def settles_in(history: History) -> timedelta | None:
    """How long to wait before the next look after a call; None when waiting has been enough."""
    if not history.answered and not history.doubtful:
        return None
    return SETTLE[history.looks_since_call] if history.looks_since_call < len(SETTLE) else None


def may_call_again(history: History, at_most: int = CALLS_AT_MOST) -> bool:
    return history.calls < at_most


# What these steps look for comes about some time after their turn has come: who looks at once only looks twice, and keeps
# from its turn what could be seen already.
NOT_AT_ONCE = {"verify.audit_events": timedelta(seconds=5)}


def first_look_after(step: str) -> timedelta:
    return NOT_AT_ONCE.get(step, timedelta(0))


REMEDIES: dict[Cause, str] = {
    Cause.MANUAL: "Do what the step says, attach the proof and sign off.",
    Cause.APPROVAL_FELL: "Somebody else approves it on the request's page; this then goes on by itself.",
    Cause.PAUSED: "Somebody paused the request. It goes on when the work is resumed on the request's page.",
    Cause.TAKEN_OVER: "Do it by hand, attach the proof and sign off.",
    Cause.OWNER_NEEDED: "An Owner makes a token with the level Workspace Owner and enters it in Setup > Connections, then try "
    "again. Or an Owner does it by hand, with proof.",
    Cause.CAME_BACK: "Find out what adds the person: SCIM, SSO at sign-in, or somebody. End that first, at the identity provider "
    "where it manages the workspace. Then file a new request: this one has removed what was approved.",
    Cause.NOT_FOUND: "Open the workspace in Segment and look whether it was removed or renamed meanwhile. Then try again, or do "
    "it by hand with proof.",
    Cause.TOKEN_REFUSED: "An Owner makes a new token and enters it in Setup > Connections; the step then goes on by itself. "
    "Or do it by hand with proof.",
    Cause.NOT_ALLOWED: "Our token is too weak for this, or the plan lacks the feature. An Owner makes a token with the level "
    "Workspace Owner. Or do it by hand with proof.",
    Cause.LAST_OWNER: "Make someone else Owner first, then try again.",
    Cause.OWN_ACCOUNT: "Nobody can remove themself. Another Owner does it by hand, with proof.",
    Cause.SCIM_MANAGED: "Take the person out of the identity provider's group first, then try again.",
    Cause.NO_SUCH_FEATURE: "The workspace's plan does not have this. Do it by hand with proof, or skip it with a reason.",
    Cause.DECLINED: "Read what Segment answered below. Then try again, or do it by hand with proof.",
    Cause.STILL_THERE: "Open the workspace in Segment and look. Then try again, or do it by hand with proof.",
    Cause.NOT_REACHED: "Segment could not be reached many times in a row. Check the connection, then try again.",
    Cause.DOUBT: "Open the workspace in Segment and look what is there. Then try again, or do it by hand with proof.",
    Cause.CRASHED: "Something in Offboard fails here. Try again, or do it by hand with proof; tell your administrator.",
    Cause.FELL: "Look at what is named in Segment. If the person's access kept it working, restore it temporarily and find "
    "out why; else check again, or skip this with the reason.",
    Cause.NOT_AS_BEFORE: "Open the workspace in Segment and decide what can be given back without giving more than before. Do it "
    "by hand with proof, or skip this with a reason.",
    Cause.NOT_AS_PLANNED: "Somebody changed the access meanwhile. Look in the audit trail who did, and set right in Segment what "
    "should be otherwise; then check again. If it may stay so, skip this and say why.",
    Cause.LOGIN_WANTED: "Make a new login at the database, with the rights of the old one. Then enter it here: it is kept "
    "sealed until Segment has it.",
    Cause.LOGIN_REFUSED: "Look at the login at the database. Then enter it again, or try again what was entered: it is still "
    "kept, sealed. Or do it by hand with proof.",
    Cause.NO_EVENT: "An Owner exports the audit trail of the workspace as CSV (Settings > Workspace settings > Admin > Audit "
    "Trail), and it is added at Setup > Connections > the workspace > Audit trail: this goes on by itself when its events are "
    "found. Or attach the file here and sign off, or skip this with a reason.",
}


@dataclass(frozen=True, slots=True)
class Work:
    """What a step needs to know of its item: plain values, frozen with the plan."""

    workspace: str
    addresses: tuple[str, ...]
    accounts: tuple[tuple[str, str], ...]  # (id, e-mail) as seen when the plan was made
    target: Mapping[str, Any]
    since: datetime  # when the removal began
    known: Mapping[str, Any] = field(default_factory=dict)  # what the step's `recall` gave

    @property
    def identities(self) -> tuple[set[str], set[str]]:
        """Ids and folded addresses that are this item's: of its account, or of the person where none was seen."""
        emails = [email for _, email in self.accounts] or list(self.addresses)
        return {key for key, _ in self.accounts}, {fold(email) for email in emails}

    @property
    def person(self) -> str:
        return self.accounts[0][1] if self.accounts else self.addresses[0]


def proof_wanted(required: str, taken_over: bool) -> str:
    """What a sign-off has to show: a screenshot, a file, nothing. What was meant to run by itself always needs proof."""
    return required or ("file" if taken_over else "")


def proof_missing(required: str, attached: Sequence[str], taken_over: bool = False) -> str:
    """Why a step cannot be signed off yet; empty if it can. `attached` are the media types of the files.

    A screenshot is a picture, or a PDF that holds one; a text cannot show what was on a screen.
    """
    required = proof_wanted(required, taken_over)
    shows = [kind for kind in attached if kind.startswith("image/") or kind == "application/pdf"]
    if required and not (shows if required == "screenshot" else attached):
        return f"Attach the {required} that shows it, then sign off."
    return ""


WORKERS = (Role.OPERATOR, Role.SECURITY)


def may_not_work(
    scope: Scope, clients: frozenset[int], addresses: Sequence[str], apart: Collection[int] = ()
) -> str:
    """Why this person may not act on the steps of a removal, in a sentence; empty if they may.

    `apart`: those who approved it under a policy that keeps approving and doing apart.
    """
    if scope.is_one_of(addresses):
        return "This is about your own access, so someone else does it."
    if not scope.covers(clients, *WORKERS):
        return "Only operators and security of every client in this request work on its steps."
    if scope.user_id in apart:
        return (
            "You approved this request, and its policy keeps approving and doing apart. Someone else does it."
        )
    return ""
