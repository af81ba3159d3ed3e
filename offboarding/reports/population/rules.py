"""What an auditor asks of a period: how long each removal took, whether in time, and who was forgotten. Pure."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from offboarding.removals.rules import Group, Stage
from offboarding.trail.rules import By, Kind, Told
from offboarding.verification.rules import Now, late_before

# A request counts for somebody who leaves if it begins no earlier than so long before their last day.
BEFORE = timedelta(days=90)
LARGEST_SAMPLE = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A period of days, both of which count: when access should have ended. Empty filters take everything."""

    since: date
    until: date
    client: int | None = None
    kind: str = ""  # one of `removals.rules.Group`


class Standing(StrEnum):
    IN_TIME = "in time"
    LATE = "late"  # gone, but after the limit
    OVERDUE = "overdue"  # not gone, and the limit has passed
    OPEN = "open"
    NOT_MEASURED = "not measured"  # withdrawn, rejected, or a restoration


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """One workspace of a request. `gone_at`: since when fresh reads find nothing left; None if they do not."""

    workspace: str
    client: str
    environment: str
    choice: str
    now: Now
    says: str
    gone_at: datetime | None


@dataclass(frozen=True, slots=True)
class Row:
    """One request, with its clocks. `trigger` is when access should have ended, `due` the limit."""

    number: int
    person: str
    addresses: tuple[str, ...]
    kind: str
    reason: str
    ticket: str
    requester: str
    approvers: tuple[str, ...]
    stage: Stage
    trigger: datetime
    filed: datetime
    approved: datetime | None
    closed: datetime | None
    due: datetime
    places: tuple[PlaceRow, ...]
    packet: str = ""  # SHA-256 of the newest sealed packet
    emergency: bool = False  # released without an approval

    @property
    def reference(self) -> str:
        return f"R-{self.number}"

    @property
    def clients(self) -> tuple[str, ...]:
        return tuple(sorted({place.client for place in self.places}))

    @property
    def in_scope(self) -> tuple[PlaceRow, ...]:
        return tuple(place for place in self.places if place.choice != "keep")

    @property
    def gone(self) -> datetime | None:
        """When the last place in scope was first found empty; None while one is not."""
        moments = [place.gone_at for place in self.in_scope]
        return max((each for each in moments if each), default=None) if all(moments) else None

    @property
    def elapsed(self) -> timedelta | None:
        return max(self.gone - self.trigger, timedelta(0)) if self.gone and self.measured else None

    @property
    def since_approval(self) -> timedelta | None:
        return max(self.gone - self.approved, timedelta(0)) if self.gone and self.approved else None

    @property
    def measured(self) -> bool:
        return self.kind != Group.RESTORATION and self.stage not in (Stage.REJECTED, Stage.WITHDRAWN)


def standing(row: Row, now: datetime) -> Standing:
    if not row.measured:
        return Standing.NOT_MEASURED
    if row.gone:
        return Standing.IN_TIME if row.gone <= row.due else Standing.LATE
    return Standing.OVERDUE if now > row.due else Standing.OPEN


def why_late(row: Row, now: datetime) -> str:
    """The first thing that made it late, in a few words; empty if it is not."""
    stands = standing(row, now)
    if stands not in (Standing.LATE, Standing.OVERDUE):
        return ""
    if early := late_before(row.filed, row.approved, row.due, now, emergency=row.emergency):
        return early
    if stands is Standing.OVERDUE:
        waiting = [place for place in row.in_scope if not place.gone_at]
        return "; ".join(f"{place.workspace}: {place.says}" for place in waiting)
    last = max(row.in_scope, key=lambda place: place.gone_at or row.trigger)
    return f"{last.workspace} was found empty last"


@dataclass(frozen=True, slots=True)
class Leaver:
    """Somebody on a roster whose time ended, and for whom nobody filed a request."""

    name: str
    addresses: tuple[str, ...]
    client: str
    engagement: str
    left_on: date
    says: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as far as removals in one workspace go: whose (folded ids and addresses), and from when until when."""

    reference: str
    subjects: frozenset[str]
    filed: datetime
    closed: datetime | None


@dataclass(frozen=True, slots=True)
class Unasked:
    """A removal that Segment's audit events show and that no request asked for. `filed_later`: one that came afterwards."""

    workspace: str
    client: str
    person: str
    at: datetime
    type: str
    by: By
    who: str
    event: str
    filed_later: str = ""


# Segment writes several events for one removal, within seconds.
TOGETHER = timedelta(seconds=30)
# Two clocks: an act just behind the filing may be dated before it.
SLACK = timedelta(minutes=5)
# A request stands for what still happens a while after it closed: a late sync, a repeated act.
AFTERWARDS = timedelta(days=1)


