"""A change of a policy that an administrator is about to propose or to decide: a wish until it is confirmed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from offboarding.approvals.policies.actions import Proposal
from offboarding.approvals.policies.rules import Selector, Terms
from offboarding.web import proving
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


def keep(request: Request, act: str, proposal: int = 0, said: Proposal | None = None) -> None:
    proving.keep(request, KEY, act=act, proposal=proposal, data=packed(said) if said else {})


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
