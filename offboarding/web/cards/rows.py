"""Rows of lists: steps, work, attention, timeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from offboarding.web.cards.acts import ActCard
from offboarding.web.cards.states import TagCard
from offboarding.web.cards.strips import StripCard
from offboarding.web.cards.times import DueCard, TimeCard

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class StepRowCard:
    number: int
    name: StrOrPromise
    url: str
    tag: TagCard
    facts: StrOrPromise = ""
    id: str = ""
    drawer: bool = True
    current: bool = False

    @property
    def row_id(self) -> str:
        return self.id or f"step-{self.number}"


@dataclass(frozen=True, slots=True)
class StepBundleCard:
    """Many steps of one kind, folded to one line inside their phase."""

    id: str
    title: StrOrPromise
    done: int
    total: int
    steps: tuple[StepRowCard, ...]
    worst: TagCard


@dataclass(frozen=True, slots=True)
class RestCard:
    """Where all `total` of them stand, of which only the first are shown."""

    total: int
    url: str


@dataclass(frozen=True, slots=True)
class StepFoldCard:
    """Those of a long phase that need nobody now, folded to one line: the first of `total`."""

    id: str
    title: StrOrPromise
    total: int
    steps: tuple[StepRowCard, ...]
    rest: RestCard | None = None


@dataclass(frozen=True, slots=True)
class StepGroupCard:
    """A phase. `worst` is the state of its worst member; a phase that is done folds to one line.

    In a long one, `steps` are those that need somebody, and the rest stands in `folds`.
    """

    id: str
    title: StrOrPromise
    done: int
    total: int
    steps: tuple[StepRowCard | StepBundleCard, ...]
    worst: TagCard | None = None
    folds: tuple[StepFoldCard, ...] = ()
    rest: RestCard | None = None  # of `steps`

    @property
    def open(self) -> bool:
        return self.done < self.total


@dataclass(frozen=True, slots=True)
class WorkRowCard:
    tag: TagCard
    ref: str
    name: StrOrPromise
    url: str
    facts: StrOrPromise = ""
    due: DueCard | None = None
    act: ActCard | None = None
    strip: StripCard | None = None


@dataclass(frozen=True, slots=True)
class AttentionRow:
    text: StrOrPromise
    url: str
    label: StrOrPromise
    role: Literal["attention", "bad"] = "attention"


@dataclass(frozen=True, slots=True)
class AttentionCard:
    title: StrOrPromise
    rows: tuple[AttentionRow, ...]


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One line of a timeline. `calls` are the API calls folded under it."""

    kind: Literal["person", "app", "segment"]
    actor: StrOrPromise
    text: StrOrPromise
    time: TimeCard
    tag: TagCard | None = None
    calls: tuple[StrOrPromise, ...] = ()
    id: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class DayCard:
    title: StrOrPromise
    entries: tuple[EntryCard, ...]
