"""What a user's memberships add up to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum
from typing import Any

from offboarding.lib.addresses import fold
from offboarding.users.rules import Role

EVERYWHERE = None
# What somebody can be within one engagement. All else needs the whole client: what it reaches is not an engagement's.
WITHIN_ENGAGEMENTS = (Role.REQUESTER, Role.APPROVER, Role.OPERATOR)


class Ground(frozenset[int]):
    """The clients that a request or some workspaces belong to, and by which engagements each place is covered.

    As the set of clients that it is, it asks for roles within the whole of them; so does whatever is made from it.
    """

    places: frozenset[tuple[int, frozenset[int]]]

    @classmethod
    def of(cls, places: Iterable[tuple[int, frozenset[int]]]) -> Ground:
        """From (client, engagements), one pair for each place."""
        kept = frozenset(places)
        made = cls(client for client, _engagements in kept)
        made.places = kept
        return made


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
    """Who is asking, and what they may see: pairs of role and client (None: every client).

    `parts` are roles within one engagement only: (role, client, engagement). They reach the workspaces that the engagement
    covers, what lies wholly in these, and who is on its roster; nothing that is the client's.
    """

    user_id: int
    email: str
    grants: frozenset[tuple[Role, int | None]]
    windows: tuple[Window, ...] = ()
    # Other addresses, folded: those that were theirs before, and by which the clients that they work for know the person.
    known_as: frozenset[str] = frozenset()
    parts: frozenset[tuple[Role, int, int]] = frozenset()

    @property
    def addresses(self) -> frozenset[str]:
        return self.known_as | {fold(self.email)}

    def is_one_of(self, addresses: Iterable[str]) -> bool:
        """True if one of these is this person."""
        return any(fold(each) in self.addresses for each in addresses)

    def has(self, *roles: Role) -> bool:
        """True if, anywhere at all, one of these is theirs."""
        return any(role in roles for role, *_where in (*self.grants, *self.parts))

    def for_a_client(self, *roles: Role) -> bool:
        """True if one of these is theirs for a whole client, or for all."""
        return any(role in roles for role, _client in self.grants)

    def everywhere(self, *roles: Role) -> bool:
        return any(client is EVERYWHERE and (not roles or role in roles) for role, client in self.grants)

    def clients(self, *roles: Role) -> frozenset[int]:
        """The clients named in the grants of these roles (of any role, if none is given)."""
        return frozenset(
            client for role, client in self.grants if client is not None and (not roles or role in roles)
        )

    def engagements(self, *roles: Role) -> frozenset[int]:
        """The engagements named in the parts of these roles (of any role, if none is given)."""
        return frozenset(engagement for role, _client, engagement in self.parts if not roles or role in roles)

    def near(self, *roles: Role) -> frozenset[int | None]:
        """The clients for which, or for a part of which, they hold one of these; None stands for all."""
        held = [*self.grants, *((role, client) for role, client, _engagement in self.parts)]
        return frozenset(client for role, client in held if not roles or role in roles)

    def covers(self, clients: frozenset[int], *roles: Role) -> bool:
        """True if, in these roles, every one of the clients is within reach; of a ground, every one of its places."""
        return self.everywhere(*roles) or (bool(clients) and clients <= self.named(clients, *roles))

    def reaches(self, clients: Iterable[int | None], *roles: Role) -> bool:
        """True if these roles are theirs for the whole of every one of the clients, where None stands for all there are."""
        wanted = frozenset(clients)
        return self.everywhere(*roles) or (bool(wanted) and wanted <= self.clients(*roles))

    def named(self, clients: frozenset[int], *roles: Role) -> frozenset[int]:
        """Those that the roles name: the client itself, or engagements of it that cover every place that is meant."""
        whole, parts = self.clients(*roles), self.engagements(*roles)
        if not parts or not isinstance(clients, Ground):
            return whole
        beyond = {client for client, engagements in clients.places if not engagements & parts}
        return whole | (clients - beyond)

    def of_whole_clients(self) -> Scope:
        """The same person without what they hold within engagements, for what belongs to a client as a whole."""
        return replace(self, parts=frozenset())

    def whole(self) -> Scope:
        """The same person without what reaches the records of a period only."""
        return replace(
            self, grants=self.grants - {(Role.AUDITOR, each.client) for each in self.windows}, windows=()
        )


def narrowed(scope: Scope, roles: Iterable[str]) -> Scope:
    """The same person in some of their roles, for a page that is theirs alone or a program that acts for them."""
    wanted = set(roles)
    grants = frozenset(each for each in scope.grants if each[0] in wanted)
    parts = frozenset(each for each in scope.parts if each[0] in wanted)
    windows = scope.windows if Role.AUDITOR in wanted else ()
    return replace(scope, grants=grants, parts=parts, windows=windows)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role within one client (None: within all), from a first to a last day (None: without limit).

    `engagement`: only within this one of the client.
    `records_from` and `records_until`: the period whose records an auditor reads.
    """

    role: Role
    client: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    records_from: date | None = None
    records_until: date | None = None
    engagement: int | None = field(default=None, kw_only=True)

    @property
    def where(self) -> tuple[int | None, int | None]:
        return self.client, self.engagement

    @property
    def key(self) -> tuple[Role, int | None, int | None]:
        return self.role, *self.where

    def as_json(self) -> list[Any]:
        days = self.starts_on, self.ends_on, self.records_from, self.records_until
        return [self.role.value, *self.where, *(day and day.isoformat() for day in days)]

    @classmethod
    def from_json(cls, held: Sequence[Any]) -> Grant:
        role, client, engagement, *days = held
        return cls(
            Role(role),
            client,
            *(date.fromisoformat(day) if day else None for day in days),
            engagement=engagement,
        )

    def gives_no_more_than(self, other: Grant) -> bool:
        """Whether who holds the other one has all of this one."""
        where = other.where in (self.where, (self.client, None), (EVERYWHERE, None))
        begins = other.starts_on is None or (self.starts_on is not None and self.starts_on >= other.starts_on)
        ends = other.ends_on is None or (self.ends_on is not None and self.ends_on <= other.ends_on)
        return self.role is other.role and where and begins and ends


class Act(StrEnum):
    """What an administrator does about somebody's access here, where it may take two."""

    INVITE = "invite"
    ROLES = "roles"
    CORRECT = "correct"


class Standing(StrEnum):
    """How a proposal of such an act stands."""

    PROPOSED = "proposed"
    AGREED = "agreed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Said:
    """The act, with the address and the name as they shall be, and of `INVITE` and `ROLES` the grants."""

    act: Act
    email: str
    name: str
    grants: tuple[Grant, ...] = ()


def may_not_agree(scope: Scope, proposed_by: int, person: int | None, clients: Iterable[int | None]) -> str:
    """Why this person may not be the second administrator; empty if they may."""
    if scope.user_id == proposed_by:
        return "You proposed this, so another administrator decides."
    if scope.user_id == person:
        return "This is about yourself, so another administrator decides."
    if not scope.reaches(clients, Role.ADMINISTRATOR):
        return "Only an administrator of everything that this reaches decides."
    return ""


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
    whole = {grant.key for grant in grants if grant.engagement is None}
    for role, client, engagement in keys:
        if engagement is not None and whole & {(role, client, None), (role, EVERYWHERE, None)}:
            return "A role for a whole client holds in its engagements too. Keep one of the two."
    for grant in grants:
        if grant.engagement is not None and grant.role not in WITHIN_ENGAGEMENTS:
            return (
                "Only engagement leads, approvers and operators work within one engagement. Choose the whole client for"
                " this role."
            )
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
