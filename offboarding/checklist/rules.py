"""From what was found to what will be done. Pure: the same facts give the same plan."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from itertools import groupby
from typing import Any

from offboarding.checklist.statements import drop_login
from offboarding.discovery.rules import Account, Held, Outcome, Owners, Reach, Sighting, Thing, given_again
from offboarding.removals.rules import Choice


class Phase(StrEnum):
    PLAN = "plan"
    RESTORE = "restore"
    HAND_OVER = "hand-over"
    REMOVE = "remove"
    ROTATE = "rotate"
    VERIFY = "verify"
    RECORD = "record"
    CLEAN_UP = "clean-up"
    FOLLOW_UP = "follow-up"


PHASES = {
    Phase.PLAN: "Plan",
    Phase.RESTORE: "Give back",
    Phase.HAND_OVER: "Hand over",
    Phase.REMOVE: "Remove",
    Phase.ROTATE: "Rotate",
    Phase.VERIFY: "Verify",
    Phase.RECORD: "Record and tell",
    Phase.CLEAN_UP: "Clean up",
    Phase.FOLLOW_UP: "Follow up",
}


def numbered_phases(present: Collection[str]) -> list[tuple[int, Phase]]:
    """The phases in order, with the numbers that people know them by. Only restorations have one to give back."""
    shown: list[Phase] = [phase for phase in PHASES if phase != Phase.RESTORE]
    if Phase.RESTORE in present:
        shown = [phase for phase in PHASES if phase in present]
    return list(enumerate(shown, 1))


class Kind(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    VERIFICATION = "verification"


@dataclass(frozen=True, slots=True)
class Found:
    """One place of the removal with what was seen there."""

    workspace_id: int
    workspace: str
    client: str
    environment: str
    region: str
    managed_by: str
    provider_group: str
    choice: Choice
    until: date | None
    reason: str
    seen: Sighting
    # For a restoration: when it ends, in the request's zone, and which request took the access away.
    ends_at: datetime | None = None
    restores: str = ""

    @property
    def changes(self) -> bool:
        return self.choice is not Choice.KEEP


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose access, in which request."""

    reference: str
    person: str
    addresses: tuple[str, ...]
    handover: str = ""  # whom the requester named for hand-overs


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the plan before it gets its number. `at`: empty for at once, "until" or "30 days"."""

    code: str
    phase: Phase
    kind: Kind
    step: str
    title: str
    workspace_id: int | None
    target: Mapping[str, Any]
    where: str
    how: tuple[str, ...]
    proof: str
    waits_for: tuple[str, ...]
    at: str
    blocks_closing: bool


@dataclass(frozen=True, slots=True)
class Addition:
    """A line that the approved plan does not have, found while the work goes on. `reason` tells one from the next."""

    reason: str
    code: str
    phase: Phase
    title: str
    workspace_id: int | None
    target: Mapping[str, Any]
    where: str = ""
    how: tuple[str, ...] = ()
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a playbook, as its file says it."""

    code: str
    phase: Phase
    title: str
    kind: Kind = Kind.MANUAL
    step: str = ""
    when: str = "always"
    each: str = "removal"
    where: str = ""
    how: tuple[str, ...] = ()
    proof: str = ""
    waits_for: tuple[str, ...] = ()
    at: str = ""
    blocks_closing: bool = True


@dataclass(frozen=True, slots=True)
class Playbook:
    name: str
    version: int
    steps: tuple[Step, ...] = field(default_factory=tuple)


def playbook(data: Mapping[str, Any]) -> Playbook:
    """Read a playbook's file. Raises ValueError with a sentence that names the step."""
    steps = tuple(step(row) for row in data["step"])
    codes = {each.code for each in steps}
    for each in steps:
        if missing := set(each.waits_for) - codes:
            raise ValueError(
                f"Step {each.code} waits for {', '.join(sorted(missing))}, which is not in the playbook."
            )
    return Playbook(data["name"], data["version"], steps)


def step(row: Mapping[str, Any]) -> Step:
    try:
        made = Step(
            **{
                **row,
                "phase": Phase(row["phase"]),
                "kind": Kind(row.get("kind", "manual")),
                "how": tuple(row.get("how", ())),
                "waits_for": tuple(row.get("waits_for", ())),
            }
        )
    except (TypeError, ValueError, KeyError) as error:
        raise ValueError(f"Step {row.get('code', '?')} cannot be read: {error}.") from error
    if made.when not in CONDITIONS or made.each not in SPREADS:
        raise ValueError(f"Step {made.code} has an unknown condition or repetition.")
    return made


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
# Days between the word that senders use a new key and the removal of the old ones.
GRACE_DAYS = 7


def lines(
    book: Playbook, subject: Subject, places: Sequence[Found], grace_days: int = GRACE_DAYS
) -> list[Line]:
    """Every line of the checklist, in the playbook's order. A step appears only where what was found calls for it.

    Steps for each source stay together, source by source: they are one rotation.
    """
    made: list[Line] = []
    for by_source, block in groupby(book.steps, lambda each: each.each == "source"):
        found = [
            (at, line(each, subject, involved, with_grace(target, grace_days) if by_source else target))
            for each in block
            for at, (involved, target) in enumerate(spread(each, places))
        ]
        made += [each for _, each in (sorted(found, key=lambda pair: pair[0]) if by_source else found)]
    return made


def spread(each: Step, places: Sequence[Found]) -> Iterator[tuple[list[Found], dict[str, Any]]]:
    return SPREADS[each.each]([place for place in places if CONDITIONS[each.when](place)])


