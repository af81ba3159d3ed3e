"""Who may decide, and how many have to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from offboarding.lib.addresses import same


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Policy:
    """How many distinct people it takes. `many` is the number of workspaces above which it counts as many."""

    owner_approvers: int
    many: int
    many_approvers: int


def needed(policy: Policy, places: Sequence[dict[str, Any]]) -> int:
    """How many approvals this plan needs, from the places as its body lists them."""
    changed = [place for place in places if place["choice"] != "keep"]
    count = 1
    if any(place["owner"] for place in changed):
        count = max(count, policy.owner_approvers)
    if len(changed) > policy.many:
        count = max(count, policy.many_approvers)
    return count


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule needs to know of somebody who wants to decide."""

    user_id: int
    email: str
    is_approver_for_all: bool
    requester_id: int
    editor_ids: frozenset[int]
    addresses: Sequence[str]
    decided_already: bool


def may_not_decide(who: Standing) -> str:
    """Why this person may not decide on this plan, in a sentence; empty if they may."""
    if who.user_id == who.requester_id:
        return "You filed this, so someone else decides."
    if who.user_id in who.editor_ids:
        return "You changed this plan, so someone else decides."
    if any(same(who.email, address) for address in who.addresses):
        return "This is about your own access, so someone else decides."
    if not who.is_approver_for_all:
        return "Only an approver for every client in this request decides."
    if who.decided_already:
        return "You have decided on this plan already."
    return ""
