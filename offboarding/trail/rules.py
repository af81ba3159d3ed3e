"""Events of Segment's audit trail: what they tell, who did them, and how far our copy of them reaches. Pure.

Segment's types are an open set of phrases whose words change between generations, and which field carries a person is
not documented (Segment: Audit Trail; Public API, texts of the operations that cause them). So words are looked for, not
whole phrases, and a person is looked for in each field that may name one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from offboarding.lib.addresses import fold
from offboarding.lib.canonical import digest

# Segment keeps events for so long, in its app and through its API (Segment: Audit Trail).
KEPT = timedelta(days=90)
BY_CONTENT = "content:"  # begins the key of an event that came without an id of its own
TRIES = 5


class Kind(StrEnum):
    """What an event tells of a person's access."""

    REMOVED = "removed"
    REVOKED = "invitation revoked"
    LEFT_GROUP = "left a group"
    # Segment's texts name one type for three acts: removing a member, cancelling an invitation, leaving a group.
    MEMBERSHIPS = "memberships deleted"
    PERMISSIONS = "permissions changed"
    ADDED = "added"
    OTHER = ""


ENDS = ("removed", "deleted", "revoked", "cancelled", "canceled", "deprovisioned", "deactivated", "left")
BEGINS = ("added", "created", "joined", "accepted", "provisioned", "invited")


def kind_of(type: str) -> Kind:
    """By the words of its type, in any case, singular and plural alike."""
    phrase = type.casefold()
    ends = any(word in phrase for word in ENDS)
    if "invite" in phrase or "invitation" in phrase:
        return Kind.REVOKED if ends else Kind.ADDED if "accepted" in phrase else Kind.OTHER
    if "membership" in phrase and ends:
        return Kind.MEMBERSHIPS
    if "policy" in phrase or "permission" in phrase or "role" in phrase:
        return Kind.PERMISSIONS if "check" not in phrase else Kind.OTHER
    if "group" in phrase:
        left = ends and ("from" in phrase or "member" in phrase)
        return Kind.LEFT_GROUP if left else Kind.OTHER
    if "user" in phrase or "member" in phrase or "collaborator" in phrase:
        return Kind.REMOVED if ends else Kind.ADDED if any(word in phrase for word in BEGINS) else Kind.OTHER
    return Kind.OTHER


def takes_roles(type: str) -> bool:
    """True for "Policy Deleted": all of a person's roles are a policy, which goes with the membership."""
    phrase = type.casefold()
    return "polic" in phrase and any(word in phrase for word in ENDS)


