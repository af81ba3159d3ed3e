"""One person's accounts in one workspace: what goes, the one that stays, and what it lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from offboarding.discovery.holdings import Holding, Sort, covers, holdings, parts_of, through_groups
from offboarding.discovery.rules import MEMBER_ONLY, Outcome, Owners, Sighting, given_again
from offboarding.lib.addresses import same


def split(seen: Sighting, stays: str) -> tuple[Sighting, Sighting]:
    """What was seen of the accounts that go, and of the one with the address that stays. What nobody saw stays unseen."""
    if seen.outcome is Outcome.UNKNOWN:
        return seen, seen
    going, staying = part(seen, stays, staying=False), part(seen, stays, staying=True)
    if going.owner and staying.owner:
        return replace(going, owners=Owners.OTHERS), staying
    return (going, staying) if going.owner else (replace(going, owners=Owners.NOT_OWNER), staying)


def part(seen: Sighting, stays: str, *, staying: bool) -> Sighting:
    accounts = tuple(each for each in seen.accounts if same(each.email, stays) is staying)
    invitations = tuple(email for email in seen.invitations if same(email, stays) is staying)
    outcome = Outcome.MEMBER if accounts else Outcome.INVITED if invitations else Outcome.ABSENT
    return replace(seen, outcome=outcome, accounts=accounts, invitations=invitations)


def holds(seen: Sighting) -> list[Holding]:
    """Everything that the accounts have, through their groups too."""
    through = [each for account in seen.accounts for each in through_groups(account, ())]
    return [*holdings(seen), *through]


def lacks(going: Sighting, staying: Sighting) -> tuple[Holding, ...]:
    """Each role and group that goes and that the account which stays does not have, neither so nor through something
    wider. Bare membership is lacked by nobody who is a member.
    """
    wanted = {(each.sort, each.grant): each for each in holdings(going) if each.sort is not Sort.INVITATION}
    bare = bool(staying.accounts)
    return tuple(
        each
        for each in still_lacked(wanted.values(), staying)
        if not (bare and each.sort is Sort.ROLE and each.name == MEMBER_ONLY)
    )


def still_lacked(wanted: Iterable[Holding], seen: Sighting) -> list[Holding]:
    """What of it these accounts do not have."""
    has = holds(seen)
    return [each for each in wanted if not any(is_there(one, each) for one in has)]


def is_there(one: Holding, wanted: Holding) -> bool:
    return covers(one, wanted) or (one.sort is wanted.sort and one.grant == wanted.grant)


def to_give(going: Sighting, lacking: Sequence[Holding]) -> list[dict[str, Any]] | None:
    """The lacking roles as Segment takes them, each on no more than what is lacked; None where one is not known exactly."""
    wanted = {each.grant for each in lacking if each.sort is Sort.ROLE}
    found: dict[str, dict[str, Any]] = {}
    for role in (role for account in going.accounts for role in account.roles if not role.group):
        given = given_again(role)
        if given is None and wanted & set(parts_of(as_seen(role.role_id, role.resources))):
            return None
        if given is not None and (narrow := narrowed(given, wanted)):
            found.setdefault(repr(narrow), narrow)
    return list(found.values())


def as_seen(role_id: str, resources: Iterable[tuple[str, str]]) -> dict[str, Any]:
    return {"roleId": role_id, "resources": [{"type": kind, "id": key} for kind, key in resources]}


def narrowed(given: dict[str, Any], wanted: set[tuple[str, ...]]) -> dict[str, Any] | None:
    """The part of a grant that is wanted; all of one that has no resources to tell apart."""
    resources = given.get("resources")
    if not isinstance(resources, list) or not resources:
        return given if wanted & set(parts_of(given)) else None
    stays = [one for one in resources if wanted & set(parts_of({**given, "resources": [one]}))]
    return {**given, "resources": stays} if stays else None
