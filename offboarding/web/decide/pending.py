"""A decision that somebody is about to make: what, on which fingerprint, since when. One at a time, in the session."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings

from offboarding.approvals.rules import Decision
from offboarding.web.http import Request

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


METHODS = {"password": "password", "totp": "code", "webauthn": "passkey", "recovery_codes": "recovery code"}


def proof_after(request: Request, pending: Pending) -> str:
    """How the person proved who they are since they chose, in a word; empty if they have not, or too long ago."""
    return proved_since(request, pending.at)


def proved_since(request: Request, moment: float) -> str:
    """The same for any act that needs a proof of its own, newer than `moment` (seconds since 1970).

    allauth keeps each proof with its time (django-allauth: `account_authentication_methods` in the session).
    """
    records = get_authentication_records(request, request.user)
    newest = records[-1] if records else {}
    at = float(newest.get("at", 0))
    if at <= moment or time.time() - at > settings.ACCOUNT_REAUTHENTICATION_TIMEOUT:
        return ""
    method = str(newest.get("type") or newest.get("method", ""))
    return METHODS.get(method, method or "sign-in")
