"""What a token looks like, and what a test of a connection says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import IntEnum, StrEnum

# Where each region of Segment answers (Segment: Public API, Getting Started).
ADDRESSES = {"us": "https://api.segmentapis.com", "eu": "https://eu1.api.segmentapis.com"}
SHORTEST, LONGEST = 20, 500
# So many calls in a row without a clear answer, and the circuit of the connection opens.
TROUBLES_TO_OPEN = 8
MINUTE = 60.0  # seconds: the span that Segment's published limits are for


class Pace(IntEnum):
    """How much of a rate limit, in percent, a call may find used up and still go out.

    A turn that has begun goes on a little longer than a new one begins: a list that is dropped half-read is read anew.
    """

    SPARE = 40  # what nobody waits for
    BEGIN = 70
    GO_ON = 80
    URGENT = 100  # the rest is kept for removals that cannot wait


# How long somebody's wish for another environment waits for a second person.
WISH_LASTS = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Wish:
    """That a workspace is of another environment. Nothing counts as long as one person alone says so."""

    environment: str
    by: int
    at: datetime

    def waits(self, now: datetime) -> bool:
        return now - self.at < WISH_LASTS


def agrees(wish: Wish | None, environment: str, by: int, now: datetime) -> bool:
    """True if this is the second person's word for it; false if it is a first one's."""
    return wish is not None and wish.waits(now) and wish.environment == environment and wish.by != by


def refuses_environment(
    wish: Wish | None, environment: str, by: int, administers: bool, now: datetime
) -> str:
    """Why another environment cannot be wished for or agreed to, in a sentence; empty if it can."""
    if wish is None or not wish.waits(now) or wish.environment != environment:
        return ""
    if wish.by == by:
        return "You asked for this environment already. It counts once another administrator of the client saves the same."
    return (
        ""
        if administers
        else "Somebody asked for this environment already. An administrator of the client agrees to it."
    )


class Outcome(StrEnum):
    WORKS = "works"
    FAILS = "fails"
    LACKS = "lacks"  # it goes without, but not as well
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a connection. `says` is the answer in a sentence, `remedy` what to do about it."""

    asks: str
    outcome: Outcome
    says: str = ""
    remedy: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Tested:
    checks: tuple[Check, ...]

    @property
    def works(self) -> bool:
        return all(check.outcome in (Outcome.WORKS, Outcome.LACKS) for check in self.checks)

    @property
    def failed(self) -> Check | None:
        return next((check for check in self.checks if check.outcome is Outcome.FAILS), None)

    @property
    def refused(self) -> Check | None:
        """The token itself was refused: not a silence, and not a wish to wait."""
        return next((check for check in self.checks if check.refused), None)


def mistyped(token: str) -> str:
    """What is wrong with a pasted token before anybody is asked, in a sentence; empty if nothing. Never quotes it."""
    if not token:
        return "Paste the token."
    if token.lower().startswith(("bearer ", "bearer\t")):
        return "Paste the token alone, without the word Bearer."
    if any(sign.isspace() for sign in token):
        return "There are spaces or line breaks inside the token. Copy it again in one piece."
    if not token.isascii() or not token.isprintable():
        return "The token holds a sign that no Segment token has. Copy it again from Segment."
    if len(token) < SHORTEST:
        return "That is too short for a Segment token. Copy all of it."
    if len(token) > LONGEST:
        return "That is too long for a Segment token. Copy the token alone."
    return ""


def open_for(troubles: int) -> timedelta:
    """How long the circuit stays open after so many troubles: half a minute, doubling, at most five minutes."""
    return timedelta(seconds=min(300.0, 30.0 * 2 ** min(troubles - TROUBLES_TO_OPEN, 8)))


def allowed(per_minute: int, pace: Pace, share: int = 1) -> int:
    """Calls a minute for one of `share` processes, at least one."""
    return max(1, per_minute * pace // 100 // share)


def is_old(set_at: datetime, now: datetime, after: timedelta) -> bool:
    return now - set_at >= after


@dataclass(frozen=True, slots=True)
class SupportHours:
    """When somebody at the client can help: ISO weekdays, and the time of day, in one zone."""

    days: str
    begins: time
    ends: time
    zone: tzinfo

    def open_at(self, moment: datetime) -> bool:
        local = moment.astimezone(self.zone)
        return str(local.isoweekday()) in self.days and self.begins <= local.time() < self.ends

    def next_open(self, moment: datetime) -> datetime:
        """The moment itself, or the next one at which somebody is there."""
        if self.open_at(moment):
            return moment
        local = moment.astimezone(self.zone)
        for ahead in range(8):
            day = local.date() + timedelta(days=ahead)
            begins = datetime.combine(day, self.begins, self.zone)
            if str(day.isoweekday()) in self.days and begins >= local:
                return begins
        raise ValueError("support hours without a day")


def wrong_hours(days: str, begins: time | None, ends: time | None) -> str:
    """Why these cannot be support hours, in a sentence; empty if they can, or if there are none."""
    if not days and begins is None and ends is None:
        return ""
    if not days:
        return "Choose the days on which somebody can help."
    if begins is None or ends is None:
        return "Give the times from and until which somebody can help."
    if begins >= ends:
        return "Support hours end after they begin. Change one of the two times."
    return ""
