"""What a user's memberships add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from offboarding.users.rules import Role

EVERYWHERE = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking, and what they may see: pairs of role and client (None: every client)."""

    user_id: int
    email: str
    grants: frozenset[tuple[Role, int | None]]

    def has(self, *roles: Role) -> bool:
        return any(role in roles for role, _ in self.grants)

    def everywhere(self, *roles: Role) -> bool:
        return any(client is EVERYWHERE and (not roles or role in roles) for role, client in self.grants)

    def clients(self, *roles: Role) -> frozenset[int]:
        """The clients named in the grants of these roles (of any role, if none is given)."""
        return frozenset(
            client for role, client in self.grants if client is not None and (not roles or role in roles)
        )

    def covers(self, clients: frozenset[int], *roles: Role) -> bool:
        """True if, in these roles, every one of the clients is within reach."""
        return self.everywhere(*roles) or (bool(clients) and clients <= self.clients(*roles))


def narrowed(scope: Scope, roles: Iterable[str]) -> Scope:
    """The same person in some of their roles, for a program that acts for them."""
    wanted = set(roles)
    return Scope(scope.user_id, scope.email, frozenset(each for each in scope.grants if each[0] in wanted))


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role within one client (None: within all), from a first to a last day (None: without limit)."""

    role: Role
    client: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None

    @property
    def key(self) -> tuple[Role, int | None]:
        return self.role, self.client


def within_reach(administers: Scope, grants: Iterable[Grant]) -> tuple[Grant, ...]:
    """Those that this administrator may give and take. Who administers some clients never touches the others."""
    if administers.everywhere(Role.ADMINISTRATOR):
        return tuple(grants)
    own = administers.clients(Role.ADMINISTRATOR)
    return tuple(grant for grant in grants if grant.client in own)


def wrong_with(grants: Sequence[Grant], today: date) -> str:
    """Why nobody can hold these together, in a sentence; empty if they can."""
    keys = [grant.key for grant in grants]
    if len(set(keys)) < len(keys):
        return "The same role for the same client stands here twice. Keep one of the two."
    for grant in grants:
        if grant.starts_on and grant.ends_on and grant.ends_on < grant.starts_on:
            return "A role ends before it begins. Change one of its two dates."
        if grant.ends_on and grant.ends_on < today:
            return "A role has ended already. Choose a later last day, or take the line away."
        if grant.role is Role.AUDITOR and grant.ends_on is None:
            return "An auditor's access ends by itself. Give its last day."
    return ""


def may_not_change(administers: Scope, user_id: int) -> str:
    """Why this administrator may not change that person's access; empty if they may."""
    if not administers.has(Role.ADMINISTRATOR):
        return "Only an administrator changes who may do what."
    if administers.user_id == user_id:
        return "These are your own roles, so another administrator changes them."
    return ""


def over(ends_on: date | None, zone: tzinfo, now: datetime) -> bool:
    """True once the last day has passed where the client is. The last day itself still counts."""
    return ends_on is not None and now.astimezone(zone).date() > ends_on


def wrong_days(starts_on: date | None, ends_on: date | None) -> str:
    """Why an engagement cannot run like this, in a sentence; empty if it can."""
    if starts_on and ends_on and ends_on < starts_on:
        return "The engagement ends before it begins. Change one of its two dates."
    return ""
