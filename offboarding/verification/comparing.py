"""Does as much arrive as before? Pure: two readings of a workspace and a share in, what fell out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

# So few events say nothing: a source that sent less than this is never said to have fallen.
FEW = 20
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
CONNECTED, FAILED = "CONNECTED", "FAILED"


class Kind(StrEnum):
    """What is looked at, in the order in which it is shown."""

    SOURCE = "source"
    DESTINATION = "destination"
    WAREHOUSE = "warehouse"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time that events are counted in; `start` counts in, `end` does not."""

    granularity: Literal["HOUR", "MINUTE"]
    start: datetime
    end: datetime

    def earlier(self, than: datetime) -> Span:
        """The same hours of the newest day that ended by then: nights and days are compared with their like."""
        days = -((than - self.end) // DAY)
        back = max(1, days) * DAY
        return Span(self.granularity, self.start - back, self.end - back)


@dataclass(frozen=True, slots=True)
class Line:
    """One source, destination or warehouse at one moment. None: not known."""

    kind: Kind
    id: str
    name: str
    enabled: bool | None
    state: str = ""  # of a warehouse: what Segment says of its connection
    events: int | None = None  # in the reading's span
    earlier: int | None = None  # in the same span before the work

    @property
    def key(self) -> tuple[Kind, str]:
        return self.kind, self.id


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look at a workspace found. `unknown` says what could not be read, and why."""

    lines: tuple[Line, ...] = ()
    start: str = ""
    end: str = ""
    unknown: tuple[tuple[str, str], ...] = ()

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def unread(self) -> set[str]:
        return {what for what, _why in self.unknown}

    @property
    def by_key(self) -> dict[tuple[Kind, str], Line]:
        return {line.key: line for line in self.lines}


def reading(data: Mapping[str, Any]) -> Reading:
    """From what `as_json` gave."""
    lines = tuple(Line(**{**row, "kind": Kind(row["kind"])}) for row in data["lines"])
    return Reading(lines, data["start"], data["end"], tuple((what, why) for what, why in data["unknown"]))


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is worse than before, in a sentence."""

    kind: Kind
    id: str
    says: str


def day_before(moment: datetime) -> Span:
    """The 24 full hours before a moment."""
    end = floor(moment, HOUR)
    return Span("HOUR", end - DAY, end)


def span_since(act: datetime, now: datetime) -> Span | None:
    """What can be counted since the last act: full hours, at most 24; where there is none yet, full minutes.

    The newest minute is not there yet (Segment: Events, volume).
    """
    known = now - MINUTE
    for granularity, step in (("HOUR", HOUR), ("MINUTE", MINUTE)):
        start, end = ceiling(act, step), floor(known, step)
        if end > start:
            return Span("HOUR" if granularity == "HOUR" else "MINUTE", max(start, end - DAY), end)
    return None


def floor(moment: datetime, step: timedelta) -> datetime:
    start = moment.replace(minute=0, second=0, microsecond=0)
    return start + (moment - start) // step * step


def ceiling(moment: datetime, step: timedelta) -> datetime:
    start = floor(moment, step)
    return start if start == moment else start + step


def changes(before: Reading | None, after: Reading, share: int) -> tuple[Change, ...]:
    """Everything that is worse: fewer events by more than `share` percent, switched off, gone, not connected."""
    known = before.by_key if before else {}
    found = [change for line in after.lines for change in worse(known.get(line.key), line, share)]
    return tuple(found) + tuple(missing(before, after) if before else ())


def worse(before: Line | None, after: Line, share: int) -> Iterator[Change]:
    name = f"{after.kind.value} {after.name}"
    if before and before.enabled and after.enabled is False:
        yield Change(after.kind, after.id, f"{name} was enabled and no longer is")
    elif before and before.state == CONNECTED and after.state == FAILED:
        yield Change(after.kind, after.id, f"{name} was connected and no longer is")
    elif fell(after, share):
        yield Change(
            after.kind, after.id, f"{name}: {after.events} events, {after.earlier} in the same time before"
        )


def fell(line: Line, share: int) -> bool:
    if line.events is None or line.earlier is None or line.earlier < FEW:
        return False
    return line.events * 100 < line.earlier * (100 - share)


def missing(before: Reading, after: Reading) -> Iterator[Change]:
    """What was enabled and is not listed any more; a list that could not be read says nothing."""
    there = after.by_key
    for line in before.lines:
        if line.enabled and line.key not in there and f"{line.kind.value}s" not in after.unread:
            yield Change(line.kind, line.id, f"{line.kind.value} {line.name} was enabled and is gone")


def percent(line: Line) -> int | None:
    """By how much the events changed, in percent; None where there is nothing to compare."""
    if line.events is None or not line.earlier:
        return None
    return round((line.events - line.earlier) * 100 / line.earlier)


def says_before(seen: Reading) -> str:
    """What was measured, in a sentence."""
    counted = [line.events for line in seen.lines if line.kind is Kind.SOURCE and line.events is not None]
    told = [f"{amounts(seen.lines)}"] if seen.lines else []
    if counted:
        told.append(f"{sum(counted)} events in 24 hours")
    return sentence(told, seen)


def says_after(before: Reading | None, after: Reading) -> str:
    """How it stands where nothing fell."""
    compared = [line for line in after.lines if line.events is not None and line.earlier is not None]
    told = [f"{amounts(after.lines)} as before" if before else "nothing was measured before the work"]
    if compared:
        told.append(f"events of {len(compared)} compared, none fell")
    return sentence(told if after.lines else [], after)


def amounts(lines: Sequence[Line]) -> str:
    numbers = [(kind, sum(line.kind is kind for line in lines)) for kind in Kind]
    return ", ".join(f"{number} {kind.value}{'' if number == 1 else 's'}" for kind, number in numbers)


def sentence(told: Sequence[str], seen: Reading) -> str:
    unknown = [f"not known: {what} ({why})" for what, why in seen.unknown]
    return "; ".join([*told, *unknown]) or "nothing to measure"
