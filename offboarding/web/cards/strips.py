"""The access strip: one square per workspace, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SquareState = Literal["access", "gone", "progress", "waiting", "failed", "unknown", "kept"]

# Glyphs on a 16 px square, as SVG paths; "solid" fills, the others are strokes.
_GLYPHS: dict[str, tuple[str, str]] = {
    "access": ("", ""),
    "gone": ("line", "m4.6 8.2 2.4 2.4 4.4-5"),
    "progress": ("solid", "M8 2h6v12H8z"),
    "waiting": ("solid", "M8 2h6v12H8z"),
    "failed": ("line", "m5 5 6 6m0-6-6 6"),
    "unknown": ("line", "M6.2 6.4a1.8 1.8 0 1 1 2.6 1.7c-.6.3-.8.6-.8 1.2M8 11.4v.1"),
    "kept": ("line", "M6.2 5v6M9.8 5v6"),
}
_COUNTS: dict[SquareState, Any] = {
    "gone": ngettext_lazy("%d gone", "%d gone"),
    "progress": ngettext_lazy("%d in progress", "%d in progress"),
    "waiting": ngettext_lazy("%d waiting", "%d waiting"),
    "access": ngettext_lazy("%d still has access", "%d still have access"),
    "failed": ngettext_lazy("%d failed", "%d failed"),
    "unknown": ngettext_lazy("%d not checked", "%d not checked"),
    "kept": ngettext_lazy("%d kept", "%d kept"),
}
_TOKENS: dict[str, StrOrPromise] = {
    "gone": lazy("tokens gone"),
    "progress": lazy("tokens in progress"),
    "waiting": lazy("tokens waiting"),
    "access": lazy("tokens still valid"),
    "failed": lazy("tokens failed"),
    "unknown": lazy("tokens not checked"),
    "kept": lazy("tokens kept"),
}
_KEYS: dict[str, StrOrPromise] = {
    "gone": lazy("keys changed"),
    "progress": lazy("keys in progress"),
    "waiting": lazy("keys waiting"),
    "access": lazy("keys not changed"),
    "failed": lazy("keys failed"),
    "unknown": lazy("keys not checked"),
    "kept": lazy("keys kept"),
}


class Mark(NamedTuple):
    """One square of a strip. `apart` begins the group of tokens and keys."""

    state: str
    draw: str
    path: str
    apart: bool = False


@dataclass(frozen=True, slots=True)
class StripCard:
    """One square per workspace, then one for tokens, one for keys and warehouse logins ("" leaves it out)."""

    squares: tuple[SquareState, ...]
    tokens: SquareState | Literal[""] = ""
    keys: SquareState | Literal[""] = ""

    LIMIT = 24

    @property
    def more(self) -> int:
        """How many workspaces have no square of their own."""
        return max(0, len(self.squares) - self.LIMIT)

    @property
    def marks(self) -> tuple[Mark, ...]:
        tail = [state for state in (self.tokens, self.keys) if state]
        places = [Mark(state, *_GLYPHS[state]) for state in self.squares[: self.LIMIT]]
        return (*places, *(Mark(state, *_GLYPHS[state], apart=not i) for i, state in enumerate(tail)))

    @property
    def spoken(self) -> str:
        """The sum in words: "2 gone, 1 waiting, 1 kept; tokens not checked, keys failed"."""
        counts = Counter(self.squares)
        places = ", ".join(str(words % counts[state]) for state, words in _COUNTS.items() if counts[state])
        tail = [str(words[state]) for words, state in ((_TOKENS, self.tokens), (_KEYS, self.keys)) if state]
        return "; ".join(part for part in (places, ", ".join(tail)) if part)


def worst_first(states: Iterable[SquareState]) -> tuple[SquareState, ...]:
    """The worst first, so that a long strip never hides what needs somebody."""
    order: list[SquareState] = ["failed", "access", "unknown", "progress", "waiting", "kept", "gone"]
    return tuple(sorted(states, key=order.index))