# Which kinds of event are the trace of what was planned for a place.
TRACES: Mapping[str, tuple[Kind, ...]] = {
    "remove": (Kind.REMOVED, Kind.REVOKED, Kind.MEMBERSHIPS, Kind.LEFT_GROUP),
    "reduce": (Kind.PERMISSIONS, Kind.LEFT_GROUP, Kind.MEMBERSHIPS),
    "downgrade": (Kind.PERMISSIONS, Kind.LEFT_GROUP, Kind.MEMBERSHIPS),
    "restore": (Kind.PERMISSIONS, Kind.ADDED, Kind.REMOVED, Kind.MEMBERSHIPS),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One event, read. `at` is in UTC; `actor` is Segment's own word for who did it, `email` theirs where it is a person."""

    key: str
    at: datetime
    type: str
    actor: str = ""
    email: str = ""
    resource_id: str = ""
    resource_type: str = ""
    resource_name: str = ""

    @property
    def kind(self) -> Kind:
        return kind_of(self.type)

    @property
    def subjects(self) -> frozenset[str]:
        """Whom or what it was done to, folded: by id, with or without the kind before it, and by name."""
        named = (self.resource_id, self.resource_name, self.resource_id.rpartition("/")[2])
        return frozenset(fold(each) for each in named if each.strip())

    def concerns(self, ids: Collection[str], addresses: Collection[str]) -> bool:
        """True if it was done to one of these accounts or addresses."""
        return bool(self.subjects & {fold(each) for each in (*ids, *addresses)})

    def is_by(self, ids: Collection[str], addresses: Collection[str]) -> bool:
        """True if one of these people did it."""
        return is_by(self.actor, self.email, ids, addresses)


def is_by(actor: str, email: str, ids: Collection[str], addresses: Collection[str]) -> bool:
    """By address, or by the id in `actor`: "users/<id>" for people (unconfirmed by Segment), a bare id, or an address."""
    return bool(names(actor, email) & {fold(each) for each in (*ids, *addresses)})


def names(actor: str, email: str) -> frozenset[str]:
    return frozenset(fold(each) for each in (email, actor, actor.rpartition("/")[2]) if each.strip())


def by_content(told: Told) -> Told:
    """With a key made of what it says: the same line of two files is one event."""
    parts = (told.at.isoformat(), told.type, told.actor, told.email, told.resource_id, told.resource_name)
    return replace(told, key=BY_CONTENT + digest([each.strip().casefold() for each in parts]))


def same(one: Told, other: Told) -> bool:
    """True if both tell of the same act, as far as each says: a file may leave out what the API gives.

    Fractions of a second do not count, and each thing that both name has to be the same.
    """
    if one.at.replace(microsecond=0) != other.at.replace(microsecond=0) or fold(one.type) != fold(other.type):
        return False
    pairs = ((names(one.actor, one.email), names(other.actor, other.email)), (one.subjects, other.subjects))
    return all(not mine or not theirs or mine & theirs for mine, theirs in pairs)


# ---------------------------------------------------------------- who did it


class By(StrEnum):
    US = "us"
    COLLABORATOR = "collaborator"
    PERSON = "person"
    TOKEN = "token"
    PROVIDER = "provider"  # SCIM or SSO
    SEGMENT = "segment"
    UNKNOWN = "unknown"


TOKENS = ("public-api-token", "token", "access-token", "api-token")
MACHINES = ("__system__", "system", "segment")


def by(told: Told, ours: Collection[str], collaborators: Collection[str]) -> By:
    """Who did it. `ours`: actors that our own calls were seen under; `collaborators`: folded addresses of people we know.

    A removal through SCIM is logged in a way that nobody has confirmed: by the type, or by an actor that names it.
    """
    actor, head = told.actor.casefold(), told.actor.casefold().partition("/")[0]
    if told.actor and told.actor in ours:
        return By.US
    if "scim" in f"{actor} {told.type.casefold()}" or "via sso" in told.type.casefold():
        return By.PROVIDER
    if head in TOKENS:
        return By.TOKEN
    if told.email or "@" in told.actor:
        who = fold(told.email or told.actor)
        return By.COLLABORATOR if who in collaborators else By.PERSON
    if head in MACHINES:
        return By.SEGMENT
    return By.PERSON if head in ("users", "user") else By.UNKNOWN


# ---------------------------------------------------------------- how far the copy reaches


class Lack(StrEnum):
    """Why there is no copy of what Segment has now."""

    NOTHING = ""
    PLAN = "plan"
    TOKEN = "token"
    REFUSED = "refused"
    NOT_REACHED = "not reached"
    CRASHED = "crashed"


LACKS = {
    Lack.PLAN: "The plan of this workspace has no audit trail: Segment has it in the Business plan.",
    Lack.TOKEN: "Our token may not read the audit trail: it was made with too few rights.",
    Lack.REFUSED: "Segment refuses our token.",
    Lack.NOT_REACHED: "Segment gave no clear answer.",
    Lack.CRASHED: "Something in Offboard failed three times.",
}
REMEDIES = {
    Lack.PLAN: "If an Owner can open Settings > Workspace settings > Admin > Audit Trail, export it as CSV and add the file "
    "here.",
    Lack.TOKEN: "A Workspace Owner makes a token with the level Workspace Owner, or exports the audit trail as CSV and adds the "
    "file here.",
    Lack.REFUSED: "A Workspace Owner makes a new token: Replace token.",
    Lack.NOT_REACHED: "It is tried again by itself.",
    Lack.CRASHED: "Copy again, and tell your administrator.",
}
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Reach:
    """From when until when every event is copied, but for the gaps, which no later copy can fill."""

    since: datetime
    until: datetime
    gaps: tuple[Span, ...] = ()

    def covers(self, start: datetime, end: datetime) -> bool:
        """True if all of this time is copied."""
        whole = self.since <= start and end <= self.until
        return whole and not any(begun < end and start < ended for begun, ended in self.gaps)


def window(reach: Reach | None, now: datetime, overlap: timedelta) -> Span:
    """What to copy next: from a little before where the last copy ended, since events show up late."""
    oldest = now - KEPT
    return (max(oldest, reach.until - overlap) if reach else oldest), now


def grown(reach: Reach | None, since: datetime, until: datetime) -> Reach:
    """What is copied after this span was read as well. What lies between two copies has been dropped by Segment."""
    if reach is None:
        return Reach(since, until)
    gaps = (*reach.gaps, (reach.until, since)) if since > reach.until else reach.gaps
    return Reach(min(reach.since, since), max(reach.until, until), gaps)


def spans(kept: Sequence[Sequence[str]]) -> tuple[Span, ...]:
    """Gaps as a database gives them back."""
    return tuple((datetime.fromisoformat(begun), datetime.fromisoformat(ended)) for begun, ended in kept)


def dropped_on(at: datetime) -> datetime:
    """When Segment drops what happened then."""
    return at + KEPT


def keeps_up(until: datetime, now: datetime, hours: int) -> bool:
    """True where it is copied by itself every so many hours, and the last time did not fail to come."""
    return hours > 0 and now - until <= timedelta(hours=2 * hours)
