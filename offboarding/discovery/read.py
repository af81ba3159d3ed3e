"""Looking for one person through one connection. Slow; holds no transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from offboarding.discovery.rules import (
    Account,
    Held,
    Outcome,
    Owners,
    Reach,
    Sighting,
    SourceKeys,
    Thing,
    keys_in_reach,
    reads_warehouses,
)
from offboarding.gateways.segment import (
    Credential,
    Declined,
    Destination,
    Exchange,
    GatewayError,
    Member,
    NotAllowed,
    NotThere,
    Permission,
    SegmentGateway,
    SlowDown,
    Source,
    TokenRefused,
)
from offboarding.lib.addresses import fold

# Finding out whether somebody is the last owner means reading other members one by one; beyond this we say we don't know.
OWNERS_READ_AT_MOST = 100
KEPT = tuple(field.name for field in fields(Exchange))
FUNCTION_KINDS = ("SOURCE", "DESTINATION", "INSERT_SOURCE", "INSERT_DESTINATION", "INSERT_TRANSFORMATION")


def look_for(gateway: SegmentGateway, addresses: Sequence[str], ids: Collection[str] = ()) -> Sighting:
    """Membership, roles, groups and invitations: all that decides what there is to remove.

    `ids` are accounts that are known to be the person's, whatever address they carry by now. One request a page of
    members, and one read each for the accounts found, never for everybody. Raises NotThere when an account is in the
    list and cannot be read: then nobody can say yet whether it is gone.
    """
    wanted = {fold(address) for address in addresses}
    count = 0
    others: list[Member] = []
    found: list[Member] = []
    for member in gateway.members():
        count += 1
        (found if fold(member.email) in wanted or member.id in ids else others).append(member)
    accounts = tuple(listed_account(gateway, member) for member in found)
    # An accepted invitation can stay listed: it is pending only while no member has that address.
    joined = {fold(account.email) for account in accounts}
    invitations = tuple(
        email for email in gateway.invites() if fold(email) in wanted and fold(email) not in joined
    )
    seen = Sighting(outcome(accounts, invitations), accounts, invitations, members=count)
    return replace(seen, owners=owners(gateway, others)) if seen.owner else seen


def outcome(accounts: Sequence[Account], invitations: Sequence[str]) -> Outcome:
    if accounts:
        return Outcome.MEMBER
    return Outcome.INVITED if invitations else Outcome.ABSENT


def listed_account(gateway: SegmentGateway, member: Member) -> Account:
    account = read_account(gateway, member)
    if account is None:
        raise NotThere(f"{member.email} is in the member list, but cannot be read.")
    return account


def read_account(gateway: SegmentGateway, member: Member) -> Account | None:
    """The account with its own roles and those of its groups; None if it went away while we read."""
    try:
        _, permissions = gateway.member(member.id)
    except NotThere:
        return None
    groups = tuple((group.id, group.name) for group in groups_of(gateway, member.id))
    roles = [held(permission) for permission in permissions]
    for group_id, name in groups:
        _, given = gateway.group(group_id)
        roles += [held(permission, name) for permission in given]
    return Account(member.id, member.email, member.name, tuple(roles), groups)


def groups_of(gateway: SegmentGateway, user_id: str) -> list[Any]:
    """No groups where the plan has none."""
    try:
        return list(gateway.groups_of(user_id))
    except Declined as error:
        if error.kind == "no-such-feature":
            return []
        raise


def held(permission: Permission, group: str = "") -> Held:
    labels = {f"{label.key}:{label.value}" for resource in permission.resources for label in resource.labels}
    return Held(
        role_id=permission.role_id,
        role=permission.role_name,
        resources=tuple((resource.type, resource.id) for resource in permission.resources),
        labels=tuple(sorted(labels)),
        group=group,
        given=json.dumps(permission.as_input(), sort_keys=True),
    )


def owners(gateway: SegmentGateway, others: Sequence[Member]) -> Owners:
    """Is there another owner? Reads groups first, then others until one is found."""
    if owner_through_group(gateway, {member.id for member in others}):
        return Owners.OTHERS
    for member in others[:OWNERS_READ_AT_MOST]:
        try:
            _, permissions = gateway.member(member.id)
        except NotThere:
            continue
        if any(held(permission).owner for permission in permissions):
            return Owners.OTHERS
    return Owners.LAST if len(others) <= OWNERS_READ_AT_MOST else Owners.UNKNOWN


def owner_through_group(gateway: SegmentGateway, others: set[str]) -> bool:
    try:
        groups = list(gateway.groups())
    except Declined as error:
        if error.kind == "no-such-feature":
            return False
        raise
    for group in groups:
        _, given = gateway.group(group.id)
        makes_owner = any(held(permission).owner for permission in given)
        if makes_owner and any(member.id in others for member in gateway.group_members(group.id)):
            return True
    return False


def reach_of(gateway: SegmentGateway, seen: Sighting) -> Reach:
    """What could break or be taken along. A part that cannot be read is named, and hides no other part."""
    unread: list[str] = []

    def part(name: str, read: Callable[[], Iterator[Any]]) -> list[Any]:
        try:
            return list(read())
        except (SlowDown, TokenRefused):
            raise
        except (NotAllowed, NotThere, Declined):
            unread.append(name)
        except GatewayError:
            unread.append(name)
        return []

    ids = {account.id for account in seen.accounts}
    listed = {each.id: each for each in part("sources", lambda: iter(gateway.sources()))}
    named = {each.id: (each.name, len(each.key_fingerprints)) for each in listed.values()}
    reached, keys = keys_in_reach(seen.roles, named)
    fed = part("destinations", lambda: iter(gateway.destinations())) if keys else []
    stored = reads_warehouses(seen.roles)
    warehouses = part("warehouses", lambda: iter(gateway.warehouses())) if stored else []
    credentials = part("credentials", lambda: iter(gateway.credentials())) if stored else []
    shared = dict(
        part(
            "credentials' consumers",
            lambda: (pair for each in credentials for pair in users_of(gateway, each)),
        )
    )
    functions = part(
        "functions", lambda: (each for kind in FUNCTION_KINDS for each in gateway.functions(kind))
    )
    spaces = part("audiences", lambda: iter(gateway.spaces()))
    audiences = part("audiences", lambda: (each for space in spaces for each in gateway.audiences(space.id)))
    plans = part("tracking plans", lambda: iter(gateway.tracking_plans()))
    return Reach(
        sources=reached,
        write_keys=keys,
        warehouses=tuple(
            Thing(each.id, each.name, each.username, each.kind, shared.get(each.id, ""))
            for each in warehouses
        ),
        credentials=tuple(Thing(each.id, each.name, each.username, each.kind) for each in credentials),
        functions=tuple(Thing(each.id, each.name) for each in functions if each.created_by in ids),
        audiences=tuple(Thing(each.id, each.name) for each in audiences if each.created_by in ids),
        tracking_plans=len(plans)
        if any("Tracking Plan Admin" in role.role or role.owner for role in seen.roles)
        else 0,
        unread=tuple(unread),
        named=named_by(seen.roles, [*listed.values(), *spaces, *functions]),
        keys=tuple(keys_of(listed[each.id], fed) for each in reached if listed[each.id].key_fingerprints),
        unseen_keys=tuple(each for each in reached if hides_keys(listed[each.id])),
    )


def named_by(roles: Sequence[Held], things: Sequence[Any]) -> tuple[Thing, ...]:
    """The names of what roles are narrowed to: an id says nothing to whoever has to choose."""
    wanted = {key for role in roles for kind, key in role.resources if kind != "WORKSPACE"}
    return tuple(Thing(each.id, each.name) for each in things if each.id in wanted)


def keys_of(source: Source, destinations: Sequence[Destination]) -> SourceKeys:
    """Its keys, and how many destinations behind it are not switched off."""
    fed = sum(each.source_id == source.id and each.enabled is not False for each in destinations)
    return SourceKeys(source.id, source.name, tuple(sorted(source.key_fingerprints)), fed)


def hides_keys(source: Source) -> bool:
    """True where a key is to be expected and none is shown: our token may be too weak to see it."""
    return not source.cloud and not source.key_fingerprints


def users_of(gateway: SegmentGateway, credential: Credential) -> Iterator[tuple[str, str]]:
    """(warehouse, credential) for each warehouse that signs in with the stored credential."""
    for warehouse in gateway.consumers(credential.id).warehouses:
        yield warehouse.id, credential.name


def raw_record(exchanges: Sequence[Exchange]) -> list[dict[str, Any]]:
    """As JSON values. Not copied deeply: a page of a list is long, and nothing here changes it."""
    return [{name: getattr(exchange, name) for name in KEPT} for exchange in exchanges]
