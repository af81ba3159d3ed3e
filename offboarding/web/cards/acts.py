"""Links, buttons, and the ways from page to page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class ActCard:
    """A link, or with `post` a form of one button. `busy` replaces the label while the server works.

    `dialog` opens the linked confirm page over this one, `drawer` opens the linked page beside it; without
    script both are ordinary links. `hidden` are fields of the form, such as the version of the thing.
    """

    label: StrOrPromise
    url: str
    role: Literal["main", "quiet", "bad", "link"] = "quiet"
    icon: str = ""
    busy: StrOrPromise = ""
    post: bool = False
    dialog: bool = False
    drawer: bool = False
    hidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TabCard:
    label: StrOrPromise
    url: str
    current: bool = False
    count: StrOrPromise | int = ""


@dataclass(frozen=True, slots=True)
class TabsCard:
    label: StrOrPromise
    tabs: tuple[TabCard, ...]
    kind: Literal["tabs", "filters"] = "tabs"

    @property
    def many(self) -> bool:
        """More than a phone shows in a row or two: there they are behind the name of the current one."""
        return self.kind == "tabs" and len(self.tabs) > 5

    @property
    def current(self) -> StrOrPromise:
        return next((tab.label for tab in self.tabs if tab.current), self.label)


@dataclass(frozen=True, slots=True)
class PagerCard:
    newer_url: str = ""
    older_url: str = ""
    text: StrOrPromise = ""
    by_time: bool = True  # newest first; else it has pages before and after


@dataclass(frozen=True, slots=True)
class StagesCard:
    """The pages of a wizard, as (label, url); one not yet open has no url. `current` counts from 1."""

    stages: tuple[tuple[StrOrPromise, str], ...]
    current: int
