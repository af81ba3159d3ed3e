"""The audit trail's own events about one removal: which they are, who did them, and what silence means. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from offboarding.trail.rules import BY_CONTENT, TRACES, By, Kind, Told, by, takes_roles

Raw = Mapping[str, Any]
Pair = tuple[Told, Raw]
# An event of ours stands so close behind the call that caused it, by Segment's clock and by ours.
NEAR = timedelta(minutes=5)
WHO = {
    By.US: "by Offboard",
    By.COLLABORATOR: "by somebody on a roster",
    By.PERSON: "by a person",
    By.TOKEN: "by a token",
    By.PROVIDER: "by the identity provider",
    By.SEGMENT: "by Segment",
    By.UNKNOWN: "by nobody named",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose events, and of what kinds: those that the plan's choice for the place leaves behind."""

    ids: frozenset[str]
    addresses: frozenset[str]
    choice: str

    def traces(self, told: Told) -> bool:
        kinds = TRACES.get(self.choice, TRACES["remove"])
        ends = kinds is TRACES["remove"] and takes_roles(told.type)
        return (told.kind in kinds or ends) and self.concerns(told)

    def concerns(self, told: Told) -> bool:
        return told.concerns(self.ids, self.addresses)


def as_facts(
    pairs: Iterable[Pair], ours: Collection[str], collaborators: Collection[str]
) -> list[dict[str, Any]]:
    """As a look keeps them, oldest first: plain values."""
    return [
        {
            "id": told.key,
            "at": told.at.isoformat(),
            "type": told.type,
            "kind": told.kind.value,
            "actor": told.actor,
            "by": by(told, ours, collaborators).value,
            "who": told.email or told.actor,
            "what": " ".join(filter(None, (told.resource_type, told.resource_name or told.resource_id))),
        }
        for told, _raw in sorted(pairs, key=lambda pair: (pair[0].at, pair[0].key))
    ]


def attributed(
    pairs: Iterable[Pair], ours: Collection[str], collaborators: Collection[str], calls: Collection[datetime]
) -> list[dict[str, Any]]:
    """As `as_facts`, but who did it just behind one of our calls is Offboard, though nothing had told so before."""
    some = list(pairs)
    facts = as_facts(some, ours, collaborators)
    actor = our_actor(facts, calls)
    return as_facts(some, (*ours, actor), collaborators) if actor else facts


def known(told: Told, facts: Iterable[Mapping[str, Any]]) -> bool:
    """True if it is among them: by its id, or as what a file told of the same act without an id."""
    return any(each["id"] == told.key or twins(told, each) for each in facts)


def twins(told: Told, fact: Mapping[str, Any]) -> bool:
    if told.key.startswith(BY_CONTENT) is str(fact["id"]).startswith(BY_CONTENT):
        return False
    at = datetime.fromisoformat(fact["at"]).replace(microsecond=0)
    return told.at.replace(microsecond=0) == at and told.type.casefold() == str(fact["type"]).casefold()


def found(events: Sequence[Mapping[str, Any]]) -> str:
    """ "“User Removed” by Offboard, 2026-03-31T10:04:05Z, and 1 event more"."""
    first = min(events, key=lambda each: (unclear(each), each["at"]))
    at = datetime.fromisoformat(first["at"]).strftime("%Y-%m-%dT%H:%M:%SZ")
    more = len(events) - 1
    behind = f", and {more} {'event' if more == 1 else 'events'} more" if more else ""
    return f"“{first['type']}” {WHO[By(first['by'])]}, {at}{behind}"


def unclear(event: Mapping[str, Any]) -> bool:
    """True for what may tell of another act as well, so that a plainer one is named first."""
    return event["kind"] in ("", Kind.MEMBERSHIPS) or takes_roles(event["type"])


def silent(workspace: str, others: Collection[str], lack: str = "") -> str:
    """Why there is nothing: the audit trail cannot be read, or it says nothing of the removal yet."""
    if lack:
        return f"The audit trail of {workspace} cannot be read: {lack.rstrip('.')}."
    told = f"No event about the removal is in the audit trail of {workspace} yet. Events can be late."
    kinds = ", ".join(f"“{each}”" for each in sorted(set(others))[:3])
    return f"{told} About the person there is only {kinds}." if kinds else told


def our_actor(events: Iterable[Mapping[str, Any]], calls: Collection[datetime]) -> str:
    """The token that our own calls stand under: the only one that did this just behind one of them. Else empty."""
    actors = {
        each["actor"]
        for each in events
        if each["by"] == By.TOKEN
        and any(timedelta(minutes=-1) < datetime.fromisoformat(each["at"]) - call < NEAR for call in calls)
    }
    return actors.pop() if len(actors) == 1 else ""
