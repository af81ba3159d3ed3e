"""States: each a shape, a word and a colour role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from django.utils.translation import gettext_lazy as lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

Role = Literal["neutral", "info", "waiting", "ok", "attention", "bad"]


class Look(NamedTuple):
    """Shape, word and colour role. The first two stand alone where colour is missing."""

    icon: str
    role: Role
    word: StrOrPromise
    pale: bool = False


STATES: dict[str, Look] = {
    "not_started": Look("circle", "neutral", lazy("Not started")),
    "waiting": Look("hourglass", "waiting", lazy("Waiting")),
    "running": Look("half", "info", lazy("Running")),
    "done": Look("ring", "info", lazy("Done, not verified"), pale=True),
    "verified": Look("tick", "ok", lazy("Verified")),
    "needs_person": Look("hand", "attention", lazy("Needs a person")),
    "due_soon": Look("clock", "attention", lazy("Due soon")),
    "late": Look("clock", "bad", lazy("Late")),
    "failed": Look("triangle", "bad", lazy("Failed")),
    "skipped": Look("bars", "neutral", lazy("Skipped")),
    "kept": Look("equals", "neutral", lazy("Kept")),
    "not_needed": Look("dash", "neutral", lazy("Not needed")),
}
REQUEST_STATES: dict[str, Look] = {
    "draft": Look("", "neutral", lazy("Draft")),
    "to_decide": Look("", "attention", lazy("To decide")),
    "approved": Look("", "ok", lazy("Approved")),
    "rejected": Look("", "bad", lazy("Rejected")),
    "expired": Look("", "attention", lazy("Not decided in time")),
    "cancelled": Look("", "neutral", lazy("Cancelled")),
    "closed": Look("", "ok", lazy("Closed")),
    "emergency": Look("", "bad", lazy("Emergency")),
}
# What a search for access can answer. "None found", "not checked" and "could not check" are three results.
RESULTS: dict[str, Look] = {
    "checking": Look("half", "info", lazy("Checking…"), pale=True),
    "found": Look("person", "info", lazy("Found")),
    "invited": Look("requests", "info", lazy("Invite")),
    "none_found": Look("dash", "neutral", lazy("None found")),
    "not_checked": Look("circle", "neutral", lazy("Not checked yet")),
    "could_not_check": Look("triangle", "bad", lazy("Could not check")),
}
LOOKS: dict[str, Look] = STATES | REQUEST_STATES | RESULTS


@dataclass(frozen=True, slots=True)
class TagCard:
    """A state as shape and word. `text` replaces the usual word ("Waiting for the SCIM sync")."""

    state: str
    text: StrOrPromise = ""
    id: str = ""

    def __post_init__(self) -> None:
        LOOKS[self.state]

    @property
    def look(self) -> Look:
        return LOOKS[self.state]

    @property
    def word(self) -> StrOrPromise:
        return self.text or self.look.word
