"""Why, how urgent, what per place, and the way a removal goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from offboarding.directory.rules import Scope
from offboarding.lib.addresses import same
from offboarding.users.rules import Role


class Stage(StrEnum):
    DRAFT = "draft"
    PLANNED = "planned"  # filed; its plan waits for a decision
    APPROVED = "approved"
    RUNNING = "running"
    CLOSED = "closed"
    REJECTED = "rejected"
    EXPIRED = "expired"  # nobody decided in time; its requester can ask again
    WITHDRAWN = "withdrawn"


OPEN = (Stage.PLANNED, Stage.EXPIRED, Stage.APPROVED, Stage.RUNNING)
STAGES: dict[Stage, frozenset[Stage]] = {
    Stage.DRAFT: frozenset({Stage.PLANNED, Stage.WITHDRAWN}),
    Stage.PLANNED: frozenset({Stage.APPROVED, Stage.REJECTED, Stage.EXPIRED, Stage.WITHDRAWN}),
    Stage.EXPIRED: frozenset({Stage.PLANNED, Stage.WITHDRAWN}),
    Stage.APPROVED: frozenset({Stage.RUNNING, Stage.WITHDRAWN, Stage.PLANNED}),
    Stage.RUNNING: frozenset({Stage.CLOSED}),
    Stage.CLOSED: frozenset(),
    Stage.REJECTED: frozenset(),
    Stage.WITHDRAWN: frozenset(),
}


def stages_after(stage: Stage, emergency: bool) -> frozenset[Stage]:
    """Where a removal may go from here. An emergency skips the approval, and is never called approved."""
    return frozenset({Stage.RUNNING}) if emergency and stage is Stage.PLANNED else STAGES[stage]


class Choice(StrEnum):
    REMOVE = "remove"
    DOWNGRADE = "downgrade"
    REDUCE = "reduce"  # only these roles and groups go, and all others stay
    KEEP = "keep"
    RESTORE = "restore"  # give back what was taken away, for a limited time


class Group(StrEnum):
    COMPLETION = "Completion"
    SCOPE = "Scope"
    SECURITY = "Security"
    ORGANISATION = "Organisation"
    RESTORATION = "Restoration"


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of the catalogue. `within` is how long until access should be gone when nobody says otherwise."""

    code: str
    group: Group
    says: str
    within: timedelta


DAY = timedelta(days=1)
# A date further away than this is a slip of the keys, and near the year 9999 no clock can be set for it.
FARTHEST = timedelta(days=3653)
REASONS = {
    reason.code: reason
    for reason in (
        Reason("contract-ended", Group.COMPLETION, "Contract ended", DAY),
        Reason("handed-over", Group.COMPLETION, "Work handed over", DAY),
        Reason("support-expired", Group.COMPLETION, "Support period expired", DAY),
        Reason("client-terminated", Group.COMPLETION, "Client terminated the engagement", timedelta(hours=4)),
        Reason("workspaces-dropped", Group.SCOPE, "Workspaces dropped from scope", DAY),
        Reason("partial", Group.SCOPE, "Partial offboarding", DAY),
        Reason("accounts-consolidated", Group.SCOPE, "Accounts consolidated", DAY),
        Reason("credentials-compromised", Group.SECURITY, "Credentials compromised", timedelta(hours=1)),
        Reason("unauthorised-access", Group.SECURITY, "Unauthorised access", timedelta(hours=1)),
        Reason("compliance-violation", Group.SECURITY, "Compliance violation", timedelta(hours=4)),
        Reason("audit-finding", Group.SECURITY, "Audit finding", timedelta(hours=4)),
        Reason("person-left", Group.ORGANISATION, "Person left or changed role", DAY),
        Reason("service-account-retired", Group.ORGANISATION, "Service account retired", DAY),
        Reason("sso-migration", Group.ORGANISATION, "SSO or SCIM migration (provisioned again later)", DAY),
        Reason("credential-rotation", Group.ORGANISATION, "Credential rotation (invited again later)", DAY),
        Reason("something-broke", Group.RESTORATION, "Something stopped working", DAY),
    )
}


