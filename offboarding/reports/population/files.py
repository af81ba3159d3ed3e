"""A population report as files: the same rows and the same digest of them in each, with a cover that says what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import xlsxwriter

from offboarding.lib.cells import csv_line, neutral
from offboarding.reports.population.controls import Control, controls
from offboarding.reports.population.report import Report
from offboarding.reports.population.rules import Blind, Leaver, PlaceRow, Row, Unasked, standing, why_late

REQUESTS = (
    "request",
    "person",
    "addresses",
    "clients",
    "kind",
    "reason",
    "ticket",
    "asked by",
    "approved by",
    "emergency",
    "stage",
    "access should end (UTC)",
    "filed (UTC)",
    "approved (UTC)",
    "last access gone (UTC)",
    "limit (UTC)",
    "minutes from trigger",
    "minutes from approval",
    "standing",
    "why late",
    "workspaces",
    "workspaces gone",
    "packet SHA-256",
)
PLACES = (
    "request",
    "workspace",
    "client",
    "environment",
    "choice",
    "state",
    "says",
    "gone (UTC)",
    "minutes from trigger",
)
LEAVERS = ("person", "addresses", "client", "engagement", "left on", "how we know", "exception")
UNASKED = (
    "workspace",
    "client",
    "person",
    "removed (UTC)",
    "event",
    "by",
    "who",
    "event id",
    "request filed later",
    "exception",
)
BLIND = ("workspace", "client", "why it could not be compared")
CONTROLS = ("framework", "number", "asks", "what the report shows")
FORGOTTEN = "no request was filed"
BEHIND = "no request asked for this removal"


def iso(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else ""


def minutes(span: timedelta | None) -> int | str:
    return "" if span is None else round(span.total_seconds() / 60)


def request_cells(row: Row, now: datetime) -> list[Any]:
    return [
        row.reference,
        row.person,
        ", ".join(row.addresses),
        ", ".join(row.clients),
        row.kind,
        row.reason,
        row.ticket,
        row.requester,
        ", ".join(row.approvers),
        "yes" if row.emergency else "no",
        row.stage.value,
        iso(row.trigger),
        iso(row.filed),
        iso(row.approved),
        iso(row.gone),
        iso(row.due),
        minutes(row.elapsed),
        minutes(row.since_approval),
        standing(row, now).value,
        why_late(row, now),
        len(row.in_scope),
        sum(place.gone_at is not None for place in row.in_scope),
        row.packet,
    ]


def place_cells(row: Row, place: PlaceRow) -> list[Any]:
    span = place.gone_at - row.trigger if place.gone_at else None
    return [
        row.reference,
        place.workspace,
        place.client,
        place.environment,
        place.choice,
        place.now.value,
        place.says,
        iso(place.gone_at),
        minutes(max(span, timedelta(0)) if span is not None else None),
    ]


def leaver_cells(each: Leaver) -> list[Any]:
    addresses = ", ".join(each.addresses)
    return [
        each.name,
        addresses,
        each.client,
        each.engagement,
        each.left_on.isoformat(),
        each.says,
        FORGOTTEN,
    ]


def unasked_cells(each: Unasked) -> list[Any]:
    return [
        each.workspace, each.client, each.person, iso(each.at), each.type, each.by.value, each.who, each.event,
        each.filed_later, BEHIND,
    ]  # fmt: skip


def blind_cells(each: Blind) -> list[Any]:
    return [each.workspace, each.client, each.why]


def control_cells(each: Control) -> list[Any]:
    return [each.framework, each.number, each.asks, each.shows]


@dataclass(frozen=True, slots=True)
class Table:
    """Its head, how many rows it has, and these as often as they are asked for."""

    head: Sequence[str]
    count: int
    rows: Callable[[], Iterator[list[Any]]]


def tables(report: Report) -> dict[str, Table]:
    rows, now = report.rows, report.now
    places = [(row, place) for row in rows for place in row.places]

    def of(head: Sequence[str], found: Sequence[Any], cells: Callable[[Any], list[Any]]) -> Table:
        return Table(head, len(found), lambda: map(cells, found))

    return {
        "Requests": of(REQUESTS, rows, lambda row: request_cells(row, now)),
        "Workspaces": of(PLACES, places, lambda pair: place_cells(*pair)),
        "Leavers without request": of(LEAVERS, report.leavers, leaver_cells),
        "Removals without request": of(UNASKED, report.unasked, unasked_cells),
        "Not compared": of(BLIND, report.blind, blind_cells),
        "Controls": of(CONTROLS, controls(), control_cells),
    }


def digest(report: Report) -> str:
    """SHA-256 over all tables as CSV lines, one after the other: the same for every form of the file."""
    seen = hashlib.sha256()
    for table in tables(report).values():
        seen.update(csv_line(table.head))
        for cells in table.rows():
            seen.update(csv_line(cells))
    return seen.hexdigest()


def counts(report: Report) -> dict[str, Any]:
    """Row counts and totals, which tie to the page."""
    found = report.summary
    return {
        "Requests": found.requests,
        "Requests not listed: they reach into other clients": report.not_listed,
        "In time": found.in_time,
        "Late": found.late,
        "Overdue": found.overdue,
        "Open within the limit": found.open,
        "Not measured": found.not_measured,
        "Emergencies": found.emergencies,
        "Median, minutes": minutes(found.median),
        "Nine of ten within, minutes": minutes(found.nine_of_ten),
        "Leavers without request": len(report.leavers),
        "Removals without request": len(report.unasked),
        "Workspaces compared": report.compared,
        "Workspaces not compared": len(report.blind),
    }


def cover_of(report: Report, cover: Mapping[str, Any]) -> dict[str, Any]:
    """What was asked, the totals, how many rows each table has, and the digest of them all."""
    rows = {f"Rows in {name}": table.count for name, table in tables(report).items()}
    return {**cover, **counts(report), **rows, "SHA-256 of all tables": digest(report)}


def as_csv(report: Report, cover: Mapping[str, Any]) -> Iterator[bytes]:
    """One table after the other, each with a line "# table name" above it. Lines that begin with "# " are no rows."""
    for name, value in cover_of(report, cover).items():
        yield csv_line([f"# {name}", value])
    for name, table in tables(report).items():
        yield csv_line([f"# table {name}"])
        yield csv_line(table.head)
        for cells in table.rows():
            yield csv_line(cells)


def as_xlsx(report: Report, cover: Mapping[str, Any], out: IO[bytes]) -> None:
    """A sheet for the cover and for each table. Rows go to the disk as they are written."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, {**options, "strings_to_numbers": False})
    book.set_properties({"title": "Population of removals", "created": report.now.astimezone(UTC)})
    bold = book.add_format({"bold": True})
    sheet(book, "Cover", ("", ""), map(list, cover_of(report, cover).items()), bold)
    for name, table in tables(report).items():
        sheet(book, name, table.head, table.rows(), bold)
    book.close()


def sheet(book: Any, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]], bold: Any) -> None:
    made = book.add_worksheet(name)
    made.freeze_panes(1, 0)
    made.set_column(0, len(head) - 1, 22)
    made.write_row(0, 0, head, bold)
    for number, cells in enumerate(rows, start=1):
        made.write_row(number, 0, [neutral(cell) for cell in cells])
