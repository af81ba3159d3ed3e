"""The audit trail, and how many events arrive."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from offboarding.gateways.segment.protocol.reading import (
    Fields,
    Json,
    Page,
    Unreadable,
    entries,
    fields,
    may,
    must,
    number,
    page,
)
from offboarding.gateways.segment.protocol.request import (
    Request,
    instant,
    listed,
    page_of,
    query,
)
from offboarding.gateways.segment.types import AuditEvent, Point, SourceVolume, Volume

Granularity = Literal["DAY", "HOUR", "MINUTE"]
Copied = tuple[AuditEvent, Fields]


def audit_events(
    start: datetime,
    end: datetime | None = None,
    resource_id: str | None = None,
    resource_type: str | None = None,
    cursor: str | None = None,
) -> Request[Page[AuditEvent]]:
    """Events from `start` on; there is no filter by person or by type (Public API, Audit Trail)."""
    pairs = [
        ("startTime", instant(start)),
        ("endTime", instant(end)),
        ("resourceId", resource_id or None),
        ("resourceType", resource_type or None),
    ]
    return Request(
        "GET",
        "/audit-events",
        lambda data: page(data, "events", read_event),
        query=query(*pairs, *page_of(cursor)),
    )


def audit_page(start: datetime, end: datetime, cursor: str | None = None) -> Request[Page[Copied]]:
    """The same events together with what each was read from. The cursor of a page goes on where that page ended."""
    pairs = [("startTime", instant(start)), ("endTime", instant(end))]
    return Request(
        "GET",
        "/audit-events",
        lambda data: page(data, "events", lambda value: (read_event(value), fields(value, "an audit event"))),
        query=query(*pairs, *page_of(cursor)),
    )


def events_volume(
    granularity: Granularity,
    start: datetime,
    end: datetime,
    *,
    source_ids: Sequence[str] = (),
    event_names: Sequence[str] = (),
    event_types: Sequence[str] = (),
    app_versions: Sequence[str] = (),
    cursor: str | None = None,
) -> Request[Page[Volume]]:
    """`start` counts in, `end` does not; the newest minute is not there yet (Public API, Events)."""
    pairs: list[tuple[str, str | int | None]] = [
        ("granularity", granularity),
        ("startTime", instant(start)),
        ("endTime", instant(end)),
    ]
    arrays = {
        "sourceId": source_ids,
        "eventName": event_names,
        "eventType": event_types,
        "appVersion": app_versions,
    }
    for name, values in arrays.items():
        pairs += listed(name, values) if values else []
    return Request(
        "GET",
        "/events/volume",
        lambda data: page(data, "result", _volume),
        query=query(*pairs, *page_of(cursor)),
        limit_class="volume",
    )


def volume_by_source(
    granularity: Granularity, start: datetime, end: datetime, cursor: str | None = None
) -> Request[Page[SourceVolume]]:
    """One row a source (Public API, Events, `groupBy`). `start` counts in, `end` does not."""
    pairs: list[tuple[str, str | int | None]] = [
        ("granularity", granularity),
        ("startTime", instant(start)),
        ("endTime", instant(end)),
        *listed("groupBy", ["source"]),
    ]
    return Request(
        "GET",
        "/events/volume",
        lambda data: page(data, "result", _volume_of_source),
        query=query(*pairs, *page_of(cursor)),
        limit_class="volume",
    )


def delivered(
    source_id: str, destination_id: str, granularity: Granularity, start: datetime, end: datetime
) -> Request[int]:
    """How many events a destination took from a source. Beta, and not in every workspace (Delivery Overview)."""
    pairs: list[tuple[str, str | int | None]] = [
        ("sourceId", source_id),
        ("destinationConfigId", destination_id),
        ("granularity", granularity),
        ("startTime", instant(start)),
        ("endTime", instant(end)),
    ]
    return Request(
        "GET",
        "/delivery-overview/successful-delivery",
        lambda data: _count(data, "total"),
        query=query(*pairs, *page_of(None)),
    )


def summed(volumes: Iterable[Volume]) -> Volume:
    """Several rows as one: totals added, counts of the same time added."""
    total, counts = 0, Counter[str]()
    for volume in volumes:
        total += volume.total
        for point in volume.series:
            counts[point.time] += point.count
    return Volume(total, tuple(Point(time, counts[time]) for time in sorted(counts)))


def read_event(value: Json) -> AuditEvent:
    """By the names of the Public API, or by those that forwarded events have: nobody promises that they stay apart."""
    found = fields(value, "an audit event")
    return AuditEvent(
        must(found, _named(found, "id", "eventId", "event_id")),
        must(found, _named(found, "timestamp", "createdAt", "created_at")),
        may(found, "type"),
        may(found, _named(found, "actor", "subject")),
        may(found, _named(found, "actorEmail", "actor_email")),
        may(found, _named(found, "resourceId", "resource_id")),
        may(found, _named(found, "resourceType", "resource_type")),
        may(found, _named(found, "resourceName", "resource_name")),
    )


def _named(found: Fields, *names: str) -> str:
    """The first of these names that holds something, else the first of all."""
    return next((name for name in names if found.get(name)), names[0])


def _volume(value: Json) -> Volume:
    found = fields(value, "a row of the volume")
    return Volume(_count(found, "total"), entries(found, "series", _point))


def _volume_of_source(value: Json) -> SourceVolume:
    """The source comes as an object with id, name and slug; a bare id is taken as well."""
    found = fields(value, "a row of the volume")
    source = found.get("source")
    about = {"id": source} if isinstance(source, str) else fields(source, "the source of a row")
    return SourceVolume(
        must(about, "id"),
        may(about, "name") or may(about, "slug"),
        _count(found, "total"),
        entries(found, "series", _point),
    )


def _point(value: Json) -> Point:
    found = fields(value, "a point of the volume")
    return Point(must(found, "time"), _count(found, "count"))


def _count(value: Fields, name: str) -> int:
    found = number(value, name)
    if found is None:
        raise Unreadable(f"{name} is no number")
    return found
