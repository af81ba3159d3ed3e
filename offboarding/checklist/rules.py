"""The words of a plan: what was found, what a playbook says, what a line of the checklist is. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any

from offboarding.discovery.holdings import Holding, holdings, lost_reach, words
from offboarding.discovery.merging import lacks, to_give
from offboarding.discovery.rules import Outcome, Reach, Sighting
from offboarding.removals.rules import Choice

UNTIL = "until"  # the day of a step is the end that was chosen for the access


class Phase(StrEnum):
    PLAN = "plan"
    GIVE = "give"
    RESTORE = "restore"
    HAND_OVER = "hand-over"
    REMOVE = "remove"
    ROTATE = "rotate"
    VERIFY = "verify"
    RETURN = "return"
    RECORD = "record"
    CLEAN_UP = "clean-up"
    FOLLOW_UP = "follow-up"


PHASES = {
    Phase.PLAN: "Plan",
    Phase.GIVE: "Give first",
    Phase.RESTORE: "Give back",
    Phase.HAND_OVER: "Hand over",
    Phase.REMOVE: "Remove",
    Phase.ROTATE: "Rotate",
    Phase.VERIFY: "Verify",
    Phase.RETURN: "Give again",
    Phase.RECORD: "Record and tell",
    Phase.CLEAN_UP: "Clean up",
    Phase.FOLLOW_UP: "Follow up",
}


# Nothing of what these give says that something is gone.
GIVING = (Phase.GIVE, Phase.RESTORE)


def numbered_phases(present: Collection[str]) -> list[tuple[int, Phase]]:
    """The phases in order, with the numbers that people know them by. Few requests have one to give: first, back, or again."""
    shown: list[Phase] = [phase for phase in PHASES if phase != Phase.RESTORE]
    for few in (Phase.GIVE, Phase.RETURN):
        if few not in present:
            shown.remove(few)
    if Phase.RESTORE in present:
        shown = [phase for phase in PHASES if phase in present]
    return list(enumerate(shown, 1))


class Kind(StrEnum):
    AUTOMATIC = "automatic"
    MANUAL = "manual"
    VERIFICATION = "verification"


class Giving(StrEnum):
    """How the account that stays comes to what goes elsewhere."""

    NOTHING = "nothing"  # it has everything already
    BY_US = "by us"
    BY_PROVIDER = "by the identity provider"
    BY_HAND = "by hand"  # nobody knows exactly what to give


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
    # Keys of what goes where only some of it goes.
    taken: frozenset[str] = frozenset()
    # What was removed is given again in the same plan.
    again: bool = False
    # Where accounts are merged: the address whose account stays, and what was seen of it. `seen` is of the others then.
    stays: str = ""
    staying: Sighting | None = None

    @property
    def merged(self) -> bool:
        """Another account of the person takes over before this one goes."""
        return bool(self.stays) and self.choice is Choice.REMOVE

    @property
    def lacks(self) -> tuple[Holding, ...]:
        """What goes, and the account that stays does not have."""
        return lacks(self.seen, self.staying) if self.merged and self.staying else ()

    @property
    def given(self) -> list[dict[str, Any]] | None:
        """The roles among it as Segment takes them; None where one is not known exactly."""
        return to_give(self.seen, self.lacks)

    @property
    def giving(self) -> Giving:
        if not self.merged or self.staying is None:
            return Giving.NOTHING
        return way_to_give(
            self.seen, self.staying, self.managed_by == "scim", self.lacks, self.given is not None
        )

    @property
    def changes(self) -> bool:
        return self.choice is not Choice.KEEP

    @property
    def reduced(self) -> bool:
        return self.choice is Choice.REDUCE

    @property
    def lost(self) -> tuple[Holding, ...]:
        """What goes, where only some of it goes."""
        return tuple(each for each in holdings(self.seen) if each.key in self.taken) if self.reduced else ()

    @property
    def kept(self) -> tuple[Holding, ...]:
        """What stays, where only some of it goes."""
        found = holdings(self.seen) if self.reduced else ()
        return tuple(each for each in found if each.key not in self.taken)

    @property
    def reach(self) -> Reach:
        """What the person can reach, and no longer can afterwards. Nothing where another account takes over."""
        if self.merged:
            return Reach()
        return lost_reach(self.seen, self.taken) if self.reduced else self.seen.reach


def way_to_give(
    going: Sighting, staying: Sighting, scim: bool, lacking: Collection[Holding], exactly: bool
) -> Giving:
    """An invitation gives nothing yet, and Segment does not say what it would give."""
    there = staying.outcome is Outcome.MEMBER
    if going.outcome is Outcome.UNKNOWN:
        return Giving.BY_HAND
    if going.outcome is Outcome.INVITED:
        return Giving.BY_HAND if staying.outcome is Outcome.ABSENT else Giving.NOTHING
    if going.outcome is Outcome.ABSENT or (there and not lacking):
        return Giving.NOTHING
    if scim and not there:
        return Giving.BY_PROVIDER
    return Giving.BY_US if exactly else Giving.BY_HAND


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose access, in which request."""

    reference: str
    person: str
    addresses: tuple[str, ...]
    handover: str = ""  # whom the requester named for hand-overs
    owner: str = ""  # who answers for a service account
    consumers: str = ""  # what runs with it
    stays: str = ""  # the address of the person whose account stays; not among `addresses`


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
    # For what it is the playbook, and in a sentence what it does, for whoever chooses the reason.
    reasons: tuple[str, ...] = ()
    says: str = ""
    # Nothing waits for a hand-over or a measurement: access goes first.
    hurry: bool = False
    # What was removed is given again, in the same plan.
    gives_again: bool = False
    extends: Playbook | None = None

    @property
    def named(self) -> dict[str, Any]:
        """Which playbook this is, in which version, and of what it is an extension."""
        own: dict[str, Any] = {"name": self.name, "version": self.version}
        return {**own, "extends": self.extends.named} if self.extends else own


