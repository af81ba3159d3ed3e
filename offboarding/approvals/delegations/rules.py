"""Letting somebody else decide in one's place, for a time. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from offboarding.directory.rules import Scope
from offboarding.users.rules import Role

# Whose decisions can be delegated.
DECIDING = (Role.APPROVER, Role.SECURITY)
# Who can decide in somebody's place: auditors only read.
STAND_IN = tuple(sorted(set(Role) - {Role.AUDITOR}))
LONGEST = timedelta(days=90)


def reach(scope: Scope) -> frozenset[int | None]:
    """The clients for which, or for a part of which, this person may be asked to decide; None stands for all."""
    return scope.near(*DECIDING)


def may_not_delegate(giver: Scope, to: Scope) -> str:
    """Why this person cannot let that one decide in their place; empty if they can.

    The delegate decides only where both reach: what the giver may decide, on requests that the delegate may see.
    """
    if giver.user_id == to.user_id:
        return "Choose somebody else than yourself."
    if not giver.has(*DECIDING):
        return "Only people who decide on requests delegate that."
    ours, theirs = reach(giver), to.near(*STAND_IN)
    if not theirs or (None not in ours | theirs and not ours & theirs):
        return "Choose somebody who works for one of your clients and does not only audit it."
    return ""


def wrong_with_times(starts_at: datetime, ends_at: datetime, now: datetime) -> tuple[str, str]:
    """(field, sentence) of what cannot be; empty if everything can."""
    if ends_at <= now:
        return "until_day", "This end has passed. Choose a later one."
    if ends_at <= starts_at:
        return "until_day", "It ends before it begins. Change one of the two."
    if ends_at - max(starts_at, now) > LONGEST:
        return "until_day", "Choose an end at most 90 days after the beginning."
    if starts_at - now > 4 * LONGEST:
        return "from_day", "Choose a beginning within the next year."
    return "", ""


def reaches(to: Scope, clients: frozenset[int]) -> bool:
    """True if the delegate may decide for others at these clients, and so see the request: delegating shows nobody more."""
    return to.covers(clients, *STAND_IN)
