"""What was seen of one person in one workspace, as plain values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

OWNER_ROLE = "Workspace Owner"
# The one role id that Segment's own examples name; every other role is matched by the name that it came with.
OWNER_ROLE_ID = "1WDUuRLxv84rrfCNUwvkrRtkxnS"
# What is left after a downgrade. Segment has no read-only role for a whole workspace; these exist (Segment: Roles).
READ_SOURCES = "Source Read-only"
MEMBER_ONLY = "Minimal Workspace Access"
READ_ONLY = frozenset({READ_SOURCES, MEMBER_ONLY})
KNOWN_KINDS = {"WORKSPACE", "SOURCE", "SPACE", "WAREHOUSE", "FUNCTION"}
NOUNS = {
    "SOURCE": ("source", "sources"),
    "SPACE": ("space", "spaces"),
    "WAREHOUSE": ("warehouse", "warehouses"),
    "FUNCTION": ("function", "functions"),
}
TRIES = 4


class Outcome(StrEnum):
    MEMBER = "member"
    INVITED = "invited"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Owners(StrEnum):
    NOT_OWNER = "not owner"
    OTHERS = "others"
    LAST = "last"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Held:
    """One role, on what, and through which user group (empty: directly)."""

    role_id: str
    role: str
    resources: tuple[tuple[str, str], ...] = ()  # (type, id), as Segment wrote them
    labels: tuple[str, ...] = ()
    group: str = ""
    # The grant exactly as Segment takes it back, as JSON text; empty where an older look did not keep it.
    given: str = ""

    @property
    def owner(self) -> bool:
        return self.role_id == OWNER_ROLE_ID or self.role == OWNER_ROLE

    @property
    def known(self) -> bool:
        return all(kind in KNOWN_KINDS for kind, _ in self.resources)

    def reach(self) -> str:
        """In words: "6 sources", "whole workspace", or the type as it came when we do not know it."""
        if any(kind == "WORKSPACE" for kind, _ in self.resources):
            return "labelled " + ", ".join(self.labels) if self.labels else "whole workspace"
        counts: dict[str, int] = {}
        for kind, _ in self.resources:
            counts[kind] = counts.get(kind, 0) + 1
        return ", ".join(counted(kind, number) for kind, number in counts.items())

    def says(self) -> str:
        reach = self.reach()
        return self.role if self.owner or not reach else f"{self.role}, {reach}"


def counted(kind: str, number: int) -> str:
    one, many = NOUNS.get(kind, (kind, kind))
    return f"{number} {one if number == 1 else many}"


@dataclass(frozen=True, slots=True)
class Account:
    """What Segment calls the person in this workspace."""

    id: str
    email: str
    name: str
    roles: tuple[Held, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()  # (id, name)


@dataclass(frozen=True, slots=True)
class Thing:
    """`detail`: the login of a warehouse or credential. `through`: the stored credential that it signs in with."""

    id: str
    name: str
    detail: str = ""
    kind: str = ""
    through: str = ""


@dataclass(frozen=True, slots=True)
class SourceKeys:
    """The write keys of one source, as fingerprints, and how many destinations get its events."""

    source_id: str
    source: str
    fingerprints: tuple[str, ...]
    destinations: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """What the person's roles let them read or change, and what they made. `unread` names what could not be read."""

    sources: tuple[Thing, ...] = ()
    write_keys: int = 0
    warehouses: tuple[Thing, ...] = ()
    credentials: tuple[Thing, ...] = ()
    functions: tuple[Thing, ...] = ()
    audiences: tuple[Thing, ...] = ()
    tracking_plans: int = 0
    unread: tuple[str, ...] = ()
    keys: tuple[SourceKeys, ...] = ()
    unseen_keys: tuple[Thing, ...] = ()  # sources that have keys by their kind, and show our token none
    named: tuple[Thing, ...] = ()  # what the roles name, as far as its name could be read


