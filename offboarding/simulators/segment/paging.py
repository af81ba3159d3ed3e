"""Pages and cursors (Segment Public API, Pagination): count 1-1000, 200 when left out, opaque cursors."""

import base64
import binascii
from dataclasses import dataclass

from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import Query, invalid

DEFAULT = 200


@dataclass(frozen=True)
class Page:
    """One page that was asked for: `start` is a position in the collection."""

    start: int
    count: int
    plain: bool = False

    def answer(self, following: int | None, total: int) -> Json:
        """The `pagination` object of the answer; `next` is left out on the last page."""
        out: Json = {"current": self._cursor(self.start)}
        if following is not None:
            out["next"] = self._cursor(following)
        if self.start:
            out["previous"] = self._cursor(max(0, self.start - self.count))
        return {**out, "totalEntries": total}

    def _cursor(self, position: int) -> str:
        return str(position) if self.plain else cursor(position)


def cursor(position: int) -> str:
    """`MA==` is position 0."""
    return base64.b64encode(str(position).encode()).decode()


def read_page(query: Query, name: str = "pagination", *, most: int = 1000, plain: bool = False) -> Page:
    """The page asked for. `plain` cursors are bare numbers (`GET /filters`)."""
    given = query.objects.get(name)
    if given is None:
        return Page(0, min(DEFAULT, most), plain)
    start = read_cursor(given.get("cursor"), f"{name}.cursor", plain)
    return Page(start, read_count(given, name, most), plain)


def read_count(given: Json, name: str, most: int) -> int:
    text = str(given.get("count", ""))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise invalid(f"{name}.count", f"count must be a number from 1 to {most}")
    return int(text)


def read_cursor(value: object, name: str, plain: bool = False) -> int:
    if value in (None, ""):
        return 0
    try:
        text = str(value) if plain else base64.b64decode(str(value), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        text = ""
    if not text.isdigit():
        raise invalid(name, "cursor is not one that this endpoint has given")
    return int(text)
