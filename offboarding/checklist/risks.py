"""What an approver has to weigh: what may break, and what nobody knows. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from offboarding.checklist.rules import GRACE_DAYS, Found, Giving, after, ends, number_of
from offboarding.checklist.spreads import gives_up_ownership, groups_of
from offboarding.discovery.holdings import Sort, words
from offboarding.discovery.rules import Outcome, Owners, Reach
from offboarding.removals.rules import Choice

# Stands where a sentence that is said of several workspaces names one of them.
HERE = "\N{OBJECT REPLACEMENT CHARACTER}"


def may_break(places: Sequence[Found], grace_days: int = GRACE_DAYS) -> list[str]:
    """What an approver has to weigh, worst first."""
    told: list[str] = []
    if back := [place for place in places if place.choice is Choice.RESTORE]:
        return [warning for place in back for warning in restoring(place)]
    changed = [place for place in places if place.changes]
    told += [
        f"The person is the only Owner of {place.workspace}. Segment does not let the last Owner go: somebody else must "
        "become Owner first."
        for place in changed
        if place.seen.owners is Owners.LAST
        and (not place.reduced or gives_up_ownership(place))
        and place.giving is not Giving.BY_US
    ]
    told += [
        f"The identity provider manages {place.workspace}. The person leaves its group there first, then Segment."
        for place in changed
        if place.managed_by == "scim" and not place.reduced
    ]
    told += [
        f"{place.workspace}: the person has no access from the removal until they are in again, which is up to them."
        for place in changed
        if place.again and place.seen.outcome is Outcome.MEMBER
    ]
    for place in changed:
        told += merging(place)
    for place in changed:
        told += [*stays_all_the_same(place), *breakable(place)]
    if any(place.reach.keys for place in changed):
        told.append(rotation_breaks(grace_days))
    return told


def restoring(place: Found) -> Iterator[str]:
    if place.seen.owner:
        yield f"{place.workspace}: the person becomes Workspace Owner again, until {ends(place)}."
    yield (
        f"{place.workspace}: whoever is no longer a member is invited again and has to accept. "
        "Nobody can see beforehand whether they do."
    )
    if place.seen.groups:
        names = ", ".join(name for _, name in place.seen.groups)
        yield f"{place.workspace}: groups are given again only while they give no more than they did: {names}."
    if place.managed_by == "scim":
        yield f"{place.workspace}: the identity provider manages its members, and may take the person out again."


def merging(place: Found) -> Iterator[str]:
    """What the account that stays gets, and what that hangs on."""
    staying, facts = place.staying, (place.workspace, place.stays)
    if staying is None or place.giving is Giving.NOTHING:
        return
    if any(each.owner for each in place.lacks):
        yield "{}: {} becomes Workspace Owner.".format(*facts)
    if place.giving is Giving.BY_US and staying.outcome is not Outcome.MEMBER:
        yield "{}: {} is no member, so it is invited, and has to accept. The other account goes only after that.".format(
            *facts
        )
    if place.giving is Giving.BY_US and staying.outcome is Outcome.INVITED:
        yield (
            "{}: an invitation of {} is pending already, and nobody can see what it grants. It has to be accepted or "
            "cancelled first."
        ).format(*facts)
    if place.giving is Giving.BY_HAND:
        yield "{}: nobody can see exactly what {} lacks, so a person compares and gives it by hand.".format(
            *facts
        )
    if any(each.sort is Sort.GROUP for each in place.lacks):
        yield f"{place.workspace}: groups are joined only while they give no more than now."
        if place.managed_by == "scim":
            yield f"The identity provider manages {place.workspace}, and may undo what is given in Segment."


def stays_all_the_same(place: Found) -> Iterator[str]:
    """What is taken away, and is there all the same through something that stays."""
    lost = {each.name for each in place.lost if each.sort is Sort.ROLE}
    stays = {each.name for each in place.kept if each.sort is Sort.GROUP}
    for group, role in dict.fromkeys((role.group, role.role) for role in place.seen.roles):
        if role in lost and group in stays:
            yield f"{place.workspace}: {role} goes, but the group {group} stays and gives it too."
    if groups := groups_of(place.lost) if place.managed_by == "scim" else []:
        yield (
            f"The identity provider manages {place.workspace}. {words(groups)} may come back with its next sync: a person "
            "looks there first."
        )


def breakable(place: Found) -> Iterator[str]:
    reach = place.reach
    if reach.write_keys:
        yield f"{place.workspace}: {keys_break(reach)}"
    if reach.warehouses:
        names = ", ".join(
            f"{thing.name} ({thing.detail})" if thing.detail else thing.name for thing in reach.warehouses
        )
        yield f"{place.workspace}: warehouse logins in reach: {names}. Syncs stop if a login is dropped before it is replaced."
    if reach.functions:
        yield f"{place.workspace}: {len(reach.functions)} functions made by the person go on running without a keeper."
    if reach.audiences:
        yield f"{place.workspace}: {len(reach.audiences)} audiences made by the person need a new keeper."


def keys_break(reach: Reach) -> str:
    """Which keys change, and what they feed."""
    if not reach.keys:
        return (
            f"{reach.write_keys} write keys of {len(reach.sources)} sources were readable. "
            "They keep working until they are rotated."
        )
    feeds = number_of(sum(each.destinations for each in reach.keys), "destination")
    return (
        f"{reach.write_keys} write keys of {len(reach.keys)} sources were readable; {feeds} get their events."
    )


def rotation_breaks(grace_days: int) -> str:
    """When something can stop because of new keys; the same for every source."""
    return (
        "Each of these sources gets a new write key, and somebody moves its senders over. The old keys are removed only when "
        f"that is confirmed, {after(grace_days)}: whatever still sends with an old key is cut off then."
    )


def not_known(places: Sequence[Found]) -> list[str]:
    """What nobody could see when the plan was made."""
    told = [
        f"{place.workspace} could not be read: {place.seen.why}"
        for place in places
        if place.seen.outcome is Outcome.UNKNOWN
    ]
    if any(place.choice is Choice.RESTORE for place in places):
        return told
    reached = [
        place.workspace for place in places if place.changes and place.seen.outcome is not Outcome.INVITED
    ]
    if reached:
        told.append(
            f"API tokens in {len(reached)} workspaces: Segment's API does not list them, so a person looks."
        )
    for place in places:
        if place.reach.unread:
            told.append(f"{place.workspace}: could not read {', '.join(place.reach.unread)}.")
        told += [
            f"{place.workspace}: a permission that we do not know: {role.says()}."
            for role in place.seen.roles
            if not role.known
        ]
    return told


def alike(lines: Iterable[str], workspaces: Iterable[str]) -> dict[str, list[str]]:
    """Each sentence once, with the workspaces of which it is said, in the order in which it is said first."""
    names = sorted({name for name in workspaces if name}, key=len, reverse=True)
    found: dict[str, list[str]] = {}
    for line in lines:
        name = next((each for each in names if each in line), "")
        said = found.setdefault(line.replace(name, HERE) if name else line, [])
        said += [name] if name and name not in said else []
    return found
