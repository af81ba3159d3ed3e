"""Whole forms: uploads and confirm pages."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from offboarding.web.cards.acts import ActCard
from offboarding.web.cards.facts import CodeCard, FactCard
from offboarding.web.cards.fields import ErrorSummaryCard, FieldCard
from offboarding.web.cards.states import TagCard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class FileCard:
    name: str
    size: StrOrPromise
    hash: CodeCard | None = None
    tag: TagCard | None = None
    remove: ActCard | None = None
    says: StrOrPromise = ""  # what it shows, who added it, when
    url: str = ""
    id: str = ""


@dataclass(frozen=True, slots=True)
class UploadCard:
    """A plain file input first. `accept` lists types as in HTML; the browser checks `max_bytes` too."""

    name: str
    label: StrOrPromise
    hint: StrOrPromise = ""
    accept: str = "image/png,image/jpeg,application/pdf"
    max_bytes: int = 10_000_000
    error: StrOrPromise = ""
    files: tuple[FileCard, ...] = ()
    multiple: bool = False
    id: str = ""

    @property
    def control_id(self) -> str:
        return self.id or f"id_{self.name}"


@dataclass(frozen=True, slots=True)
class ConfirmCard:
    """What will happen, where, and with what effect, before the button that does it."""

    title: StrOrPromise
    effects: tuple[StrOrPromise, ...]
    act: ActCard
    back_url: str
    facts: tuple[FactCard, ...] = ()
    fields: tuple[FieldCard, ...] = ()
    summary: ErrorSummaryCard = field(default_factory=ErrorSummaryCard)
    note: StrOrPromise = ""
