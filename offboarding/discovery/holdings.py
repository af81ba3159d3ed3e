"""What an account holds, one thing at a time: the parts of which access can be taken away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from offboarding.discovery.rules import (
    MEMBER_ONLY,
    OWNER_ROLE,
    OWNER_ROLE_ID,
    Account,
    Grant,
    Held,
    Reach,
    Sighting,
    Thing,
    given_again,
    grants_of,
    keys_in_reach,
    reads_warehouses,
)
from offboarding.lib import canonical
from offboarding.lib.addresses import fold
from offboarding.lib.hashing import sha256_hex

KEY = 16  # hexadecimal digits; enough for the few thousand things that one person can hold
ON = {
    "SOURCE": "the source {}",
    "SPACE": "the space {}",
    "WAREHOUSE": "the warehouse {}",
    "FUNCTION": "the function {}",
}


class Sort(StrEnum):
    ROLE = "role"
    GROUP = "group"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class Holding:
    """One role on one thing, one user group, or one invitation. `account` is Segment's id, empty for an invitation.

    `grant` is what can be compared: (role id, type, id, labels …), (group id) or (address).
    """

    sort: Sort
    account: str
    email: str
    name: str
    grant: Grant
    on: str = ""

    @property
    def key(self) -> str:
        """The same for the same thing at every look; names may change meanwhile."""
        return sha256_hex(canonical.dumps([self.sort.value, self.account, *self.grant]))[:KEY]

    @property
    def owner(self) -> bool:
        return self.sort is Sort.ROLE and (self.grant[0] == OWNER_ROLE_ID or self.name == OWNER_ROLE)

    @property
    def takeable(self) -> bool:
        """Bare membership cannot be taken alone: that is a removal."""
        return self.sort is not Sort.ROLE or self.name != MEMBER_ONLY

    def says(self) -> str:
        if self.sort is Sort.GROUP:
            return f"the group {self.name}"
        if self.sort is Sort.INVITATION:
            return f"the invitation to {self.name}"
        return self.name if self.owner or not self.on else f"{self.name} on {self.on}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "grant": list(self.grant)}


def holding(data: Mapping[str, Any]) -> Holding:
    """The inverse of `as_json`."""
    return Holding(**{**data, "sort": Sort(data["sort"]), "grant": tuple(data["grant"])})


def holdings(seen: Sighting) -> list[Holding]:
    """Everything that was seen, each thing once. What groups give is not among them: it goes with its group."""
    names = {thing.id: thing.name for thing in (*seen.reach.named, *seen.reach.sources)}
    found = [each for account in seen.accounts for each in held_by(account, names)]
    found += [Holding(Sort.INVITATION, "", email, email, (fold(email),)) for email in seen.invitations]
    return list({each.key: each for each in found}.values())


def held_by(account: Account, names: Mapping[str, str]) -> Iterator[Holding]:
    for role in account.roles:
        if not role.group:
            for grant in parts(role):
                yield Holding(Sort.ROLE, account.id, account.email, role.role, grant, on(grant, names))
    for key, name in account.groups:
        yield Holding(Sort.GROUP, account.id, account.email, name, (key,))


def parts(role: Held) -> list[Grant]:
    """A role resource by resource; one without resources is one thing."""
    given = given_again(role) or {
        "roleId": role.role_id,
        "resources": [{"type": kind, "id": key} for kind, key in role.resources],
    }
    return parts_of(given)


def parts_of(given: Mapping[str, Any]) -> list[Grant]:
    return list(grants_of(given)) or [(str(given.get("roleId")),)]


def on(grant: Grant, names: Mapping[str, str]) -> str:
    if len(grant) < 3:
        return ""
    kind, key, labels = grant[1], grant[2], grant[3:]
    if labels:
        return "what is labelled " + ", ".join(label.replace("=", ":") for label in labels)
    if kind == "WORKSPACE":
        return "the whole workspace"
    return ON.get(kind, kind + " {}").format(names.get(key, key))


def words(some: Iterable[Holding]) -> str:
    """In one line. Many things of one role are counted: "Source Admin on 4 sources"."""
    found = list(some)
    roles: dict[tuple[str, str], list[Holding]] = {}
    for each in found:
        kind = each.grant[1] if each.sort is Sort.ROLE and len(each.grant) == 3 else each.key
        roles.setdefault((each.name, kind), []).append(each)
    return ", ".join(words_of(kind, same) for (_, kind), same in roles.items())


AT_MOST_NAMED = 3
MANY = {"SOURCE": "sources", "SPACE": "spaces", "WAREHOUSE": "warehouses", "FUNCTION": "functions"}


def words_of(kind: str, same: Sequence[Holding]) -> str:
    if len(same) == 1:
        return same[0].says()
    if len(same) > AT_MOST_NAMED and kind in MANY:
        return f"{same[0].name} on {len(same)} {MANY[kind]}"
    return f"{same[0].name} on " + ", ".join(each.on for each in same)


# ---------------------------------------------------------------- what becomes of it


def without(roles: Iterable[Held], account: Account, gone: Collection[str]) -> Iterator[Held]:
    """The roles of an account that are left when these things, named by their keys, are gone."""
    left = {name for key, name in account.groups if group_key(account, key) not in gone}
    for role in roles:
        if role.group:
            if role.group in left:
                yield role
            continue
        stays = [
            one
            for one, grant in zip(role.resources, parts(role), strict=False)
            if Holding(Sort.ROLE, account.id, account.email, role.role, grant).key not in gone
        ]
        if stays:
            yield replace(role, resources=tuple(stays))


def group_key(account: Account, group: str) -> str:
    return Holding(Sort.GROUP, account.id, account.email, "", (group,)).key


def lost_reach(seen: Sighting, gone: Collection[str]) -> Reach:
    """What was in reach and no longer is when these things are gone. The person stays, and so does what they made,
    except where the role to look after it goes.
    """
    reach = seen.reach
    left = [role for account in seen.accounts for role in without(account.roles, account, gone)]
    known = {thing.id: (thing.name, 0) for thing in (*reach.sources, *reach.unseen_keys)}
    stays = {thing.id for thing in keys_in_reach(left, known)[0]}
    keys = tuple(each for each in reach.keys if each.source_id not in stays)
    logins = not reads_warehouses(left)
    return replace(
        reach,
        sources=outside(reach.sources, stays),
        keys=keys,
        write_keys=sum(len(each.fingerprints) for each in keys),
        unseen_keys=outside(reach.unseen_keys, stays),
        warehouses=reach.warehouses if logins else (),
        credentials=reach.credentials if logins else (),
        functions=() if keeps(left, "Function") else reach.functions,
        audiences=() if keeps(left, "Engage") else reach.audiences,
        tracking_plans=0 if keeps(left, "Tracking Plan Admin") else reach.tracking_plans,
    )


def outside(things: Sequence[Thing], stays: Collection[str]) -> tuple[Thing, ...]:
    return tuple(thing for thing in things if thing.id not in stays)


def keeps(left: Iterable[Held], word: str) -> bool:
    return any(role.owner or (word in role.role and "Read-only" not in role.role) for role in left)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a place stands against what was to go and what was to stay."""

    left: tuple[Holding, ...]  # should be gone, and is there: as it was, or through something that covers it
    missing: tuple[Holding, ...]  # should have stayed, and is not there
    more: tuple[Holding, ...]  # neither

    @property
    def as_planned(self) -> bool:
        return not (self.left or self.missing or self.more)


