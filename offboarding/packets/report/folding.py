"""Long tables on paper: what is odd stands by itself, what is alike stands together. Every row is in the packet's lists."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

# A table up to so many rows is read row by row. A longer one has at most so many odd rows, and so many groups.
READ = 200
RANGES = 8  # of numbers in one cell

Row = dict[str, Any]


def folded(
    rows: Sequence[T],
    row: Callable[[T], Row],
    alike: Callable[[T], Hashable],
    together: Callable[[Sequence[T]], Row],
    odd: Callable[[T], bool] = lambda each: False,
    read: int = READ,
) -> list[Row]:
    """Each row; or, of a long table, the odd ones and then one row for all that are alike, in the order they came in."""
    if len(rows) <= read:
        return [row(each) for each in rows]
    lone = [each for each in rows if odd(each)][:READ]
    alone, groups = set(map(id, lone)), dict[Hashable, list[T]]()
    for each in rows:
        if id(each) not in alone:
            groups.setdefault(alike(each), []).append(each)
    parted = list(groups.values())
    kept, rest = parted[:READ], [each for group in parted[READ:] for each in group]
    together_rows = [row(group[0]) if len(group) == 1 else together(group) for group in kept]
    return [row(each) for each in lone] + together_rows + ([together(rest)] if rest else [])


def one_of_all(words: Iterable[str]) -> str:
    """What all say; of two or three, each; else how many they are."""
    told = list(dict.fromkeys(word for word in words if word))
    return ", ".join(told) if len(told) <= 3 else f"{len(told)} different"


def ranges(numbers: Iterable[int], most: int | None = RANGES) -> str:
    """Such as "1–5, 8"; of more pieces than `most` the first ones."""
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    told = [f"{first}–{last}" if last > first else str(first) for first, last in runs[:most]]
    return ", ".join([*told, "…"] if len(told) < len(runs) else told)


def first_and_last(moments: Iterable[str | None]) -> tuple[str, str]:
    """The first and the last moment, ISO 8601 in UTC; empty texts if there is none."""
    known = sorted(each for each in moments if each)
    return (known[0], known[-1]) if known else ("", "")
