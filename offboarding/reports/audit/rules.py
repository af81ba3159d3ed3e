"""What somebody looks for in the audit log."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime

from offboarding.ledger.events import Event
from offboarding.ledger.rules import iso
from offboarding.lib import canonical


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters; what is empty does not filter. Times are aware; `until` itself is no longer in it."""

    since: datetime | None = None
    until: datetime | None = None
    who: str = ""  # a part of a name or address, or "app" for Offboard itself
    what: str = ""  # an event, or the noun before its dot
    about: str = ""  # a reference as entries have it, such as R-1042
    client: int | None = None
    text: str = ""  # a number, a hash, a request, a person, a ticket

    @property
    def empty(self) -> bool:
        return self == Wanted()

    def as_told(self) -> dict[str, str]:
        """What was asked for, for the record and the cover of an export. Names of people stay out of it."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        return {
            name: iso(value) if isinstance(value, datetime) else str(value)
            for name, value in told.items()
            if value
        }

    def digest(self) -> str:
        """Tells two sets of filters apart."""
        return canonical.digest(self.as_told())


def events_of(what: str) -> list[str]:
    """The events that a filter means; none for one that is not known."""
    return [event.value for event in Event if what in (event.value, noun(event))]


def noun(event: Event) -> str:
    return event.value.partition(".")[0]


def nouns() -> tuple[str, ...]:
    return tuple(dict.fromkeys(noun(event) for event in Event))
