"""Codes, click paths and fact lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from offboarding.web.cards.states import TagCard
from offboarding.web.cards.strips import StripCard
from offboarding.web.cards.times import DueCard, TimeCard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class CodeCard:
    """An id or a hash in monospace with Copy beside it. `short` shows on screen, the whole value in print."""

    value: str
    short: str = ""
    label: StrOrPromise = ""

    @classmethod
    def hash(cls, value: str) -> CodeCard:
        return cls(value, f"{value[:4]}…{value[-4:]}" if len(value) > 12 else value, _("SHA-256"))


@dataclass(frozen=True, slots=True)
class PathCard:
    """Where to click in another product: its own labels, copied exactly."""

    steps: tuple[str, ...]
    url: str = ""
    confirmed: StrOrPromise = ""

    @property
    def text(self) -> str:
        return " > ".join(self.steps)


@dataclass(frozen=True, slots=True)
class FactCard:
    """One line of a fact list. `value` is a text, a card, or a tuple of these (one a line)."""

    label: StrOrPromise
    value: Any
    change_url: str = ""
    note: StrOrPromise = ""

    @property
    def lines(self) -> tuple[tuple[str, Any], ...]:
        """(kind, value) pairs; the kind names the element that shows the value."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return tuple((_FACT_KINDS.get(type(value), "text"), value) for value in values)


_FACT_KINDS: dict[type, str] = {
    TimeCard: "time",
    DueCard: "due",
    TagCard: "tag",
    CodeCard: "code",
    StripCard: "strip",
    PathCard: "path",
}