def endings(events: Sequence[Told]) -> list[Told]:
    """Removals and cancelled invitations among the events of one workspace, oldest first: one for each person and moment.

    "Group Memberships Deleted" alone is a removal: Segment names that type for it. Beside a cancelled invitation, or
    somebody who left a group by the same hand, it tells of that.
    """
    made: list[Told] = []
    for each in events:
        if each.kind in (Kind.REMOVED, Kind.REVOKED) and not beside(each, made, (Kind.REMOVED, Kind.REVOKED)):
            made.append(each)
    told = [each for each in events if each.kind in (Kind.REMOVED, Kind.REVOKED, Kind.LEFT_GROUP)]
    for each in events:
        if (
            each.kind is Kind.MEMBERSHIPS
            and not explained(each, told)
            and not beside(each, made, (Kind.MEMBERSHIPS,))
        ):
            made.append(each)
    return sorted(made, key=lambda each: each.at)


def explained(one: Told, told: Iterable[Told]) -> bool:
    """True if another event of the same moment and hand says better what happened."""
    near = [each for each in told if abs(each.at - one.at) <= TOGETHER]
    return any(
        each.actor == one.actor if each.kind is not Kind.REMOVED else bool(each.subjects & one.subjects)
        for each in near
    )


def beside(one: Told, made: Iterable[Told], kinds: Sequence[Kind]) -> bool:
    """True if the same act stands there already, under another of its events."""
    return any(
        each.kind in kinds and abs(each.at - one.at) <= TOGETHER and bool(each.subjects & one.subjects)
        for each in made
    )


def unasked(end: Told, asked: Iterable[Asked]) -> str | None:
    """None if a request stands for it; else the request that was filed about them later, or nothing."""
    about = [each for each in asked if each.subjects & end.subjects]
    if any(
        each.filed - SLACK <= end.at and (each.closed is None or end.at <= each.closed + AFTERWARDS)
        for each in about
    ):
        return None
    return min((each.reference for each in about if each.filed > end.at), default="")


@dataclass(frozen=True, slots=True)
class Blind:
    """A workspace whose removals cannot be compared with the requests, and why."""

    workspace: str
    client: str
    why: str


@dataclass(frozen=True, slots=True)
class Summary:
    requests: int
    measured: int
    gone: int
    in_time: int
    late: int
    overdue: int
    open: int
    not_measured: int
    emergencies: int
    median: timedelta | None
    nine_of_ten: timedelta | None

    @property
    def percent(self) -> int:
        """In time, of those whose time has run: a request that is open within its limit is neither."""
        judged = self.in_time + self.late + self.overdue
        return round(100 * self.in_time / judged) if judged else 0


def summary(rows: Sequence[Row], now: datetime) -> Summary:
    stands = [standing(row, now) for row in rows]
    spans = sorted(row.elapsed for row in rows if row.elapsed is not None)
    return Summary(
        requests=len(rows),
        measured=sum(row.measured for row in rows),
        gone=len(spans),
        in_time=stands.count(Standing.IN_TIME),
        late=stands.count(Standing.LATE),
        overdue=stands.count(Standing.OVERDUE),
        open=stands.count(Standing.OPEN),
        not_measured=stands.count(Standing.NOT_MEASURED),
        emergencies=sum(row.emergency for row in rows),
        median=middle(spans),
        nine_of_ten=quantile(spans, 0.9),
    )


def middle(spans: Sequence[timedelta]) -> timedelta | None:
    """The median: of an even number the mean of the two in the middle."""
    if not spans:
        return None
    half = len(spans) // 2
    return spans[half] if len(spans) % 2 else (spans[half - 1] + spans[half]) / 2


def quantile(spans: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest that at least this share of them does not exceed (nearest rank). They are sorted."""
    return spans[math.ceil(share * len(spans)) - 1] if spans else None


HOUR = timedelta(hours=1)
BUCKETS = (HOUR, 4 * HOUR, 24 * HOUR, 72 * HOUR)


def spread(rows: Sequence[Row]) -> tuple[int, ...]:
    """How many took up to each of BUCKETS, how many longer, and how many are not gone."""
    counts = [0] * (len(BUCKETS) + 2)
    for row in rows:
        if not row.measured:
            continue
        if row.elapsed is None:
            counts[-1] += 1
        else:
            counts[sum(row.elapsed > bucket for bucket in BUCKETS)] += 1
    return tuple(counts)


def sample(references: Iterable[str], size: int, seed: str) -> list[str]:
    """So many of them, the same for the same seed on any machine: the first by SHA-256 of "seed:reference"."""

    def key(reference: str) -> str:
        return hashlib.sha256(f"{seed}:{reference}".encode()).hexdigest()

    return sorted(references, key=key)[: max(0, size)]
