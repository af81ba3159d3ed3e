"""Reading what arrives in a workspace: sources, destinations, warehouses and their numbers. Slow; changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeVar

from offboarding.gateways.segment import (
    Declined,
    Doubtful,
    GatewayError,
    NotAllowed,
    NotReached,
    NotThere,
    SegmentGateway,
    SlowDown,
)
from offboarding.verification.comparing import Kind, Line, Reading, Span

T = TypeVar("T")
U = TypeVar("U")
Key = tuple[Kind, str]
Counts = Mapping[Key, int]
NOT_BY_API = "cannot be checked by API"
# One call each: beyond these numbers the rest is said to be not known.
DELIVERIES_AT_MOST = 20
CONNECTIONS_AT_MOST = 100


class Meter:
    """One reading. A part that cannot be read is named and hides no other part.

    A `patient` one lets passing trouble through, so that the whole is read again later.
    """

    def __init__(self, gateway: SegmentGateway, patient: bool) -> None:
        self.gateway, self.patient = gateway, patient
        self.unknown: list[tuple[str, str]] = []
        self.fed_by: dict[str, str] = {}  # the source of each destination

    def read(self, span: Span | None, earlier: Span | None = None) -> Reading:
        """How things stand; with a span also the numbers in it, and in the same span earlier."""
        lines = [*self.sources(), *self.destinations(), *self.warehouses()]
        if span:
            lines = self.counted(lines, span, earlier)
        start, end = (span.start.isoformat(), span.end.isoformat()) if span else ("", "")
        return Reading(tuple(lines), start, end, tuple(self.unknown))

    def part(self, name: str, read: Callable[[], T], otherwise: U) -> T | U:
        try:
            return read()
        except (NotAllowed, NotThere, Declined):
            self.unknown.append((name, NOT_BY_API))
        except (SlowDown, NotReached, Doubtful) as error:
            if self.patient:
                raise
            self.unknown.append((name, reason(error)))
        return otherwise

    def sources(self) -> Iterator[Line]:
        for each in self.part("sources", self.gateway.sources, ()):
            yield Line(Kind.SOURCE, each.id, each.name, each.enabled)

    def destinations(self) -> Iterator[Line]:
        for each in self.part("destinations", self.gateway.destinations, ()):
            self.fed_by[each.id] = each.source_id
            yield Line(Kind.DESTINATION, each.id, each.name or each.id, each.enabled)

    def warehouses(self) -> Iterator[Line]:
        for at, each in enumerate(self.part("warehouses", self.gateway.warehouses, ())):
            asked = each.enabled is not False and at < CONNECTIONS_AT_MOST
            state = self.connection(each.id, each.name) if asked else ""
            yield Line(Kind.WAREHOUSE, each.id, each.name or each.id, each.enabled, state)

    def connection(self, key: str, name: str) -> str:
        return self.part(f"connection of {name or key}", lambda: self.gateway.connection_state(key).value, "")

    def counted(self, lines: Sequence[Line], span: Span, earlier: Span | None) -> list[Line]:
        now = self.numbers(lines, span)
        then = self.numbers(lines, earlier) if earlier else {}
        return [replace(line, events=now.get(line.key), earlier=then.get(line.key)) for line in lines]

    def numbers(self, lines: Sequence[Line], span: Span) -> Counts:
        return {**self.arrived(lines, span), **self.delivered(lines, span)}

    def arrived(self, lines: Sequence[Line], span: Span) -> Counts:
        """Events by source. A source that is not among the rows sent nothing."""
        rows = self.counting(
            "event volume", lambda: self.gateway.volume_by_source(span.granularity, span.start, span.end)
        )
        if rows is None:
            return {}
        totals = {row.source_id: row.total for row in rows}
        return {line.key: totals.get(line.id, 0) for line in lines if line.kind is Kind.SOURCE}

    def delivered(self, lines: Sequence[Line], span: Span) -> Counts:
        """Events by destination, one call each; the first refusal speaks for all of them."""
        found: dict[Key, int] = {}
        enabled = [line for line in lines if line.kind is Kind.DESTINATION and line.enabled]
        for line in enabled[:DELIVERIES_AT_MOST]:
            number = self.counting("deliveries to destinations", partial(self.taken_by, line.id, span))
            if number is None:
                break
            found[line.key] = number
        return found

    def taken_by(self, destination: str, span: Span) -> int:
        source = self.fed_by[destination]
        return self.gateway.delivered(source, destination, span.granularity, span.start, span.end)

    def counting(self, name: str, read: Callable[[], T]) -> T | None:
        """None where it cannot be read; what was refused once is not asked for again."""
        if any(name == what for what, _why in self.unknown):
            return None
        return self.part(name, read, None)


def reason(error: GatewayError) -> str:
    return "Segment asked us to wait" if isinstance(error, SlowDown) else "Segment gave no clear answer"
