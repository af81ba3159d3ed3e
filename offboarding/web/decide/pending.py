"""A decision that somebody is about to make: what, on which fingerprint, since when. One at a time, in the session."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass

from offboarding.approvals.rules import Decision
from offboarding.web.http import Request
from offboarding.web.proof import proved_since

KEY = "decision"


@dataclass(frozen=True, slots=True)
class Pending:
    """`at` is in seconds since 1970: only a proof of identity that is newer than it counts."""

    number: int
    decision: str
    fingerprint: str
    note: str
    nonce: str
    at: float


def keep(request: Request, number: int, decision: Decision, fingerprint: str, note: str) -> Pending:
    """Remember the choice. Another choice takes its place, and needs its own proof."""
    pending = Pending(number, decision.value, fingerprint, note, secrets.token_urlsafe(16), time.time())
    request.session[KEY] = asdict(pending)
    return pending


def pending_for(request: Request, number: int) -> Pending | None:
    held = request.session.get(KEY)
    pending = Pending(**held) if held else None
    return pending if pending and pending.number == number else None


def forget(request: Request) -> None:
    request.session.pop(KEY, None)


def proof_after(request: Request, pending: Pending) -> str:
    """How the person proved who they are since they chose, in a word; empty if they have not, or too long ago."""
    return proved_since(request, pending.at)
