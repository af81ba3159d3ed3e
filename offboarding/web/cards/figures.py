"""Figures: what changed, and how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from django.utils.translation import gettext_lazy as lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class DiffRow(NamedTuple):
    kind: Literal["same", "added", "removed", "changed"]
    label: StrOrPromise
    before: StrOrPromise = ""
    after: StrOrPromise = ""


_DIFF_WORDS: dict[str, tuple[str, StrOrPromise]] = {
    "same": ("", lazy("Same")),
    "added": ("+", lazy("Added")),
    "removed": ("\N{MINUS SIGN}", lazy("Removed")),
    "changed": ("~", lazy("Changed")),
}


@dataclass(frozen=True, slots=True)
class DiffCard:
    before: StrOrPromise
    after: StrOrPromise
    rows: tuple[DiffRow, ...]

    @property
    def lines(self) -> tuple[tuple[DiffRow, str, StrOrPromise], ...]:
        """(row, sign, word) each."""
        return tuple((row, *_DIFF_WORDS[row.kind]) for row in self.rows)


class Bar(NamedTuple):
    label: StrOrPromise
    value: int
    role: Literal["", "bad"] = ""


class DrawnBar(NamedTuple):
    bar: Bar
    y: int
    width: str
    end: str


@dataclass(frozen=True, slots=True)
class ChartCard:
    """Level bars, drawn by the server, and the same numbers as a table."""

    id: str
    title: StrOrPromise
    description: StrOrPromise
    bars: tuple[Bar, ...]
    value_label: StrOrPromise = ""

    ROW = 28  # px
    START, LONGEST = 26, 58  # per cent: names to the left, room for the number to the right

    @property
    def height(self) -> int:
        return len(self.bars) * self.ROW

    @property
    def drawn(self) -> tuple[DrawnBar, ...]:
        top = max((bar.value for bar in self.bars), default=0) or 1
        shares = [bar.value / top * self.LONGEST for bar in self.bars]
        return tuple(
            DrawnBar(bar, i * self.ROW, f"{share:.1f}%", f"{self.START + share:.1f}%")
            for i, (bar, share) in enumerate(zip(self.bars, shares, strict=True))
        )