@dataclass(frozen=True, slots=True)
class Sighting:
    """Everything one look saw of one person. `why` and `remedy` explain an unknown."""

    outcome: Outcome
    accounts: tuple[Account, ...] = ()
    invitations: tuple[str, ...] = ()
    owners: Owners = Owners.NOT_OWNER
    members: int = 0
    reach: Reach = field(default_factory=Reach)
    why: str = ""
    remedy: str = ""

    @property
    def roles(self) -> tuple[Held, ...]:
        return tuple(role for account in self.accounts for role in account.roles)

    @property
    def groups(self) -> tuple[tuple[str, str], ...]:
        return tuple(dict.fromkeys(group for account in self.accounts for group in account.groups))

    @property
    def owner(self) -> bool:
        return any(role.owner for role in self.roles)

    def says(self) -> str:
        """One line for people: roles and their reach, or what else there is."""
        if self.outcome is Outcome.MEMBER:
            told = dict.fromkeys(
                f"{role.says()} (through {role.group})" if role.group else role.says() for role in self.roles
            )
            return "; ".join(told) or "Member without a role"
        if self.outcome is Outcome.INVITED:
            return "Invitation to " + ", ".join(self.invitations)
        return "None found" if self.outcome is Outcome.ABSENT else self.why

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def sighting(data: Mapping[str, Any]) -> Sighting:
    """The inverse of `as_json`, for what a database or a file gives back."""
    reach = {name: things(value) for name, value in data["reach"].items() if name != "keys"}
    # Snapshots from before fingerprints were kept have no such field.
    reach["keys"] = tuple(source_keys(value) for value in data["reach"].get("keys", ()))
    return Sighting(
        outcome=Outcome(data["outcome"]),
        accounts=tuple(account(value) for value in data["accounts"]),
        invitations=tuple(data["invitations"]),
        owners=Owners(data["owners"]),
        members=data["members"],
        reach=Reach(**reach),
        why=data["why"],
        remedy=data["remedy"],
    )


def account(data: Mapping[str, Any]) -> Account:
    roles = tuple(
        Held(
            role_id=role["role_id"],
            role=role["role"],
            resources=tuple((kind, key) for kind, key in role["resources"]),
            labels=tuple(role["labels"]),
            group=role["group"],
            given=role.get("given", ""),
        )
        for role in data["roles"]
    )
    groups = tuple((key, name) for key, name in data["groups"])
    return Account(data["id"], data["email"], data["name"], roles, groups)


def source_keys(data: Mapping[str, Any]) -> SourceKeys:
    return SourceKeys(**{**data, "fingerprints": tuple(data["fingerprints"])})


def given_again(role: Held) -> dict[str, Any] | None:
    """The grant as Segment takes it; None where what is known of it could stand for more than it was."""
    if role.given:
        made: dict[str, Any] = json.loads(role.given)
        return made
    if role.labels or not role.resources:
        return None
    resources = [{"type": kind, "id": key} for kind, key in role.resources]
    return {"roleId": role.role_id, "resources": resources}


Grant = tuple[str, ...]


def grants(given: Iterable[Mapping[str, Any]]) -> frozenset[Grant]:
    """Grants as a set that can be compared: Segment keeps no order, and may split one role into several entries."""
    return frozenset(grant for each in given for grant in grants_of(each))


def grants_of(given: Mapping[str, Any]) -> Iterator[Grant]:
    resources = given.get("resources")
    if not isinstance(resources, list) or not all(isinstance(each, Mapping) for each in resources):
        yield (json.dumps(given, sort_keys=True),)
        return
    for each in resources:
        labels = sorted(f"{label.get('key')}={label.get('value')}" for label in each.get("labels") or ())
        yield (str(given.get("roleId")), str(each.get("type")), str(each.get("id")), *labels)


def things(value: Any) -> Any:
    if not isinstance(value, (list, tuple)):
        return value
    return tuple(Thing(**item) if isinstance(item, Mapping) else item for item in value)


def unknown(why: str, remedy: str = "") -> Sighting:
    return Sighting(Outcome.UNKNOWN, why=why, remedy=remedy)


def keys_in_reach(
    roles: Iterable[Held], sources: Mapping[str, tuple[str, int]]
) -> tuple[tuple[Thing, ...], int]:
    """Sources whose write keys these roles can read, and how many keys those are.

    `sources` maps an id to (name, number of keys). Owners and Source Admins read keys (Segment: Roles).
    """
    wide = any(
        role.owner or (role.role == "Source Admin" and any(kind == "WORKSPACE" for kind, _ in role.resources))
        for role in roles
    )
    named = {
        key
        for role in roles
        if role.role == "Source Admin"
        for kind, key in role.resources
        if kind == "SOURCE"
    }
    reached = [key for key in sources if wide or key in named]
    return tuple(Thing(key, sources[key][0]) for key in reached), sum(sources[key][1] for key in reached)


def reads_warehouses(roles: Iterable[Held]) -> bool:
    """Warehouse roles cannot be narrowed: they reach every warehouse. Two names are in use for the admin role."""
    return any(
        role.owner or role.role in ("Warehouse Destination Admin", "Warehouse Admin") for role in roles
    )
