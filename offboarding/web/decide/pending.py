"""A decision that somebody is about to make: what, on which fingerprint, since when. One at a time, in the session."""

from __future__ import annotations

from dataclasses import dataclass

from offboarding.approvals.rules import Decision
from offboarding.web import proving
from offboarding.web.http import Request
from offboarding.web.proof import proved_since
from offboarding.web.proving import Wish

KEY = "decision"


@dataclass(frozen=True, slots=True)
class Pending:
    number: int
    decision: str
    fingerprint: str
    note: str
    wish: Wish


def keep(request: Request, number: int, decision: Decision, fingerprint: str, note: str) -> None:
    said = {"number": number, "decision": decision.value, "fingerprint": fingerprint, "note": note}
    proving.keep(request, KEY, **said)


def pending_for(request: Request, number: int) -> Pending | None:
    wish = proving.kept(request, KEY)
    return Pending(**wish.what, wish=wish) if wish and wish.what["number"] == number else None


def forget(request: Request) -> None:
    proving.forget(request, KEY)


def proof_after(request: Request, pending: Pending) -> str:
    """How the person proved who they are since they chose, in a word; empty if they have not, or too long ago."""
    return proved_since(request, pending.wish.at)