# Days between the word that senders use a new key and the removal of the old ones.
GRACE_DAYS = 7


def refuses_reduction(seen: Sighting, taken: Collection[str]) -> str:
    """Why only some of what was seen cannot go, in a sentence; empty if it can."""
    found = holdings(seen)
    if seen.outcome is Outcome.UNKNOWN:
        return "This workspace could not be read, so nobody knows what could stay. Choose Remove, or leave it out."
    if not any(each.key in taken for each in found if each.takeable):
        return "What was marked to go is not there any more. Mark what should go, or choose Keep."
    if all(each.key in taken for each in found):
        return "Nothing would stay. Choose Remove, or take the mark from what should stay."
    return ""


def number_of(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def after(days: int) -> str:
    return f"{number_of(days, 'day')} after that" if days else "at once after that"


def ends(place: Found) -> str:
    """ "2026-04-30", or "30 Apr 2026 17:00 CEST" where it ends at a time."""
    if place.ends_at:
        return f"{place.ends_at:%d %b %Y %H:%M %Z}"
    return place.until.isoformat() if place.until else ""


def before(place: Found) -> str:
    """What was there before, in a few words."""
    if place.choice is Choice.RESTORE:
        return f"Held before {place.restores}: {place.seen.says()}"
    if place.merged and place.staying and place.staying.outcome is not Outcome.UNKNOWN:
        return f"{place.seen.says()}; {place.stays}: {place.staying.says().replace('; ', ', ')}"
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
    if place.choice is Choice.REDUCE:
        return f"Take away {words(place.lost)}"
    if place.choice is Choice.DOWNGRADE:
        return f"Read-only until {place.until:%d %b %Y}" if place.until else "Read-only"
    if (first := give_first(place)) and place.seen.outcome is not Outcome.INVITED:
        return first
    if place.again and place.seen.outcome is Outcome.MEMBER:
        return "Remove, then give again"
    return "Cancel the invitation" if place.seen.outcome is Outcome.INVITED else "Remove"


def give_first(place: Found) -> str:
    """What the account that stays gets before the other one goes; empty where it has everything already."""
    if place.giving is Giving.NOTHING:
        return ""
    if place.giving is Giving.BY_HAND:
        return f"Give {place.stays} by hand what is missing, then remove"
    return f"Give {place.stays} {words(place.lacks) or 'membership'}, then remove"
