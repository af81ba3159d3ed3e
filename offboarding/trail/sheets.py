"""A CSV that a Workspace Owner exported in Segment (Settings > Workspace settings > Admin > Audit Trail), read line by line.

Segment documents neither its columns nor how it writes times. So columns are known by several names each, and a line that
cannot be read is said with its number. Pure, but for the stream that it reads.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import IO, Any

from offboarding.lib.masking import mask_body, storable
from offboarding.lib.refusals import Refused
from offboarding.trail.rules import Told, by_content

MOST_LINES = 200_000
LONGEST = 8000  # characters of one line
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "key": ("id", "event id", "audit event id"),
    "at": ("timestamp", "time", "date", "created at", "occurred at", "timestamp (utc)", "date (utc)", "time (utc)"),
    "type": ("type", "event", "event type", "action", "event name"),
    "actor": ("actor", "actor id", "user id", "subject", "performed by", "user", "actor name"),
    "email": ("actor email", "email", "user email"),
    "resource_id": ("resource id", "target id"),
    "resource_type": ("resource type", "target type"),
    "resource_name": ("resource name", "resource", "target", "target name"),
    "workspace": ("workspace id",),
}  # fmt: skip
NAMES = {name: field for field, names in COLUMNS.items() for name in names}
NEEDED = {"at": "a time", "type": "the kind of event"}


def lines(stream: IO[bytes], workspace_id: str) -> Generator[tuple[Told, dict[str, Any]], None, None]:
    """Every event in it, with the line as it was, masked. Raises Refused with the sentence for the page.

    `workspace_id` is Segment's: a file that names another workspace is none of this one.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="strict", newline="")
    try:
        yield from events(text, workspace_id)
    except UnicodeDecodeError:
        raise wrong("not-utf-8", "This file cannot be read. Save it as CSV in UTF-8.") from None
    except csv.Error:
        raise wrong("not-csv", "This file cannot be read as CSV: a quotation mark is not closed.") from None
    finally:  # the stream is the caller's, and goes on
        text.detach()


def events(text: IO[str], workspace_id: str) -> Iterator[tuple[Told, dict[str, Any]]]:
    first = text.readline(LONGEST)
    delimiter = max(",;\t", key=first.count)
    titles = next(csv.reader([first], delimiter=delimiter), [])
    fields = [NAMES.get(folded(title), "") for title in titles]
    if lacking := [says for field, says in NEEDED.items() if field not in fields]:
        says = (
            f"The first line has no column for {' and '.join(lacking)}. Add the file as Segment exports it."
        )
        raise wrong("no-columns", says)
    for number, row in enumerate(csv.reader(text, delimiter=delimiter, strict=True), start=2):
        if number - 1 > MOST_LINES:
            raise wrong(
                "too-many-lines", f"This file has more than {MOST_LINES} lines. Export fewer days at once."
            )
        if sum(map(len, row)) > LONGEST:
            raise wrong("long-line", f"Line {number} is longer than {LONGEST} characters.")
        if any(cell.strip() for cell in row):
            yield event(number, titles, fields, row, workspace_id)


def event(
    number: int, titles: Sequence[str], fields: Sequence[str], row: Sequence[str], workspace_id: str
) -> tuple[Told, dict[str, Any]]:
    given: dict[str, str] = {}
    for field, cell in zip(fields, row, strict=False):
        if field and cell.strip():
            given.setdefault(field, storable(cell.strip()))
    at = moment(given.pop("at", ""))
    if at is None or "type" not in given:
        raise wrong("bad-line", f"Line {number} has no time that can be read, or no kind of event.")
    if given.pop("workspace", workspace_id) != workspace_id:
        raise wrong("other-workspace", f"Line {number} is of another workspace. Add the file of this one.")
    raw = {storable(title): storable(cell) for title, cell in zip(titles, row, strict=False)}
    told = Told(given.pop("key", ""), at, given.pop("type"), **given)
    return told if told.key else by_content(told), mask_body(raw)


def folded(title: str) -> str:
    """ "actorEmail", "actor_email" and "Actor email" are one column."""
    apart = "".join(f" {sign}" if sign.isupper() else sign for sign in title.strip().replace("ID", "Id"))
    words = apart if any(sign.islower() for sign in title) else title
    return " ".join(words.replace("_", " ").replace("-", " ").casefold().split())


def moment(text: str) -> datetime | None:
    """ISO 8601, the form of mails, or seconds and milliseconds since 1970. Without a zone it is UTC."""
    text = text.strip().removesuffix(" UTC")
    for read in (datetime.fromisoformat, parsedate_to_datetime, since_1970):
        try:
            at = read(text)
        except (ValueError, TypeError, OverflowError, OSError):
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return None


def since_1970(text: str) -> datetime:
    number = int(text)
    return datetime.fromtimestamp(number / 1000 if number > 10**11 else number, UTC)


def wrong(code: str, says: str) -> Refused:
    return Refused(code, says, field="file")