RESTORING = "something-broke"
# One account of a person stays, and what the others held goes over to it first.
MERGING = "accounts-consolidated"
# What a lead can choose from: a restoration has a page of its own.
FILED_FOR = {code: reason for code, reason in REASONS.items() if reason.group is not Group.RESTORATION}
# What an emergency can be about.
URGENT_REASONS = {code: reason for code, reason in REASONS.items() if reason.group is Group.SECURITY}
# How long access may come back for.
SHORTEST_RESTORATION = timedelta(hours=1)
LONGEST_RESTORATION = timedelta(days=30)


def refuses_end(ends_in: timedelta) -> str:
    """Why a restoration cannot end after this time, in a sentence; empty if it can."""
    if ends_in < SHORTEST_RESTORATION:
        return "Choose an end that is at least one hour away."
    if ends_in > LONGEST_RESTORATION:
        return "Choose an end within the next 30 days."
    return ""


def due_at(within: timedelta, starts_at: datetime) -> datetime:
    """By when access should be gone; `within` is what administrators set for the reason."""
    return starts_at + within


def refuses_choice(
    choice: Choice,
    reason: str,
    until_given: bool,
    until_past: bool,
    until_far: bool = False,
    taken: bool = False,
    merging: bool = False,
) -> str:
    """Why this choice for a place cannot stand, in a sentence; empty if it can."""
    if choice is Choice.RESTORE:
        return "Restoring has a page of its own, on the request that took the access away."
    if merging and choice in (Choice.DOWNGRADE, Choice.REDUCE):
        return "Another account takes over here. Choose Remove, or keep both with a reason."
    if choice is Choice.REDUCE and not taken:
        return "Mark what should go, or choose Keep."
    if choice is Choice.KEEP and not reason.strip():
        return "Say why this access stays."
    if choice is Choice.KEEP and len(reason.strip()) > 300:
        return "Say in at most 300 characters why this access stays."
    if choice is Choice.DOWNGRADE and not until_given:
        return "Give the date until which read-only access stays."
    if choice is Choice.DOWNGRADE and until_past:
        return "Give a date in the future for read-only access to end."
    if choice is Choice.DOWNGRADE and until_far:
        return "Give a date within the next ten years for read-only access to end."
    return ""


def refuses_stays(stays: str, addresses: Sequence[str], machine: bool) -> str:
    """Why this account cannot be the one that stays, in a sentence; empty if it can. `addresses`: all that were named."""
    if not stays:
        return ""
    if machine:
        return "A service account is not merged with another one. Move what runs with it, then retire it."
    if not addresses or same(stays, addresses[0]):
        return "This account goes. Name another one that stays."
    if not any(same(stays, address) for address in addresses):
        return "Search for the account that stays as well."
    return ""


def refuses_reason(reason: str, stays: str) -> str:
    """Why this reason cannot stand, in a sentence; empty if it can. Accounts are merged for one reason only."""
    if reason == MERGING and not stays:
        return "Name the account that stays, where you say who is leaving."
    if stays and reason != MERGING:
        return f"{stays} stays, so the reason is: {REASONS[MERGING].says}. Or name no account that stays."
    return ""


# Who files requests; of these, who calls one off whose requester files no more.
FILING = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
CALLING_OFF = (Role.SECURITY, Role.ADMINISTRATOR)


def may_not_withdraw(scope: Scope, requester: Scope, clients: frozenset[int]) -> str:
    """Why this person may not withdraw a request that was sent, in a sentence; empty if they may.

    Somebody can always do it: where its requester left or may not file for these clients any more, others do.
    """
    if scope.user_id == requester.user_id:
        return ""
    if requester.covers(clients, *FILING):
        return "Only the person who filed this request withdraws it."
    if not scope.covers(clients, *CALLING_OFF):
        return "Who filed it is gone, so security or an administrator of every client in it withdraws it."
    return ""


# Besides the requester, these hold back, let go on and cut short what is running.
STEERING = (Role.OPERATOR, Role.SECURITY)


def may_not_steer(scope: Scope, requester_id: int, clients: frozenset[int], addresses: Sequence[str]) -> str:
    """Why this person may not pause or cut short a removal, in a sentence; empty if they may."""
    if scope.is_one_of(addresses):
        return "This is about your own access, so someone else does it."
    if scope.user_id != requester_id and not scope.covers(clients, *STEERING):
        return "Only the requester, and operators and security of every client in this request, do this."
    return ""
