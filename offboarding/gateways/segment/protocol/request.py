"""Building requests: addresses, queries in dot form, limit classes."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from offboarding.gateways.segment.protocol.reading import PAGE
from offboarding.lib.masking import mask_url

Json = Any
T = TypeVar("T")

BULLET = "•"  # Segment shows stored secrets as bullets

# Calls per minute by limit class (Segment Public API, Rate limits). All IAM writes are taken as one pool.
# "default" is not published; endpoints at 600 are described as below it.
LIMITS_PER_MINUTE: Mapping[str, int] = {
    "default": 600,
    "iam-write": 60,
    "volume": 60,
    "audiences": 60,
    "computed-traits": 25,
    "connection-state": 200,
}


@dataclass(frozen=True, slots=True, repr=False)
class Request(Generic[T]):
    """One call: what to send, and how to read the answer.

    `query` is percent-encoded and in dot form (`userIds.0=...`). `limit_class` is a key of
    `LIMITS_PER_MINUTE`. `read` takes the `data` of the answer and gives the typed value; it raises
    Unreadable. `secrets` are values in path or body that no record may show beside their own field.
    """

    method: str
    path: str
    read: Callable[[Mapping[str, Any]], T]
    query: str = ""
    body: Json = None
    limit_class: str = "default"
    secrets: tuple[str, ...] = field(default=())

    @property
    def target(self) -> str:
        """Path and query as they go on the wire."""
        return f"{self.path}?{self.query}" if self.query else self.path

    @property
    def content(self) -> bytes | None:
        return None if self.body is None else json.dumps(self.body, ensure_ascii=False).encode()

    @property
    def changes(self) -> bool:
        """True when the call may change something at Segment."""
        return self.method != "GET" and self.path != "/warehouses/validation"

    def __repr__(self) -> str:
        return f"<Request {self.method} {mask_url(self.target, secrets=self.secrets)}>"


def path(*parts: str) -> str:
    """`path("users", id)`: each part encoded whole. Empty parts and dots name other resources: refused."""
    for part in parts:
        if not part or part in (".", ".."):
            raise ValueError("a part of the address is empty")
    return "/" + "/".join(quote(part, safe="") for part in parts)


def query(*pairs: tuple[str, str | int | None]) -> str:
    """The pairs that have a value, percent-encoded: the `+` of an e-mail address becomes %2B."""
    return "&".join(f"{name}={quote(str(value), safe='')}" for name, value in pairs if value is not None)


def listed(name: str, values: Iterable[str]) -> list[tuple[str, str | int | None]]:
    """An array in dot form, from 0 without gaps. Empty arrays and values are refused: they may mean *all*."""
    found: list[tuple[str, str | int | None]] = [(f"{name}.{at}", value) for at, value in enumerate(values)]
    if not found or not all(value for _, value in found):
        raise ValueError(f"{name} is empty")
    return found


def page_of(
    cursor: str | None, count: int = PAGE, name: str = "pagination"
) -> list[tuple[str, str | int | None]]:
    return [(f"{name}.count", count), (f"{name}.cursor", cursor)]


def instant(moment: datetime | None) -> str | None:
    """ISO 8601 in UTC, as Segment takes times. A time without a zone is refused."""
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise ValueError("a time without a time zone")
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def unmasked_settings(settings: Mapping[str, Json]) -> dict[str, Json]:
    """Settings as they may be written: a value with Segment's bullets would replace the secret by dots."""
    if BULLET in json.dumps(settings, ensure_ascii=False):
        raise ValueError("the settings hold a masked value")
    return dict(settings)
