"""A population report as files: the same rows and the same digest of them in each, with a cover that says what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import IO, Any

import xlsxwriter

from offboarding.lib.cells import csv_line, neutral
from offboarding.reports.population.controls import controls
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


def tables(report: Report) -> dict[str, tuple[Sequence[str], Callable[[], Iterator[list[Any]]]]]:
    """Every table by name: its head, and its rows as often as they are asked for."""
    rows, now = report.rows, report.now
    return {
        "Requests": (REQUESTS, lambda: (request_cells(row, now) for row in rows)),
        "Workspaces": (PLACES, lambda: (place_cells(row, place) for row in rows for place in row.places)),
        "Leavers without request": (LEAVERS, lambda: (leaver_cells(each) for each in report.leavers)),
        "Removals without request": (UNASKED, lambda: (unasked_cells(each) for each in report.unasked)),
        "Not compared": (BLIND, lambda: (blind_cells(each) for each in report.blind)),
    }


def digest(report: Report) -> str:
    """SHA-256 over all tables as CSV lines, one after the other: the same for every form of the file."""
    seen = hashlib.sha256()
    for head, made in tables(report).values():
        seen.update(csv_line(head))
        for cells in made():
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


def as_csv(report: Report, cover: Mapping[str, Any]) -> Iterator[bytes]:
    """One table after the other, each with a line "# name, rows" above it. Lines that begin with "# " are no rows."""
    for name, value in {**cover, **counts(report), "SHA-256 of all tables": digest(report)}.items():
        yield csv_line([f"# {name}", value])
    for name, (head, made) in tables(report).items():
        yield csv_line([f"# table {name}"])
        yield csv_line(head)
        for cells in made():
            yield csv_line(cells)


def as_xlsx(report: Report, cover: Mapping[str, Any], out: IO[bytes]) -> None:
    """A sheet for the cover and for each table. Rows go to the disk as they are written."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(out, {**options, "strings_to_numbers": False})
    book.set_properties({"title": "Population of removals", "created": report.now.astimezone(UTC)})
    bold = book.add_format({"bold": True})
    told = {**cover, **counts(report), "SHA-256 of all tables": digest(report)}
    sheet(book, "Cover", ("", ""), ([name, value] for name, value in told.items()), bold)
    for name, (head, made) in tables(report).items():
        sheet(book, name, head, made(), bold)
    rows = ([each.framework, each.number, each.asks, each.shows] for each in controls())
    sheet(book, "Controls", CONTROLS, rows, bold)
    book.close()


def sheet(book: Any, name: str, head: Sequence[str], rows: Iterable[Sequence[Any]], bold: Any) -> None:
    made = book.add_worksheet(name)
    made.freeze_panes(1, 0)
    made.set_column(0, len(head) - 1, 22)
    made.write_row(0, 0, head, bold)
    for number, cells in enumerate(rows, start=1):
        made.write_row(number, 0, [neutral(cell) for cell in cells])
