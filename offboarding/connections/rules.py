"""What a token looks like, and what a test of a connection says. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# Where each region of Segment answers (Segment: Public API, Getting Started).
ADDRESSES = {"us": "https://api.segmentapis.com", "eu": "https://eu1.api.segmentapis.com"}
SHORTEST, LONGEST = 20, 500
OLD_AFTER = timedelta(days=180)


class Outcome(StrEnum):
    WORKS = "works"
    FAILS = "fails"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a connection. `says` is the answer in a sentence, `remedy` what to do about it."""

    asks: str
    outcome: Outcome
    says: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Tested:
    checks: tuple[Check, ...]

    @property
    def works(self) -> bool:
        return all(check.outcome is Outcome.WORKS for check in self.checks)

    @property
    def failed(self) -> Check | None:
        return next((check for check in self.checks if check.outcome is Outcome.FAILS), None)


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


def is_old(set_at: datetime, now: datetime) -> bool:
    return now - set_at >= OLD_AFTER