def compared(seen: Sighting, lost: Sequence[Holding], kept: Sequence[Holding]) -> Standing:
    """A fresh look against a plan. An account that has another id by now is known by its address."""
    planned = {each.account for each in (*lost, *kept)}
    by_email = {fold(each.email): each.account for each in (*lost, *kept) if each.account}
    accounts = tuple(
        account
        if account.id in planned
        else replace(account, id=by_email.get(fold(account.email), account.id))
        for account in seen.accounts
    )
    now = {each.key: each for each in holdings(replace(seen, accounts=accounts))}
    stays, goes = {each.key for each in kept}, {each.key for each in lost}
    extra = [each for key, each in now.items() if key not in stays]
    extra += [each for account in accounts for each in through_groups(account, stays)]
    left = tuple(each for each in lost if each.key in now or any(covers(one, each) for one in extra))
    more = tuple(each for each in extra if each.key in now and each.key not in goes)
    return Standing(left, tuple(each for each in kept if each.key not in now), more)


def through_groups(account: Account, stays: Collection[str]) -> Iterator[Holding]:
    """What groups give that are not among those that stay."""
    planned = {name for key, name in account.groups if group_key(account, key) in stays}
    for role in account.roles:
        if role.group and role.group not in planned:
            for grant in parts(role):
                yield Holding(Sort.ROLE, account.id, account.email, role.role, grant)


def covers(wide: Holding, narrow: Holding) -> bool:
    """True if one grant brings what the other did: the same role on the same thing or on everything, or ownership."""
    if wide.sort is not Sort.ROLE or narrow.sort is not Sort.ROLE:
        return False
    if wide.owner or wide.grant == narrow.grant:
        return True
    whole = len(wide.grant) == 3 and wide.grant[1] == "WORKSPACE"
    return whole and wide.grant[0] == narrow.grant[0]
