"""The frame around a page, and the cast of the demo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from offboarding.web.cards.times import TimeCard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class CastCard(NamedTuple):
    email: str
    name: str
    role: StrOrPromise
    does: StrOrPromise


@dataclass(frozen=True, slots=True)
class NavItem:
    label: StrOrPromise
    url: str
    icon: str = ""
    current: bool = False
    count: int = 0


@dataclass(frozen=True, slots=True)
class NavCard:
    """The frame around a page: what this person may go to. What a role lacks is absent, not grey.

    `still`: since when the engine stands still, for those who look after it.
    """

    items: tuple[NavItem, ...]
    user_label: str
    role_label: StrOrPromise = ""
    demo: bool = False
    emergency: bool = False
    unread: int = 0
    search: str = ""
    search_url: str = "/search/"
    file_url: str = "/requests/new/"
    emergency_url: str = "/emergency/"
    account_links: tuple[NavItem, ...] = ()
    help_url: str = ""
    theme: Literal["system", "light", "dark"] = "system"
    keys: bool = True
    zone: str = ""
    still: TimeCard | None = None
    session_ends_at: str = ""
    extend_url: str = ""
