"""What a user's memberships add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo

from offboarding.lib.addresses import fold
from offboarding.users.rules import Role

EVERYWHERE = None


@dataclass(frozen=True, slots=True)
class Window:
    """An auditor's role for one client (None: for every client) that reaches the records of a period only.

    From `since` on, and before `until`; None: without limit on that side.
    """

    client: int | None
    since: datetime | None
    until: datetime | None

    def holds(self, since: datetime, until: datetime) -> bool:
        """True if all of this period lies within."""
        return not (self.since and since < self.since) and not (self.until and until > self.until)

    def reaches(self, client: int) -> bool:
        return self.client in (EVERYWHERE, client)


@dataclass(frozen=True, slots=True)
class Scope:
    """Who is asking, and what they may see: pairs of role and client (None: every client)."""

    user_id: int
    email: str
    grants: frozenset[tuple[Role, int | None]]
    windows: tuple[Window, ...] = ()
    # Other addresses, folded, under which the clients that they work for know the same person.
    known_as: frozenset[str] = frozenset()

    @property
    def addresses(self) -> frozenset[str]:
        return self.known_as | {fold(self.email)}

    def is_one_of(self, addresses: Iterable[str]) -> bool:
        """True if one of these is this person."""
        return any(fold(each) in self.addresses for each in addresses)

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

    def whole(self) -> Scope:
        """The same person without what reaches the records of a period only."""
        return replace(
            self, grants=self.grants - {(Role.AUDITOR, each.client) for each in self.windows}, windows=()
        )


def narrowed(scope: Scope, roles: Iterable[str]) -> Scope:
    """The same person in some of their roles, for a page that is theirs alone or a program that acts for them."""
    wanted = set(roles)
    grants = frozenset(each for each in scope.grants if each[0] in wanted)
    return replace(scope, grants=grants, windows=scope.windows if Role.AUDITOR in wanted else ())


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role within one client (None: within all), from a first to a last day (None: without limit).

    `records_from` and `records_until`: the period whose records an auditor reads.
    """

    role: Role
    client: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    records_from: date | None = None
    records_until: date | None = None

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
        if grant.records_from and grant.records_until and grant.records_until < grant.records_from:
            return "The period of records ends before it begins. Change one of its two days."
        if grant.role is not Role.AUDITOR and (grant.records_from or grant.records_until):
            return "Only an auditor's role is for the records of a period. Take the two days away."
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
