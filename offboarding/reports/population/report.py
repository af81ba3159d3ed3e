"""One population report, read once: what the page shows and what every file of it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from offboarding.directory.rules import Scope
from offboarding.reports.population import queries
from offboarding.reports.population.rules import (
    Blind,
    Leaver,
    Row,
    Summary,
    Unasked,
    Wanted,
    sample,
    summary,
)
from offboarding.reports.population.unasked import removals_unasked
from offboarding.trail import queries as trail

# How old a copy of the audit trail may be to count for a period that ends today.
FRESH = timedelta(hours=26)


@dataclass(frozen=True)
class Report:
    wanted: Wanted
    zone: ZoneInfo
    now: datetime
    rows: Sequence[Row]
    leavers: Sequence[Leaver]
    unasked: Sequence[Unasked]
    blind: Sequence[Blind]
    compared: int  # workspaces of which every event of the period is copied
    known: int  # people on rosters, leavers or not
    not_listed: int  # requests that reach into clients which the reader may not read

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
    since, until = queries.bounds(wanted, zone)
    places = queries.workspaces_of(scope, wanted)
    copies = trail.copies(each.pk for each in places)
    # What is not over yet cannot be missing: a copy of the last day serves for today.
    blind = queries.blind(places, copies, since, min(until, now - FRESH))
    return Report(
        wanted=wanted,
        zone=zone,
        now=now,
        rows=queries.rows(queries.removals(scope, wanted, zone)),
        leavers=queries.leavers(scope, wanted, zone, today),
        unasked=removals_unasked(scope, places, copies, since, until),
        blind=blind,
        compared=len(places) - len(blind),
        known=queries.known_people(scope, wanted),
        not_listed=queries.not_listed(scope, wanted, zone),
    )
