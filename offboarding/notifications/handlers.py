"""Who turns entries of the ledger into notices. Rooms above register here when Django starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from offboarding.ledger.events import Event
from offboarding.ledger.models import Entry
from offboarding.notifications.rules import Draft
from offboarding.users.models import User


def nothing_against(_entry: Entry, _user: User) -> str:
    return ""


def nowhere_else(_entry: Entry, _user: User) -> list[str]:
    return []


@dataclass(frozen=True, slots=True)
class Handler:
    drafts: Callable[[Entry], Iterable[Draft]]
    unless: Callable[[Entry, User], str] = nothing_against
    also: Callable[[Entry, User], list[str]] = nowhere_else


HANDLERS: dict[Event, Handler] = {}


def register(
    event: Event,
    drafts: Callable[[Entry], Iterable[Draft]],
    unless: Callable[[Entry, User], str] = nothing_against,
    also: Callable[[Entry, User], list[str]] = nowhere_else,
) -> None:
    """`drafts` says who is told what, as soon as the entry is seen. `unless` is asked just before the mail goes.

    It answers with a sentence where the notice is overtaken or no longer this person's to read, else with nothing.
    `also` names other addresses of this person that the mail goes to. All only read, and all may be asked again.
    """
    HANDLERS[event] = Handler(drafts, unless, also)


def watched() -> list[str]:
    return [event.value for event in HANDLERS]


def drafts_for(entry: Entry) -> list[Draft]:
    return list(HANDLERS[Event(entry.event)].drafts(entry))


def other_addresses(entry: Entry, user: User) -> list[str]:
    handler = HANDLERS.get(Event(entry.event))
    return handler.also(entry, user) if handler else []


def objection(entry: Entry, user: User) -> str:
    """Why this person is not told of this entry now, in a sentence; empty if they are."""
    if not user.is_active:
        return f"{user.name} does not sign in here any more."
    handler = HANDLERS.get(Event(entry.event))
    return handler.unless(entry, user) if handler else ""
