"""A list of people as somebody pastes or uploads it: read into rows, judged nowhere. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from offboarding.lib.addresses import distinct
from offboarding.lib.refusals import Refused

MOST_ROWS = 200
MOST_BYTES = 1_000_000
LONGEST = 4000  # characters of one row
COLUMNS = (
    "email",
    "other_addresses",
    "name",
    "engagement",
    "reason",
    "ticket",
    "owner",
    "consumers",
    "stays",
    "take_only",
)
TEMPLATE = (
    ",".join(COLUMNS)
    + "\r\nsam@partner.example,sam@home.example sam.ode@old.example,Sam Ode,Acme analytics support,contract-ended,CS-881,,,,\r\n"
)
# What people write on top of the first column when they make their own list.
NAMES = {
    "email": "email",
    "e-mail": "email",
    "mail": "email",
    "address": "email",
    "other_addresses": "others",
    "other addresses": "others",
    "others": "others",
    "name": "name",
    "engagement": "engagement",
    "reason": "reason",
    "ticket": "ticket",
    "owner": "owner",
    "consumers": "consumers",
    "stays": "stays",
    "take_only": "takes",
    "take only": "takes",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """One row as it was typed. `others`: more addresses of the same person, by blank, comma or semicolon."""

    email: str = ""
    others: str = ""
    name: str = ""
    engagement: str = ""
    reason: str = ""
    ticket: str = ""
    # Of a service account: who answers for it, and what runs with it.
    owner: str = ""
    consumers: str = ""
    # Where accounts are merged: the address of the one that stays.
    stays: str = ""
    # Roles and user groups by name, by semicolon: only these go. Empty: everything does.
    takes: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that are looked for, also the one that stays."""
        parts = self.others.replace(",", " ").replace(";", " ").split()
        return distinct([self.email, *parts, *filter(None, [self.stays])])

    @property
    def taken(self) -> tuple[str, ...]:
        return tuple(name for each in self.takes.split(";") if (name := each.strip()))


def decoded(data: bytes, size: int = 0) -> str:
    """The text of a file, of which `size` bytes were sent. Raises Refused for what is none."""
    if max(size, len(data)) > MOST_BYTES:
        raise Refused("too-large", "This file is larger than 1 MB. Split it.", field="file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused(
            "not-utf-8", "This file cannot be read. Save it as CSV in UTF-8.", field="file"
        ) from None
    if "\0" in text:
        raise Refused("not-text", "This file is no text. Save it as CSV in UTF-8.", field="file")
    return text


def rows_of(text: str, field: str) -> tuple[Typed, ...]:
    """Every row that holds something. A first row with the names of columns says which is which; without one the
    columns are those of the template, in its order. Raises Refused with the sentence for the page.
    """
    try:
        found = [
            row
            for row in csv.reader(io.StringIO(text), delimiter=delimiter(text), strict=True)
            if any(map(str.strip, row))
        ]
    except csv.Error:
        raise Refused(
            "not-csv", "This list cannot be read: a quotation mark is not closed.", field=field
        ) from None
    names = heading(found[0]) if found else ()
    body = found[1:] if names else found
    if not body:
        raise Refused("no-rows", "There is nobody in this list.", field=field)
    if len(body) > MOST_ROWS:
        says = f"There are {len(body)} people in this list. File at most {MOST_ROWS} at once: split it."
        raise Refused("too-many-rows", says, field=field)
    if any(sum(map(len, row)) > LONGEST for row in body):
        raise Refused("long-row", f"A row is longer than {LONGEST} characters.", field=field)
    return tuple(typed(row, names or tuple(Typed.__dataclass_fields__)) for row in body)


def delimiter(text: str) -> str:
    """Of the first line: what separates its columns. A list of bare addresses has one column."""
    first = text.lstrip().partition("\n")[0]
    return max(",;\t", key=first.count)


def heading(row: Sequence[str]) -> tuple[str, ...]:
    """The fields that the first row names, empty for a column that we do not know; nothing if it is no heading."""
    names = tuple(NAMES.get(cell.strip().casefold(), "") for cell in row)
    return names if "email" in names else ()


def typed(row: Sequence[str], names: Iterable[str]) -> Typed:
    given = {name: cell.strip() for name, cell in zip(names, row, strict=False) if name}
    return replace(Typed(), **given)
