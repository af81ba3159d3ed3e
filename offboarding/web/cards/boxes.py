"""Boxes of text: nothing here, not allowed, notices, error pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offboarding.web.cards.acts import ActCard
from offboarding.web.cards.states import Role

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class EmptyCard:
    title: StrOrPromise
    text: StrOrPromise = ""
    act: ActCard | None = None


@dataclass(frozen=True, slots=True)
class PermissionCard:
    """What it is, who can give it, and a way to ask."""

    what: StrOrPromise
    who: StrOrPromise
    act: ActCard | None = None


@dataclass(frozen=True, slots=True)
class NoticeCard:
    role: Role
    title: StrOrPromise
    text: StrOrPromise = ""
    act: ActCard | None = None
    id: str = ""

    @property
    def icon(self) -> str:
        return _NOTICE_ICONS[self.role]


_NOTICE_ICONS: dict[str, str] = {
    "neutral": "ring",
    "info": "ring",
    "waiting": "hourglass",
    "ok": "tick",
    "attention": "hand",
    "bad": "triangle",
}


@dataclass(frozen=True, slots=True)
class ErrorPageCard:
    title: StrOrPromise
    text: StrOrPromise
    number: str = ""
    act: ActCard | None = None
