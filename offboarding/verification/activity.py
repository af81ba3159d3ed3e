"""What a person did lately, as the audit trail tells it, and what to look at first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

# Before and after these hours, and on Saturdays and Sundays, people seldom work.
FIRST_HOUR, LAST_HOUR = 6, 20
# So many lines are kept with a look, what is marked first; the raw answers hold all of them.
KEPT_AT_MOST = 200


class Mark(StrEnum):
    """Why a line is looked at first."""

    EXPORT = "export"
    KEY = "key or token"
    PERMISSION = "permissions"
    HOURS = "unusual hours"


# Segment's types are an open set of phrases, and their words change between generations (Segment: Audit Trail; Public API,
# texts of the operations that cause them). So words are looked for, not whole phrases.
WORDS: tuple[tuple[Mark, tuple[str, ...]], ...] = (
    (Mark.EXPORT, ("csv downloaded", "export", "download", "raw viewed")),
    (Mark.KEY, ("token", "write key", "credential", "api key", "secret")),
    (
        Mark.PERMISSION,
        ("policy", "invite", "invited to workspace", "user group", "group membership", "user added", "user removed",
         "subjects added", "support access", "access request"),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Done:
    """One event of the person. `marks` says why to look at it."""

    id: str
    at: str
    type: str
    what: str
    marks: tuple[str, ...]


def marks_of(type: str, at: datetime | None, zone: tzinfo) -> tuple[str, ...]:
    """What makes this worth a look, in the order of the marks. An unreadable time is no unusual hour."""
    phrase = type.casefold()
    found = [mark for mark, words in WORDS if any(word in phrase for word in words)]
    if at is not None and is_unusual(at.astimezone(zone)):
        found.append(Mark.HOURS)
    return tuple(mark.value for mark in found)


def is_unusual(local: datetime) -> bool:
    return local.weekday() >= 5 or not FIRST_HOUR <= local.hour < LAST_HOUR


def moment_of(text: str) -> datetime | None:
    """Segment writes ISO 8601; what is not that, or has no zone, is no moment."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None


def chosen(done: Iterable[Done]) -> list[Done]:
    """What is kept with a look: marked lines first, then the newest, in the order of time, newest first."""
    newest = sorted(done, key=lambda each: each.at, reverse=True)
    kept = sorted(newest, key=lambda each: not each.marks)[:KEPT_AT_MOST]
    return sorted(kept, key=lambda each: each.at, reverse=True)
