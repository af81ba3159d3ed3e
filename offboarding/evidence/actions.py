"""Keeping evidence. The bytes are written before, and outside of, the transaction that names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from io import BytesIO
from typing import IO, Any

from offboarding import spelled
from offboarding.directory.models import Client
from offboarding.directory.queries import years_of
from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import in_lines, keep_until
from offboarding.work import clock


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are where they belong, for whom and until when, and that no row names yet."""

    sha256: str
    size: int
    client: Client
    at: datetime
    keep_until: date


def stored(stream: IO[bytes], client: Client) -> Stored:
    """Outside of any transaction. They stay for as long as `client` keeps its records. Raises NotStored."""
    now = clock.now()
    until = keep_until(now.date(), years_of(client))
    return Stored(*store.put(stream, until), client, now, until)


def stored_before(row: Evidence) -> Stored:
    """What a row names already."""
    assert row.client, "whoever stores says for whom"
    return Stored(row.sha256, row.size, row.client, row.taken_at, row.keep_until)


def stored_json(value: Any, client: Client) -> Stored:
    """What an API answered, already masked, as JSON that people can read too."""
    return stored(BytesIO(in_lines(value).encode()), client)


def write(
    kept: Stored, *, name: str, media_type: str, shows: str, source: str, taken_by: str, origin: str
) -> Evidence:
    """The row of a stored file: within the transaction that needs it, or by itself."""
    row = Evidence(
        sha256=kept.sha256,
        size=kept.size,
        media_type=media_type,
        name=name[:200],
        shows=shows[:300],
        source=source,
        taken_by=taken_by,
        origin=origin[:300],
        taken_at=kept.at,
        client=kept.client,
        keep_until=kept.keep_until,
    )
    return spelled.add(row)


def write_json(kept: Stored, *, name: str, shows: str, taken_by: str, origin: str) -> Evidence:
    source = Evidence.Source.API
    return write(
        kept,
        name=name,
        media_type="application/json",
        shows=shows,
        source=source,
        taken_by=taken_by,
        origin=origin,
    )


def keep(stream: IO[bytes], *, client: Client, origin: str = "", **told: str) -> Evidence:
    """Store a file and write its row: `name`, `media_type`, `shows`, `source` and `taken_by` say what it is."""
    return write(stored(stream, client), origin=origin, **told)


def keep_json(value: Any, *, client: Client, **told: str) -> Evidence:
    """`stored_json` and `write_json`, where no transaction needs the row."""
    return write_json(stored_json(value, client), **told)
