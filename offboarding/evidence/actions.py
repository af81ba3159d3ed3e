"""Keeping evidence. The bytes are written before, and outside of, the transaction that names them."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

from offboarding.directory.models import Client
from offboarding.directory.queries import years_of
from offboarding.evidence import store
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import in_lines, keep_until
from offboarding.work import clock


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes that are where they belong, and that no row names yet."""

    sha256: str
    size: int


def keep(
    stream: IO[bytes], *, name: str, media_type: str, shows: str, source: str, taken_by: str, client: Client,
    origin: str = "",
) -> Evidence:  # fmt: skip
    """Store a file and write its row. It is kept for as long as `client` keeps its records."""
    stored = Stored(*store.put(stream))
    return write(
        stored,
        name=name,
        media_type=media_type,
        shows=shows,
        source=source,
        taken_by=taken_by,
        client=client,
        origin=origin,
    )


def write(
    stored: Stored, *, name: str, media_type: str, shows: str, source: str, taken_by: str, client: Client, origin: str
) -> Evidence:  # fmt: skip
    """The row of a stored file: within the transaction that needs it, or by itself."""
    now = clock.now()
    return Evidence.objects.create(
        sha256=stored.sha256,
        size=stored.size,
        media_type=media_type,
        name=name[:200],
        shows=shows[:300],
        source=source,
        taken_by=taken_by,
        origin=origin[:300],
        taken_at=now,
        client=client,
        keep_until=keep_until(now.date(), years_of(client)),
    )


def store_json(value: Any) -> Stored:
    """Store what an API answered, already masked, as JSON that people can read too. Outside of any transaction."""
    return Stored(*store.put(BytesIO(in_lines(value).encode())))


def write_json(
    stored: Stored, *, name: str, shows: str, taken_by: str, client: Client, origin: str
) -> Evidence:
    return write(
        stored,
        name=name,
        media_type="application/json",
        shows=shows,
        source=Evidence.Source.API,
        taken_by=taken_by,
        client=client,
        origin=origin,
    )


def keep_json(value: Any, *, name: str, shows: str, taken_by: str, client: Client, origin: str) -> Evidence:
    """`store_json` and `write_json`, where no transaction needs the row."""
    return write_json(
        store_json(value), name=name, shows=shows, taken_by=taken_by, client=client, origin=origin
    )
