"""Parts that move while a page is open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from offboarding.web.cards.times import TimeCard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class ProgressCard:
    id: str
    label: StrOrPromise
    value: int
    max: int
    text: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class PollCard:
    """Asks `url` again every `seconds`; 0 renders the same element without a trigger, which ends it.

    Answer 204 for nothing new. `id` is stable. *Pause updates* is remembered by the browser.
    """

    id: str
    url: str
    seconds: int
    updated: TimeCard | None = None
    refresh_url: str = ""


@dataclass(frozen=True, slots=True)
class LiveCard:
    """Words beside a thing being done. Not announced by itself: send `HX-Trigger: {"announce": …}`."""

    id: str
    text: StrOrPromise
    busy: bool = False
    detail: StrOrPromise = ""


@dataclass(frozen=True, slots=True)
class DrawerCard:
    title: StrOrPromise
    close_url: str
    page_url: str = ""
