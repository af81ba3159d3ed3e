"""How long evidence is kept."""

from __future__ import annotations

import json
from datetime import date, timedelta
from math import ceil
from typing import Any

# As deep as a list within an answer: each thing in it stands in a line of its own, whatever is in it.
LEVELS_IN_LINES = 5
# With `indent` Python writes JSON ten times slower, since its own fast encoder knows no lines.
in_one_line = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


def in_lines(value: Any, level: int = 0) -> str:
    """JSON that people can read too: what is inside stands in lines, what is deep inside in one line each."""
    if level == LEVELS_IN_LINES or not value or not isinstance(value, dict | list):
        return in_one_line(value)
    if isinstance(value, dict):
        opens, closes = "{", "}"
        inside = [f"{in_one_line(name)}: {in_lines(value[name], level + 1)}" for name in sorted(value)]
    else:
        opens, closes = "[", "]"
        inside = [in_lines(each, level + 1) for each in value]
    begin = "\n" + " " * (level + 1)
    return opens + begin + f",{begin}".join(inside) + "\n" + " " * level + closes


def keep_longer(until: date, taken_on: date, years: int) -> date:
    """The last day after a change to so many years: a later one or the same, never an earlier one."""
    return max(until, keep_until(taken_on, years))


def keep_until(taken_on: date, years: int) -> date:
    """The last day of so many whole years, leap days included."""
    return taken_on + timedelta(days=ceil(365.25 * years))
