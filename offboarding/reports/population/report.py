"""One population report, read once: what the page shows and what every file of it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from offboarding.directory.rules import Scope
from offboarding.reports.population import queries
from offboarding.reports.population.rules import (
    Blind,
    Leaver,
    Row,
    Summary,
    Wanted,
    sample,
    summary,
)


@dataclass(frozen=True)
class Report:
    wanted: Wanted
    zone: ZoneInfo
    now: datetime
    rows: Sequence[Row]
    leavers: Sequence[Leaver]
    blind: Sequence[Blind]
    known: int  # people on rosters, leavers or not

    @cached_property
    def summary(self) -> Summary:
        return summary(self.rows, self.now)

    def sample(self, size: int, seed: str) -> list[Row]:
        """By their reference, so that the order in which they are found says nothing."""
        by_reference = {row.reference: row for row in self.rows}
        return [by_reference[each] for each in sample(by_reference, size, seed)]


def read(scope: Scope, wanted: Wanted, zone: ZoneInfo, now: datetime) -> Report:
    """Everything within the reader's walls. A fixed number of queries for every five hundred requests."""
    today: date = now.astimezone(zone).date()
    return Report(
        wanted=wanted,
        zone=zone,
        now=now,
        rows=queries.rows(queries.removals(scope, wanted, zone)),
        leavers=queries.leavers(scope, wanted, zone, today),
        blind=queries.blind(scope, wanted),
        known=queries.known_people(scope, wanted),
    )
