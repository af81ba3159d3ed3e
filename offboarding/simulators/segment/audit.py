"""The audit trail of one workspace (Segment Public API, Audit Trail): what was done, and an older history.

Events show up `delay` seconds after they happened and for 90 days, newest first. The history before
the simulator started is arithmetic: event number n always says the same.
"""

import base64
import binascii
import heapq
import json
from collections.abc import Iterator
from dataclasses import dataclass

from offboarding.simulators import ids
from offboarding.simulators.clock import iso
from offboarding.simulators.segment.rows import Json
from offboarding.simulators.segment.wire import invalid

KEPT = 90 * 86_400.0
FIRST_NUMBER = 145_000_000
HISTORY = (  # type, kind of resource; the last three are types that no table of ours needs to know
    ("Source Modified", "source"),
    ("Source Settings Modified", "source"),
    ("Integration Disabled", "destination"),
    ("Destination Filter Created", "destination_filter"),
    ("Tracking Plan Modified", "tracking_plan"),
    ("Storage Destination Modified", "warehouse"),
    ("User Policy Updated", "user"),
    ("Policy Created", "policy"),
    ("Audience CSV Downloaded", "audience"),
    ("Source Function Modified", "function"),
    ("Violations Detected", "tracking_plan"),
    ("Journey Step Reordered", "journey"),
    ("Edge Cache Warmed", "cache"),
    ("Warehouse Run Failed", "warehouse"),
)


@dataclass(frozen=True)
class Window:
    """Which events are wanted; times in seconds, `end` exclusive."""

    start: float
    end: float
    resource_id: str | None = None
    resource_type: str | None = None

    def holds(self, event: Json) -> bool:
        return (
            self.start <= event["at"] < self.end
            and self.resource_id in (None, event["resourceId"])
            and self.resource_type in (None, event["resourceType"])
        )


class History:
    """`per_day` events a day over the 90 days before `epoch`, by people and tokens of the workspace.

    `things` are possible resources ({"resourceId", "resourceName"}) by resource type; "" for any other type.
    """

    def __init__(
        self, seed: str, epoch: float, per_day: float, actors: list[Json], things: dict[str, list[Json]]
    ) -> None:
        self._seed, self._epoch, self._actors, self._things = seed, epoch, actors, things
        self._kinds = [kind for kind in HISTORY if things.get(kind[1]) or kind[1] not in things]
        self._step = 86_400.0 / per_day if per_day and actors else 0.0

    def newest_first(self, end: float) -> Iterator[Json]:
        if not self._step:
            return
        first = max(0, int((self._epoch - end) / self._step) - 1)
        for number in range(first, int(KEPT / self._step)):
            yield self._event(number)

    def _event(self, number: int) -> Json:
        chosen = ids.stable_number(self._seed, number)
        kind, resource_type = self._kinds[chosen % len(self._kinds)]
        things = self._things.get(resource_type, self._things[""])
        thing = things[chosen // 64 % len(things)]
        actor = self._actors[chosen // 4096 % len(self._actors)]
        at = self._epoch - (number + 0.1 + 0.8 * (chosen // 2**20 % 1000) / 1000) * self._step
        event = {"type": kind, "resourceType": resource_type, **thing, **actor}
        return {**event, "number": FIRST_NUMBER - 1 - number, "at": at, "visible": at}


class AuditTrail:
    """Events recorded since the start (and scripted ones), beside the history."""

    def __init__(self, history: History, scripted: list[Json]) -> None:
        self._history = history
        self.recorded: list[Json] = sorted(scripted, key=lambda event: event["at"])
        for serial, event in enumerate(self.recorded):
            event["number"] = FIRST_NUMBER + serial

    def record(self, event: Json, at: float, delay: float) -> None:
        """`event` holds type, actor, resourceId, resourceType, resourceName and perhaps actorEmail."""
        number = FIRST_NUMBER + len(self.recorded)
        self.recorded.append({**event, "number": number, "at": at, "visible": at + delay})

    def page(
        self, window: Window, now: float, count: int, after: tuple[float, int] | None
    ) -> tuple[list[Json], bool]:
        """Up to `count` visible events, newest first, after (time, number); and whether more follow."""
        found: list[Json] = []
        for event in self._newest_first(window.end):
            if event["at"] < max(window.start, now - KEPT):
                break
            place = (event["at"], event["number"])
            if event["visible"] > now or not window.holds(event) or (after and place >= after):
                continue
            if len(found) == count:
                return found, True
            found.append(event)
        return found, False

    def _newest_first(self, end: float) -> Iterator[Json]:
        recorded = sorted(self.recorded, key=order, reverse=True)
        return heapq.merge(recorded, self._history.newest_first(end), key=order, reverse=True)


def order(event: Json) -> tuple[float, int]:
    return event["at"], event["number"]


def public(event: Json) -> Json:
    """The event as the API shows it."""
    out = {"id": f"events/{event['number']}", "timestamp": iso(event["at"])}
    names = ("type", "actor", "actorEmail", "resourceId", "resourceType", "resourceName")
    return {**out, **{name: event[name] for name in names if event.get(name) is not None}}


def write_cursor(event: Json, end: float) -> str:
    """Base64 JSON with `pageToken` and the `endTime` that the first page pinned, as Segment's are."""
    token = {"pageToken": f"{event['at']!r}:{event['number']}", "endTime": end}
    return base64.b64encode(json.dumps(token).encode()).decode()


def read_cursor(text: str) -> tuple[tuple[float, int], float]:
    try:
        token = json.loads(base64.b64decode(text, validate=True))
        at, _, number = token["pageToken"].partition(":")
        return (float(at), int(number)), float(token["endTime"])
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError):
        raise invalid("pagination.cursor", "cursor is not one that this endpoint has given") from None
