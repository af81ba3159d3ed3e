"""What an approval policy says, which one applies, and how it reads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from offboarding.directory.rules import Scope
from offboarding.discovery.rules import Outcome
from offboarding.users.rules import Role


class Who(StrEnum):
    """Whom a turn asks. Each role has to be held for every client of the request."""

    APPROVER = "approver"
    CLIENT = "client"  # an approver whose role names this client, not all clients
    SECURITY = "security"


class Standing(StrEnum):
    """How a version of a policy stands. What is proposed binds nobody."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


ROLES = {Who.APPROVER: Role.APPROVER, Who.CLIENT: Role.APPROVER, Who.SECURITY: Role.SECURITY}
TURNS_AT_MOST = 3
PEOPLE_AT_MOST = 5
DAYS_AT_MOST = 90


@dataclass(frozen=True, slots=True)
class Turn:
    """So many distinct people of one kind; `people`, where named, are the only ones."""

    who: Who
    count: int = 1
    people: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Terms:
    """All that one version says. Numbers are people, hours and days; 0 hours means never."""

    turns: tuple[Turn, ...] = (Turn(Who.APPROVER),)
    ordered: bool = False
    owner: int = 2  # so many when a Workspace Owner goes, or may go: nobody could look
    production: int = 1
    many: int = 10  # more workspaces than this count as many
    many_needed: int = 2
    apart: bool = False  # who works on the steps does not approve, and the other way round
    valid_days: int = 7
    remind_hours: int = 24
    escalate_hours: int = 72
    escalate_to: tuple[int, ...] = ()  # nobody named: administrators of every client in the request

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Terms:
        turns = tuple(Turn(Who(each["who"]), each["count"], tuple(each["people"])) for each in data["turns"])
        return cls(**{**data, "turns": turns, "escalate_to": tuple(data["escalate_to"])})


# Where the installation itself asks for more than of any other request: by the name of a group of reasons, or by one of
# them. A leak is a matter of hours; a login or a key that programs use carries a pipeline.
AS_INSTALLED: dict[str, dict[str, int]] = {
    "Security": {"valid_days": 2, "remind_hours": 1, "escalate_hours": 4},
    "service-account-retired": {"production": 2},
    "sso-migration": {"production": 2},
    "credential-rotation": {"production": 2},
}


def for_reason(terms: Terms, reason: str, group: str) -> Terms:
    """What is said for every reason, as it holds for this one: line by line the stricter of the two."""
    own = {**AS_INSTALLED.get(group, {}), **AS_INSTALLED.get(reason, {})}
    held: dict[str, Any] = {line: stricter(line, getattr(terms, line), least) for line, least in own.items()}
    return replace(terms, **held)


def stricter(line: str, said: int, installed: int) -> int:
    """More people, or a shorter time; 0 hours means never, so any time is shorter."""
    if line == "production":
        return max(said, installed)
    return min(said, installed) if said else installed


@dataclass(frozen=True, slots=True)
class Selector:
    """What a policy is for. Empty means every one. `reason` is a code of the catalogue, or the name of a group of it."""

    client: int | None = None
    environment: str = ""
    reason: str = ""

    def fits(self, client: int, environment: str, reason: str, group: str) -> bool:
        return (
            self.client in (None, client)
            and self.environment in ("", environment)
            and self.reason in ("", group, reason)
        )

    def rank(self, reason: str) -> tuple[bool, bool, int]:
        """The larger, the more specific: first the client counts, then the environment, then the reason."""
        return self.client is not None, bool(self.environment), bool(self.reason) + (self.reason == reason)


def most_specific(
    selectors: Iterable[Selector], client: int, environment: str, reason: str, group: str
) -> list[Selector]:
    """All that fit, the one that applies first. Two different ones never have the same rank."""
    fitting = (each for each in selectors if each.fits(client, environment, reason, group))
    return sorted(fitting, key=lambda each: each.rank(reason), reverse=True)


def needed(terms: Terms, places: Sequence[Mapping[str, Any]], changed: int) -> int:
    """How many distinct people it takes for these changed places, of `changed` in the whole request."""
    count = max(1, sum(turn.count for turn in terms.turns))
    if any(may_be_owner(place) for place in places):
        count = max(count, terms.owner)
    if any(place["environment"] == "production" for place in places):
        count = max(count, terms.production)
    return max(count, terms.many_needed) if changed > terms.many else count


def may_be_owner(place: Mapping[str, Any]) -> bool:
    """Also where nobody could look: whatever is there goes as soon as it can be read."""
    return bool(place["owner"]) or place["outcome"] == Outcome.UNKNOWN


# ---------------------------------------------------------------- what cannot be


