"""Event numbers: made up, but the same for the same source and time.

Shapes: Segment Public API, Events and Delivery Overview.

A test breaks the numbers of a source with an entry {"source", "factor", "since"} in the workspace's `volume`
setting; `factor` 0 means that nothing arrives from that time on.
"""

import math

from offboarding.simulators import ids
from offboarding.simulators.clock import iso, parse_iso
from offboarding.simulators.segment.call import Call, listed_in_full
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import invalid
from offboarding.simulators.segment.workspace import Workspace

STEP = {"DAY": 86_400, "HOUR": 3_600, "MINUTE": 60}
MOST_STEPS = 5_000
EVENTS = (("Page Viewed", "page", 0.55), ("Signed Up", "track", 0.1), ("Order Completed", "track", 0.35))
LOST_SHARE = 0.01


def events_at(workspace: Workspace, source: Json, at: float, step: int) -> int:
    """Events of one source in the `step` seconds from `at`: busier by day than by night."""
    if not source["enabled"]:
        return 0
    daily = 1.0 if step == STEP["DAY"] else 1 + 0.6 * math.sin(2 * math.pi * (at % 86_400) / 86_400 - 1.6)
    noise = 0.92 + ids.stable_number(source["id"], int(at), step) % 1000 / 6250
    return int(source["_rate"] * step / 3600 * daily * noise * _factor(workspace, source["id"], at))


def _factor(workspace: Workspace, source_id: str, at: float) -> float:
    found = [
        one
        for one in workspace.settings["volume"]
        if one["source"] == source_id and at >= one.get("since", 0)
    ]
    return float(found[-1]["factor"]) if found else 1.0


def times(call: Call) -> tuple[range, int]:
    """The moments of the series, up to one minute ago, and the step between them in seconds."""
    step = STEP.get(call.text("granularity"), 0)
    if not step:
        raise invalid("granularity", f"granularity must be one of {', '.join(STEP)}")
    try:
        start, end = parse_iso(call.text("startTime")), parse_iso(call.text("endTime"))
    except ValueError:
        raise invalid("startTime", "startTime and endTime must be ISO 8601 times") from None
    if not 0 <= (end - start) / step <= MOST_STEPS:
        raise invalid("endTime", "endTime must follow startTime, and not by too many steps")
    first = int(start - start % step)
    return range(first, max(first, math.ceil(min(end, call.now - 60))), step), step


def series(moments: range, counts: list[int]) -> list[Json]:
    return [{"time": iso(at), "count": count} for at, count in zip(moments, counts, strict=True)]


def list_volume(call: Call) -> Json:
    """Totals and series, by every combination of what `groupBy` names."""
    moments, step = times(call)
    groups = [name for name in call.query.arrays.get("groupBy", []) if name]
    found: dict[str, tuple[Json, list[int]]] = {}
    for row, event in _cells(call):
        label = {name: _label(name, row, event) for name in groups}
        sums = found.setdefault(str(label), (label, [0] * len(moments)))[1]
        for place, at in enumerate(moments):
            sums[place] += int(events_at(call.workspace, row, at, step) * event[2])
    result = [
        {**label, "total": sum(sums), "series": series(moments, sums)} for label, sums in found.values()
    ]
    query = {"workspaceId": call.workspace.id, **call.query.texts, **call.query.arrays}
    return {"path": "/events/volume", "query": query, **listed_in_full(call, "result", result)}


def _cells(call: Call) -> list[tuple[Json, tuple[str, str, float]]]:
    """Sources and kinds of events that the query asks for."""
    wanted = call.query.arrays.get("sourceId")
    sources = [row for row in call.rows("sources") if not wanted or row["id"] in wanted]
    return [(row, event) for row in sources for event in EVENTS if _named(call, event)]


def _named(call: Call, event: tuple[str, str, float]) -> bool:
    names, kinds = call.query.arrays.get("eventName"), call.query.arrays.get("eventType")
    return (not names or event[0] in names) and (not kinds or event[1] in kinds)


def _label(group: str, row: Json, event: tuple[str, str, float]) -> str | Json:
    source = {"id": row["id"], "slug": row["slug"], "name": row["name"]}
    labels: Json = {"source": source, "eventName": event[0], "eventType": event[1]}
    if group not in labels:
        raise invalid("groupBy", f"groupBy must be one of {', '.join(labels)}")
    label: str | Json = labels[group]
    return label


def received(call: Call) -> Json:
    return _delivery(call, 1.0)


def lost(call: Call) -> Json:
    """What failed on ingest or delivery, or was filtered: a small, steady share."""
    return _delivery(call, LOST_SHARE)


def delivered(call: Call) -> Json:
    call.one("destinations", call.text("destinationConfigId"))
    return _delivery(call, 1 - LOST_SHARE)


def undelivered(call: Call) -> Json:
    call.one("destinations", call.text("destinationConfigId"))
    return _delivery(call, LOST_SHARE)


def _delivery(call: Call, share: float) -> Json:
    moments, step = times(call)
    source = call.one("sources", call.text("sourceId"))
    counts = [int(events_at(call.workspace, source, at, step) * share) for at in moments]
    row = {"total": sum(counts), "series": series(moments, counts)}
    return {"total": sum(counts), **listed_in_full(call, "dataset", [row])}


def delivery_metrics(call: Call) -> Json:
    row = call.one("destinations")
    source = call.one("sources", call.query.texts.get("sourceId") or row["sourceId"])
    day = call.now - call.now % 86_400 - 86_400
    total = events_at(call.workspace, source, day, STEP["DAY"])
    failed = int(total * LOST_SHARE)
    metrics = [
        {"metricName": "successes", "total": total - failed},
        {"metricName": "expired", "total": failed},
    ]
    summary = {"sourceId": source["id"], "destinationMetadataId": row["metadata"]["id"], "metrics": metrics}
    return {"deliveryMetricsSummary": summary}
