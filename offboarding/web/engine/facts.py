"""How the work is going: one account of it for the engine's page, `/readyz` and `/metrics`. Counts only, of all clients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Case, CharField, Count, Max, Min, Q, Sum, Value, When
from django.db.models.functions import Now

from offboarding.connections.limits import BUSY
from offboarding.connections.models import Workspace
from offboarding.connections.queries import ASKED_TO_WAIT, NO_CLEAR_ANSWER
from offboarding.execution.steering import RESTS
from offboarding.work import clock
from offboarding.work.desks import DESKS
from offboarding.work.models import Beat, Lost, Order, Slot, Standstill
from offboarding.work.queries import standstill
from offboarding.work.rules import CRASHES_BEFORE_PARKING, STILL, State

SILENT_AFTER = timedelta(seconds=30)
OVERDUE_AFTER = timedelta(minutes=5)
FORGOTTEN_AFTER = timedelta(days=1)
LATELY = timedelta(days=7)

# By the label of its model: what each kind of order is called in addresses and metrics.
KINDS = {
    "discovery.Look": "looks",
    "execution.Run": "steps",
    "packets.Packet": "packets",
    "packets.Redaction": "copies",
    "letters.Delivery": "letters",
    "notifications.Message": "messages",
    "trail.Harvest": "trails",
    "reports.Check": "checks",
    "stamps.Stamping": "stamps",
    "retention.EvidenceCheck": "evidence_checks",
    "retention.Extension": "extensions",
    "retention.Purge": "purges",
}
# What a row waits for, by the first that fits. The sentences themselves may name a workspace, so only the group is shown.
WAITS: tuple[tuple[str, Q], ...] = (
    ("still", Q(waiting_for=STILL)),
    ("paused", Q(waiting_for=RESTS)),
    ("before", Q(not_before=None)),
    ("segment", Q(waiting_for=ASKED_TO_WAIT)),
    ("limit", Q(waiting_for=BUSY)),
    ("circuit", Q(waiting_for__startswith=NO_CLEAR_ANSWER)),
    ("date", Q(waiting_for="its date")),
    ("look", Q(state__in=[State.UNKNOWN, State.VERIFYING]) | Q(waiting_for__endswith="Next look")),
    ("try", Q(waiting_for__endswith="Next try")),
)
PLACES = (
    ("due", Order.due(Now())),
    ("running", Q(state=State.RUNNING)),
    # A message in doubt waits for a person too: nobody sends it again by himself.
    ("person", Q(state=State.NEEDS_PERSON) | Q(state=State.UNKNOWN, not_before=None)),
    ("failed", Q(state=State.FAILED)),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of order. `waiting` is by what they wait for; `lost` are leases that ran out.

    `parked` are those of `person` that stopped their process so often that nobody takes them up any more.
    """

    name: str
    due: int
    running: int
    person: int
    parked: int
    failed: int
    waiting: Mapping[str, int]
    oldest_due: datetime | None
    lost: int
    lost_lately: int

    @property
    def all_waiting(self) -> int:
        return sum(self.waiting.values())


@dataclass(frozen=True, slots=True)
class Facts:
    """`now` is the database's. `beats` are those of the last day, the newest first."""

    now: datetime
    kinds: tuple[Kind, ...]
    beats: tuple[tuple[str, datetime], ...]
    slots: tuple[tuple[str, str, datetime], ...]
    standstill: Standstill
    lost_since: date | None

    @property
    def last_beat(self) -> datetime | None:
        return self.beats[0][1] if self.beats else None

    @property
    def alive(self) -> int:
        return sum(self.now - at < SILENT_AFTER for _, at in self.beats)

    @property
    def oldest_due(self) -> datetime | None:
        return min((kind.oldest_due for kind in self.kinds if kind.oldest_due), default=None)

    @property
    def ready(self) -> bool:
        late = self.oldest_due and self.now - self.oldest_due >= OVERDUE_AFTER
        return bool(self.alive) and not late and not self.standstill.stands

    def age(self, when: datetime) -> int:
        """In whole seconds, never below 0."""
        return max(0, round((self.now - when).total_seconds()))


def facts() -> Facts:
    """One query for each kind of order, and five more."""
    now = clock.now()
    lost = lost_leases(now)
    beats = Beat.objects.filter(at__gt=now - FORGOTTEN_AFTER).order_by("-at").values_list("engine", "at")
    slots = Slot.objects.values("name").annotate(newest=Max("slot"), fired=Max("fired_at")).order_by("name")
    return Facts(
        now=now,
        kinds=tuple(kind_of(label, desk.model, lost) for label, desk in DESKS.items()),
        beats=tuple(beats),
        slots=tuple(slots.values_list("name", "newest", "fired")),
        standstill=standstill(),
        lost_since=min((since for _, _, since in lost.values()), default=None),
    )


def kind_of(label: str, model: type[Order], lost: Mapping[str, tuple[int, int, date]]) -> Kind:
    places = [When(condition, then=Value(name)) for name, condition in (*PLACES, *WAITS)]
    place = Case(*places, default=Value("time"), output_field=CharField())
    rows = model._default_manager.exclude(state__in=[State.DONE, State.CANCELLED]).annotate(place=place)
    parked = Count("pk", filter=Q(crashes__gte=CRASHES_BEFORE_PARKING))
    found = {
        name: rest
        for name, *rest in rows.order_by()
        .values("place")
        .annotate(count=Count("pk"), oldest=Min("not_before"), parked=parked)
        .values_list("place", "count", "oldest", "parked")
    }
    counts = {name: found.pop(name, [0, None, 0]) for name, _ in PLACES}
    all_lost, lately, _ = lost.get(label, (0, 0, None))
    return Kind(
        name=KINDS.get(label, label),
        due=counts["due"][0],
        running=counts["running"][0],
        person=counts["person"][0],
        parked=counts["person"][2],
        failed=counts["failed"][0],
        waiting={name: count for name, (count, *_) in sorted(found.items())},
        oldest_due=counts["due"][1],
        lost=all_lost,
        lost_lately=lately,
    )


def lost_leases(now: datetime) -> dict[str, tuple[int, int, date]]:
    """By kind: ever, within the last days, and since when it is counted."""
    recent = Sum("times", filter=Q(day__gt=(now - LATELY).date()), default=0)
    rows = Lost.objects.values("kind").annotate(ever=Sum("times"), lately=recent, since=Min("day"))
    return {
        kind: (ever, lately, since)
        for kind, ever, lately, since in rows.values_list("kind", "ever", "lately", "since")
    }


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection without its name: how it stands, by the database's clock."""

    pk: int
    refused: bool
    paused_seconds: float
    circuit_open: bool
    troubles: int


def connections(now: datetime) -> list[Connection]:
    rows = Workspace.objects.order_by("pk").values_list(
        "pk", "refused_at", "paused_until", "open_until", "troubles"
    )
    return [
        Connection(
            pk,
            refused is not None,
            max(0.0, (paused - now).total_seconds()) if paused else 0.0,
            opened is not None,
            troubles,
        )
        for pk, refused, paused, opened, troubles in rows
    ]
