"""Sources with their write keys, and the destinations behind them (Public API, Sources, Destinations)."""

from offboarding.gateways.segment.protocol.iam import read_labels
from offboarding.gateways.segment.protocol.reading import (
    Fields,
    Json,
    Page,
    Unreadable,
    entries,
    fields,
    flag,
    may,
    must,
    optional,
    page,
    success,
)
from offboarding.gateways.segment.protocol.request import Request, page_of, path, query
from offboarding.gateways.segment.types import Destination, Source
from offboarding.lib.masking import Fingerprint


def sources(fingerprint: Fingerprint, cursor: str | None = None) -> Request[Page[Source]]:
    return Request(
        "GET",
        "/sources",
        lambda data: page(data, "sources", lambda value: read_source(value, fingerprint)),
        query=query(*page_of(cursor)),
    )


def source(source_id: str, fingerprint: Fingerprint) -> Request[Source]:
    return Request(
        "GET", path("sources", source_id), lambda data: read_source(data.get("source"), fingerprint)
    )


def destinations(cursor: str | None = None) -> Request[Page[Destination]]:
    return Request(
        "GET",
        "/destinations",
        lambda data: page(data, "destinations", read_destination),
        query=query(*page_of(cursor)),
    )


def connected_destinations(source_id: str, cursor: str | None = None) -> Request[Page[Destination]]:
    return Request(
        "GET",
        path("sources", source_id, "connected-destinations"),
        lambda data: page(data, "destinations", read_destination),
        query=query(*page_of(cursor)),
    )


def add_write_key(source_id: str, fingerprint: Fingerprint) -> Request[tuple[Source, dict[str, str]]]:
    """Not idempotent. The answer holds all keys, the new one anywhere among them; the old ones stay valid."""

    def read(data: Fields) -> tuple[Source, dict[str, str]]:
        value = fields(data.get("source"), "the source")
        keys = entries(value, "writeKeys", _key)
        return read_source(value, fingerprint), {fingerprint(key): key for key in keys}

    return Request("POST", path("sources", source_id, "writekey"), read)


def write_keys(source_id: str, fingerprint: Fingerprint) -> Request[dict[str, str]]:
    """The plain keys of one source by fingerprint, for a caller that hands on one of them at most."""

    def read(data: Fields) -> dict[str, str]:
        value = fields(data.get("source"), "the source")
        keys = entries(value, "writeKeys", _key) if value.get("writeKeys") is not None else ()
        return {fingerprint(key): key for key in keys}

    return Request("GET", path("sources", source_id), read)


def remove_write_key(source_id: str, key: str) -> Request[None]:
    """The key itself stands in the path; it is one of the request's `secrets`."""
    return Request("DELETE", path("sources", source_id, "writekey", key), success, secrets=(key,))


def read_source(value: Json, fingerprint: Fingerprint) -> Source:
    """Keys become fingerprints here, on receipt. An empty list may mean: the token may not see them."""
    found = fields(value, "a source")
    keys = entries(found, "writeKeys", _key) if found.get("writeKeys") is not None else ()
    return Source(
        must(found, "id"),
        may(found, "name") or may(found, "slug"),
        may(found, "slug"),
        flag(found, "enabled"),
        tuple(fingerprint(key) for key in keys),
        read_labels(found),
        flag(optional(found, "metadata"), "isCloudEventSource") is True,
    )


def read_destination(value: Json) -> Destination:
    found = fields(value, "a destination")
    return Destination(must(found, "id"), may(found, "name"), flag(found, "enabled"), may(found, "sourceId"))


def _key(value: Json) -> str:
    if not isinstance(value, str) or not value:
        raise Unreadable("a write key is no text")
    return value
