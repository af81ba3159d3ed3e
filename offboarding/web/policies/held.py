"""A change of a policy that an administrator is about to propose or to decide: kept in the session until it is confirmed.

Only a proof of identity that is newer than the choice counts, and only for this change.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass
from typing import Any

from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import Selector, Terms
from offboarding.web.http import Request

KEY = "policy_change"
PROPOSE, APPROVE, DECLINE, WITHDRAW = "propose", "approve", "decline", "withdraw"
DECISIONS = (APPROVE, DECLINE, WITHDRAW)


@dataclass(frozen=True, slots=True)
class Held:
    """`proposal` is the one that is decided, 0 where one is being made from `data`."""

    act: str
    proposal: int
    data: dict[str, Any]
    nonce: str
    at: float


def keep(request: Request, act: str, proposal: int = 0, said: Proposal | None = None) -> None:
    data = packed(said) if said else {}
    held = Held(act, proposal, data, secrets.token_urlsafe(16), time.time())
    request.session[KEY] = asdict(held)


def held_in(request: Request) -> Held | None:
    kept = request.session.get(KEY)
    return Held(**kept) if kept else None


def forget(request: Request) -> None:
    request.session.pop(KEY, None)


def packed(said: Proposal) -> dict[str, Any]:
    return {
        "selector": asdict(said.selector),
        "terms": said.terms.as_json() if said.terms else None,
        "why": said.why,
    }


def unpacked(held: Held) -> Proposal:
    terms = held.data["terms"]
    return Proposal(
        Selector(**held.data["selector"]), Terms.from_json(terms) if terms else None, held.data["why"]
    )