def with_grace(target: Mapping[str, Any], days: int) -> dict[str, Any]:
    """The grace time is part of what is approved: a setting that changes later does not change it."""
    return {**target, "grace_days": days}


def line(each: Step, subject: Subject, involved: Sequence[Found], target: Mapping[str, Any]) -> Line:
    words = vocabulary(subject, involved, target)
    single = involved[0] if each.each != "removal" else None
    full = {
        **target,
        "addresses": list(subject.addresses),
        "workspaces": [place.workspace for place in involved],
    }
    if single and single.until:
        full["until"] = single.until.isoformat()
    if single and single.ends_at:
        full["until"] = single.ends_at.astimezone(UTC).isoformat()
    if single:
        full["choice"] = single.choice.value
    return Line(
        code=each.code,
        phase=each.phase,
        kind=each.kind,
        step=each.step,
        title=each.title.format_map(words),
        workspace_id=single.workspace_id if single else None,
        target=full,
        where=each.where,
        how=tuple(text.format_map(words) for text in each.how),
        proof=each.proof,
        waits_for=each.waits_for,
        at=each.at,
        blocks_closing=each.blocks_closing,
    )


def vocabulary(subject: Subject, involved: Sequence[Found], target: Mapping[str, Any]) -> dict[str, str]:
    """What a playbook's texts may name."""
    reaches = [place.seen.reach for place in involved]
    first = involved[0]
    accounts = target.get("accounts") or [{"email": subject.addresses[0]}]
    return {
        "person": subject.person,
        "reference": subject.reference,
        "addresses": ", ".join(subject.addresses),
        "workspaces": ", ".join(place.workspace for place in involved),
        "clients": ", ".join(sorted({place.client for place in involved})),
        "unknown_sign_in": ", ".join(place.workspace for place in involved if place.managed_by == "unknown"),
        "workspace": first.workspace,
        "provider_group": first.provider_group or "for Segment",
        "until": ends(first),
        "held": "; ".join(role.says() for role in first.seen.roles if not role.group)
        or "no role of their own",
        "restores": first.restores,
        "group": str(target.get("group", "")),
        "invitation": str(target.get("invitation", "")),
        "account": str(accounts[0]["email"]),
        "functions": ", ".join(thing.name for reach in reaches for thing in reach.functions),
        "audiences": ", ".join(thing.name for reach in reaches for thing in reach.audiences),
        "warehouses": ", ".join(thing.name for reach in reaches for thing in reach.warehouses),
        "source_count": str(sum(len(reach.sources) for reach in reaches)),
        "login": str(target.get("login", "")),
        "login_user": str(target.get("username", "")) or "the old user",
        "drop_login": drop_login(str(target.get("kind", "")), str(target.get("username", ""))),
        "key_count": str(sum(reach.write_keys for reach in reaches)),
        "handover": subject.handover or "the person who runs its senders",
        "unseen_sources": ", ".join(thing.name for reach in reaches for thing in reach.unseen_keys)
        or "all sources there",
        **words_of_keys(target),
    }


def words_of_keys(target: Mapping[str, Any]) -> dict[str, str]:
    keys, days = len(target.get("keys", ())), int(target.get("grace_days", 0))
    return {
        "source": str(target.get("source", "")),
        "old_keys": "1 old key" if keys == 1 else f"{keys} old keys",
        "feeds": number_of(int(target.get("feeds", 0)), "destination"),
        "grace": after(days),
    }


def after(days: int) -> str:
    return f"{number_of(days, 'day')} after that" if days else "at once after that"


def number_of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def ends(place: Found) -> str:
    """ "2026-04-30", or "30 Apr 2026 17:00 CEST" where it ends at a time."""
    if place.ends_at:
        return f"{place.ends_at:%d %b %Y %H:%M %Z}"
    return place.until.isoformat() if place.until else ""


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
    ]
    told += [
        f"The identity provider manages {place.workspace}. The person leaves its group there first, then Segment."
        for place in changed
        if place.managed_by == "scim"
    ]
    for place in changed:
        told += breakable(place)
    if any(place.seen.reach.keys for place in changed):
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


def breakable(place: Found) -> Iterator[str]:
    reach = place.seen.reach
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
        if place.seen.reach.unread:
            told.append(f"{place.workspace}: could not read {', '.join(place.seen.reach.unread)}.")
        told += [
            f"{place.workspace}: a permission that we do not know: {role.says()}."
            for role in place.seen.roles
            if not role.known
        ]
    return told


def before(place: Found) -> str:
    """What was there before, in a few words."""
    if place.choice is Choice.RESTORE:
        return f"Held before {place.restores}: {place.seen.says()}"
    return place.seen.says()


def moment_of(until: str, zone: tzinfo) -> datetime:
    """When a line whose date is `until` comes due: at that moment, or as the day after that date begins."""
    if "T" in until:
        return datetime.fromisoformat(until)
    return datetime.combine(date.fromisoformat(until) + timedelta(days=1), time(0), zone)


def planned(place: Found) -> str:
    """What happens in a place, in a few words."""
    if place.choice is Choice.KEEP:
        return f"Keep: {place.reason}"
    if place.choice is Choice.RESTORE:
        return f"Give back until {ends(place)}"
    if place.choice is Choice.DOWNGRADE:
        return f"Read-only until {place.until:%d %b %Y}" if place.until else "Read-only"
    return "Cancel the invitation" if place.seen.outcome is Outcome.INVITED else "Remove"
