"""When a step of a playbook appears, and for what it is repeated. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from offboarding.checklist.rules import (
    Found,
)
from offboarding.discovery.rules import Account, Held, Outcome, Sighting, Thing, given_again
from offboarding.removals.rules import Choice

Condition = Callable[[Found], bool]


def _member(place: Found) -> bool:
    return place.changes and place.seen.outcome is Outcome.MEMBER


CONDITIONS: dict[str, Condition] = {
    "always": lambda place: True,
    "member": _member,
    "member_or_unknown": lambda place: (
        place.changes and place.seen.outcome in (Outcome.MEMBER, Outcome.UNKNOWN)
    ),
    "changes": lambda place: place.changes,
    "removed_by_us": lambda place: place.changes and place.seen.outcome in (Outcome.MEMBER, Outcome.INVITED),
    "remove": lambda place: place.choice is Choice.REMOVE and place.seen.outcome is not Outcome.INVITED,
    "downgrade": lambda place: place.choice is Choice.DOWNGRADE,
    "restore": lambda place: place.choice is Choice.RESTORE,
    "scim": lambda place: place.changes and place.managed_by == "scim",
    "managed": lambda place: place.changes and place.managed_by in ("scim", "sso"),
    "sign_in_unknown": lambda place: place.changes and place.managed_by == "unknown",
    "owner_of_managed": lambda place: (
        _member(place) and place.seen.owner and place.managed_by in ("scim", "sso")
    ),
    "tracking_plans": lambda place: _member(place) and place.seen.reach.tracking_plans > 0,
    "functions": lambda place: _member(place) and bool(place.seen.reach.functions),
    "audiences": lambda place: _member(place) and bool(place.seen.reach.audiences),
    "sources": lambda place: _member(place) and bool(place.seen.reach.sources),
    "warehouses": lambda place: _member(place) and bool(place.seen.reach.warehouses),
    "credentials": lambda place: _member(place) and bool(place.seen.reach.credentials),
    "write_keys": lambda place: _member(place) and bool(place.seen.reach.keys),
    "unseen_keys": lambda place: place.changes and keys_unseen(place.seen),
}


def keys_unseen(seen: Sighting) -> bool:
    """True where write keys may be in reach that we cannot name: not read, hidden, or counted by an older look."""
    if seen.outcome is Outcome.UNKNOWN:
        return True
    reach = seen.reach
    counted_only = reach.write_keys > 0 and not reach.keys
    return seen.outcome is Outcome.MEMBER and (
        bool(reach.unseen_keys) or counted_only or "sources" in reach.unread
    )


def per_removal(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    if places:
        yield list(places), {}


def per_place(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        accounts = [{"id": each.id, "email": each.email} for each in place.seen.accounts]
        yield [place], {"accounts": accounts}


def per_account(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line an account; one without an account where the place could not be read."""
    for place in places:
        for account in place.seen.accounts:
            yield [place], {"accounts": [{"id": account.id, "email": account.email}]}
        if not place.seen.accounts:
            yield [place], {"accounts": []}


def per_group(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        for account in place.seen.accounts if place.changes else ():
            for key, name in account.groups:
                accounts = [{"id": account.id, "email": account.email}]
                yield [place], {"group_id": key, "group": name, "accounts": accounts}


def per_invitation(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        for email in place.seen.invitations if place.changes else ():
            yield [place], {"invitation": email, "accounts": []}


def per_source(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """Each source whose write keys the person could read, with the fingerprints that were seen."""
    for place in places:
        for each in place.seen.reach.keys:
            keys = list(each.fingerprints)
            target = {
                "source_id": each.source_id,
                "source": each.source,
                "keys": keys,
                "feeds": each.destinations,
            }
            yield [place], target


def per_held(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line an account, with the permissions that it held directly."""
    for place in places:
        for account in place.seen.accounts:
            direct = [role for role in account.roles if not role.group]
            yield [place], {**held_by(account, direct), "roles": {role.role_id: role.role for role in direct}}


def per_held_group(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line an account and group, with what the group gave then."""
    for place in places:
        for account in place.seen.accounts:
            for key, name in account.groups:
                through = [role for role in account.roles if role.group == name]
                yield [place], {**held_by(account, through), "group_id": key, "group": name}


def held_by(account: Account, roles: Sequence[Held]) -> dict[str, Any]:
    """`permissions` is None where what was held is not known exactly: then nothing is given back by itself."""
    given = [given_again(role) for role in roles]
    return {
        "accounts": [{"id": account.id, "email": account.email}],
        "permissions": None if None in given else given,
    }


def per_place_held(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line a place, with everything that its accounts held there."""
    for place in places:
        accounts = [{"id": each.id, "email": each.email} for each in place.seen.accounts]
        roles = [role for each in place.seen.accounts for role in each.roles]
        direct = [given_again(role) for role in roles if not role.group]
        groups = sorted({key for each in place.seen.accounts for key, _ in each.groups})
        known = None if None in direct else direct
        yield [place], {"accounts": accounts, "permissions": known, "groups": groups}


def per_warehouse(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """Those with a login of their own; one that signs in with a stored credential goes with the credential."""
    for place in places:
        for each in place.seen.reach.warehouses:
            if not each.through:
                yield [place], login_target(each)


def per_credential(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        for each in place.seen.reach.credentials:
            yield [place], login_target(each)


def login_target(thing: Thing) -> dict[str, Any]:
    return {"login_id": thing.id, "login": thing.name, "kind": thing.kind, "username": thing.detail}


SPREADS = {
    "removal": per_removal,
    "place": per_place,
    "account": per_account,
    "group": per_group,
    "invitation": per_invitation,
    "source": per_source,
    "held": per_held,
    "held_group": per_held_group,
    "place_held": per_place_held,
    "warehouse": per_warehouse,
    "credential": per_credential,
}
