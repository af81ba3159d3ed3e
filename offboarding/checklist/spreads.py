"""When a step of a playbook appears, and for what it is repeated. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from offboarding.checklist.rules import (
    Found,
    Giving,
)
from offboarding.discovery.holdings import Holding, Sort, group_key, holdings
from offboarding.discovery.rules import Account, Held, Outcome, Reach, Thing, given_again
from offboarding.removals.rules import Choice

Condition = Callable[[Found], bool]


def _member(place: Found) -> bool:
    return place.changes and place.seen.outcome is Outcome.MEMBER


def _leaving(place: Found) -> bool:
    """All access goes, now or when read-only access ends."""
    return place.choice in (Choice.REMOVE, Choice.DOWNGRADE)


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
    "leaving": _leaving,
    "leaving_member": lambda place: _leaving(place) and _member(place),
    "reduce": lambda place: place.reduced,
    "remove_member": lambda place: place.choice is Choice.REMOVE and _member(place),
    "by_invitation": lambda place: (
        place.choice is Choice.REMOVE and _member(place) and place.managed_by != "scim"
    ),
    "by_provider": lambda place: (
        place.choice is Choice.REMOVE and _member(place) and place.managed_by == "scim"
    ),
    "looked_after": lambda place: (
        place.reduced or (place.choice is Choice.REMOVE and place.seen.outcome is not Outcome.INVITED)
    ),
    "scim": lambda place: _leaving(place) and place.managed_by == "scim",
    "scim_groups": lambda place: place.managed_by == "scim" and bool(groups_of(place.lost)),
    "managed": lambda place: _leaving(place) and place.managed_by in ("scim", "sso"),
    "sign_in_unknown": lambda place: (
        place.managed_by == "unknown" and (_leaving(place) or bool(groups_of(place.lost)))
    ),
    "owner_of_managed": lambda place: (
        _member(place) and place.managed_by in ("scim", "sso") and gives_up_ownership(place)
    ),
    "tracking_plans": lambda place: _member(place) and place.reach.tracking_plans > 0,
    "functions": lambda place: _member(place) and bool(place.reach.functions),
    "audiences": lambda place: _member(place) and bool(place.reach.audiences),
    "sources": lambda place: _member(place) and bool(place.reach.sources),
    "warehouses": lambda place: _member(place) and bool(place.reach.warehouses),
    "credentials": lambda place: _member(place) and bool(place.reach.credentials),
    "write_keys": lambda place: _member(place) and bool(place.reach.keys),
    "gives": lambda place: place.giving is Giving.BY_US,
    "gives_by_provider": lambda place: place.giving is Giving.BY_PROVIDER,
    "gives_by_hand": lambda place: place.giving is Giving.BY_HAND,
    "takes_over": lambda place: place.merged and _member(place) and place.giving is not Giving.BY_HAND,
    "unseen_keys": lambda place: place.changes and keys_unseen(place.seen.outcome, place.reach),
}


def groups_of(some: Iterable[Holding]) -> list[Holding]:
    return [each for each in some if each.sort is Sort.GROUP]


def gives_up_ownership(place: Found) -> bool:
    return any(each.owner for each in place.lost) if place.reduced else place.seen.owner


def keys_unseen(outcome: Outcome, reach: Reach) -> bool:
    """True where write keys may be in reach that we cannot name: not read, hidden, or counted by an older look."""
    if outcome is Outcome.UNKNOWN:
        return True
    counted_only = reach.write_keys > 0 and not reach.keys
    return outcome is Outcome.MEMBER and (
        bool(reach.unseen_keys) or counted_only or "sources" in reach.unread
    )


def per_removal(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    if places:
        yield list(places), {}


def per_place(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        accounts = [{"id": each.id, "email": each.email} for each in place.seen.accounts]
        yield (
            [place],
            {
                "accounts": accounts,
                **({"lost": told(place.lost), "kept": told(place.kept)} if place.reduced else {}),
            },
        )


def told(some: Iterable[Holding]) -> list[dict[str, Any]]:
    return [each.as_json() for each in some]


def per_reduced(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line an account that loses roles of its own and stays a member."""
    for place in places:
        for account in place.seen.accounts:
            lost = [each for each in place.lost if each.account == account.id and each.sort is Sort.ROLE]
            kept = [each for each in place.kept if each.account == account.id]
            if lost:
                accounts = [{"id": account.id, "email": account.email}]
                yield [place], {"accounts": accounts, "lost": told(lost), "kept": told(kept)}


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
                if goes(place, group_key(account, key)):
                    accounts = [{"id": account.id, "email": account.email}]
                    yield [place], {"group_id": key, "group": name, "accounts": accounts}


def goes(place: Found, key: str) -> bool:
    return not place.reduced or key in place.taken


def per_invitation(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        lost = {each.name for each in place.lost if each.sort is Sort.INVITATION}
        for email in place.seen.invitations if place.changes else ():
            if not place.reduced or email in lost:
                yield [place], {"invitation": email, "accounts": []}


def per_source(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """Each source whose write keys the person could read, with the fingerprints that were seen."""
    for place in places:
        for each in place.reach.keys:
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


def per_lacking(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line a place for the account that stays: the roles that it lacks, or its way in where it is no member."""
    for place in places:
        roles = [each for each in place.lacks if each.sort is Sort.ROLE]
        if roles or not staying_accounts(place):
            names = {each.grant[0]: each.name for each in roles}
            target = {"permissions": place.given, "roles": names, "lacks": told(roles)}
            yield [place], {**of_staying(place), **target}


def per_lacking_group(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line for each group that the account which stays is not in, with what the group gave then."""
    for place in places:
        lacking = {each.grant for each in place.lacks if each.sort is Sort.GROUP}
        for _place, target in per_held_group([place]):
            if (target["group_id"],) in lacking:
                lacking.discard((target["group_id"],))
                yield [place], {**target, **of_staying(place)}


def per_taken_over(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """One line a place with everything that goes: the account that stays has to have it, given now or held before."""
    for place in places:
        goes = [each for each in holdings(place.seen) if each.sort is not Sort.INVITATION and each.takeable]
        yield [place], {**of_staying(place), "lacks": told(goes)}


def of_staying(place: Found) -> dict[str, Any]:
    return {"accounts": staying_accounts(place), "addresses": [place.stays]}


def staying_accounts(place: Found) -> list[dict[str, str]]:
    seen = place.staying
    return [{"id": each.id, "email": each.email} for each in seen.accounts] if seen else []


def per_warehouse(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    """Those with a login of their own; one that signs in with a stored credential goes with the credential."""
    for place in places:
        for each in place.reach.warehouses:
            if not each.through:
                yield [place], login_target(each)


def per_credential(places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    for place in places:
        for each in place.reach.credentials:
            yield [place], login_target(each)


def login_target(thing: Thing) -> dict[str, Any]:
    return {"login_id": thing.id, "login": thing.name, "kind": thing.kind, "username": thing.detail}


SPREADS = {
    "removal": per_removal,
    "place": per_place,
    "account": per_account,
    "reduced": per_reduced,
    "group": per_group,
    "invitation": per_invitation,
    "source": per_source,
    "held": per_held,
    "held_group": per_held_group,
    "place_held": per_place_held,
    "lacking": per_lacking,
    "lacking_group": per_lacking_group,
    "taken_over": per_taken_over,
    "warehouse": per_warehouse,
    "credential": per_credential,
}
