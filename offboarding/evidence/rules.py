"""How long evidence is kept."""

from __future__ import annotations

from datetime import date, timedelta
from math import ceil


def keep_until(taken_on: date, years: int) -> date:
    """The last day of so many whole years, leap days included."""
    return taken_on + timedelta(days=ceil(365.25 * years))