def wrong_with(terms: Terms) -> dict[str, str]:
    """What cannot stand, by field of the form."""
    faults = {f"count-{n}": fault for n, turn in enumerate(terms.turns) if (fault := wrong_with_turn(turn))}
    if not terms.turns:
        faults["who-0"] = "Say who decides."
    elif not faults and sum(turn.count for turn in terms.turns) > PEOPLE_AT_MOST:
        faults["count-0"] = f"All turns together ask at most {PEOPLE_AT_MOST} people."
    for field in ("owner", "production", "many_needed"):
        if not 1 <= getattr(terms, field) <= PEOPLE_AT_MOST:
            faults[field] = f"Write a number from 1 to {PEOPLE_AT_MOST}."
    if not 1 <= terms.many <= 1000:
        faults["many"] = "Write a number from 1 to 1000."
    return faults | wrong_with_times(terms)


def wrong_with_turn(turn: Turn) -> str:
    if not 1 <= turn.count <= PEOPLE_AT_MOST:
        return f"Write a number from 1 to {PEOPLE_AT_MOST}."
    if turn.people and len(turn.people) < turn.count:
        return "Fewer people are named than have to decide."
    return ""


def wrong_with_times(terms: Terms) -> dict[str, str]:
    faults = {}
    if not 1 <= terms.valid_days <= DAYS_AT_MOST:
        faults["valid_days"] = f"Write a number of days from 1 to {DAYS_AT_MOST}."
        return faults
    for field in ("remind_hours", "escalate_hours"):
        if not 0 <= getattr(terms, field) < terms.valid_days * 24:
            faults[field] = "Choose a time before the request for approval ends; 0 means never."
    if not faults and terms.remind_hours and 0 < terms.escalate_hours <= terms.remind_hours:
        faults["escalate_hours"] = "Choose a time after the reminder."
    return faults


# ---------------------------------------------------------------- who may change one


def may_not_set(scope: Scope, client: int | None) -> str:
    """Why this person may not propose or approve a policy for this client (None: for all); empty if they may."""
    if client is None and not scope.everywhere(Role.ADMINISTRATOR):
        return "Only an administrator of all clients changes a policy for all clients."
    if client is not None and not scope.covers(frozenset({client}), Role.ADMINISTRATOR):
        return "Only an administrator of this client changes its policies."
    return ""


def may_not_approve(scope: Scope, client: int | None, proposed_by: int) -> str:
    """Why this person may not let a proposed policy come into force; empty if they may."""
    if scope.user_id == proposed_by:
        return "You proposed this, so another administrator decides."
    return may_not_set(scope, client)


# ---------------------------------------------------------------- how it reads

KINDS = {Who.APPROVER: "approver", Who.CLIENT: "approver of the client", Who.SECURITY: "of security"}


def told(terms: Terms, names: Mapping[int, str]) -> tuple[tuple[str, str], ...]:
    """Label and sentence, line by line: what people read before they decide, and what stands in a plan."""
    lines = [("Who decides", in_turn(terms, names))]
    lines += [
        ("If a Workspace Owner goes, or nobody could look", at_least(terms.owner)),
        ("In production", at_least(terms.production)),
        (f"More than {many(terms.many, 'workspace')}", at_least(terms.many_needed)),
        ("Who works on the steps", "does not approve" if terms.apart else "may approve too"),
        ("A request for approval lasts", many(terms.valid_days, "day")),
        ("Reminder", after(terms.remind_hours)),
        ("Told to others", escalation(terms, names)),
    ]
    return tuple(lines)


def in_turn(terms: Terms, names: Mapping[int, str]) -> str:
    """ "1 approver of the client, then 1 of security (Sam or Li)"."""
    glue = ", then " if terms.ordered else " and "
    return glue.join(turn_says(turn, names) for turn in terms.turns)


def turn_says(turn: Turn, names: Mapping[int, str]) -> str:
    kind = KINDS[turn.who]
    if turn.count > 1:
        kind = kind.replace("approver", "approvers")
    named = [names.get(each, "somebody who is gone") for each in turn.people]
    return f"{turn.count} {kind}" + (f" ({' or '.join(named)})" if named else "")


def at_least(count: int) -> str:
    return "at least 1 person" if count == 1 else f"at least {count} different people"


def many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def after(hours: int) -> str:
    if not hours:
        return "never"
    return f"after {many(hours // 24, 'day')}" if hours % 24 == 0 else f"after {many(hours, 'hour')}"


def escalation(terms: Terms, names: Mapping[int, str]) -> str:
    if not terms.escalate_hours:
        return "never"
    named = [names.get(each, "somebody who is gone") for each in terms.escalate_to]
    return f"{after(terms.escalate_hours)}: {', '.join(named) if named else 'administrators of its clients'}"


def in_words(client: str, environment: str, reason: str) -> str:
    """What a policy is for: "Acme, production, every reason". Empty parts mean every one."""
    return ", ".join((client or "All clients", environment or "every environment", reason or "every reason"))
