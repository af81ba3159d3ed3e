"""What the engine's page shows. Facts in, cards out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.connections import limits
from offboarding.connections.models import Workspace
from offboarding.journey.standstill import Found
from offboarding.web.cards import (
    ActCard,
    ConfirmCard,
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
    NoticeCard,
    PollCard,
    TagCard,
    TimeCard,
)
from offboarding.web.engine.facts import OVERDUE_AFTER, SILENT_AFTER, Facts, Kind
from offboarding.web.engine.parked import Parked
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.cards import standing

URL = "/setup/engine/"
SECONDS = 5
NAMES = {
    "looks": lazy("Searches for access"),
    "steps": lazy("Steps"),
    "packets": lazy("Evidence packets"),
    "copies": lazy("Redacted copies"),
    "letters": lazy("Letters"),
    "messages": lazy("Messages"),
    "trails": lazy("Copies of audit trails"),
    "checks": lazy("Checks of the ledger"),
    "stamps": lazy("Time stamps of the ledger"),
    "evidence_checks": lazy("Checks of the evidence"),
    "extensions": lazy("Longer retention"),
    "purges": lazy("Purges"),
}
WAITS = {
    "still": lazy("for the engine to go on"),
    "paused": lazy("for somebody who paused the request"),
    "before": lazy("for something else to end first"),
    "segment": lazy("since Segment asked us to wait"),
    "limit": lazy("for room in the rate limit"),
    "circuit": lazy("for a connection that gives no clear answer"),
    "date": lazy("for a date"),
    "look": lazy("for the next look"),
    "try": lazy("for the next try"),
    "time": lazy("for a time"),
}
# Segment's classes of calls, each with a limit of its own (Segment Public API, Rate Limits).
CLASSES = {
    "default": lazy("ordinary calls"),
    "iam-write": lazy("changes of members"),
    "volume": lazy("event volume"),
    "audiences": lazy("audiences"),
    "computed-traits": lazy("computed traits"),
    "connection-state": lazy("connection states"),
}
SCHEDULES = {
    "ledger.checkpoint": lazy("Signing the ledger"),
    "ledger.check": lazy("Checking the ledger"),
    "evidence.check": lazy("Checking the evidence"),
    "trail.copy": lazy("Copying the audit trails"),
    "connections.old_tokens": lazy("Looking for old tokens"),
}


@dataclass(frozen=True, slots=True)
class KindRow:
    name: str
    due: int
    running: int
    waiting: int
    reasons: tuple[str, ...]
    person: int
    parked: int
    failed: int
    oldest: str
    late: bool
    lost: str


@dataclass(frozen=True, slots=True)
class EngineRow:
    name: str
    tag: TagCard
    at: TimeCard


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    name: str
    client: str
    tag: TagCard
    says: str
    left: str


@dataclass(frozen=True, slots=True)
class EngineCard:
    """The whole page, but for its frame."""

    standing: TagCard
    says: str
    kinds: tuple[KindRow, ...]
    engines: tuple[EngineRow, ...]
    schedules: tuple[tuple[str, TimeCard], ...]
    connections: tuple[ConnectionRow, ...]
    counted_where: str
    parked: tuple[Parked, ...]
    parked_more: str
    lost_since: str


def engine_card(
    found: Facts, workspaces: Iterable[Workspace], rows: Sequence[Parked], stopped: int, clock: Clock
) -> EngineCard:
    tag, says = overall(found, clock)
    hidden = max(0, stopped - len(rows))
    more = ngettext(
        "%(n)d more is not yours to see, or too many to show.",
        "%(n)d more are not yours to see, or too many to show.",
        hidden,
    )
    since, places = found.lost_since, list(workspaces)
    return EngineCard(
        standing=tag,
        says=says,
        kinds=tuple(kind_row(kind, found) for kind in found.kinds),
        engines=tuple(engine_row(name, at, found, clock) for name, at in found.beats),
        schedules=tuple((str(SCHEDULES.get(name, name)), clock.time(at)) for name, _slot, at in found.slots),
        connections=tuple(connection_row(each, clock) for each in places),
        counted_where=counted_where(limits.left(places[0].pk)) if places else "",
        parked=tuple(rows),
        parked_more=more % {"n": hidden} if hidden else "",
        lost_since=_("Leases that ran out are counted since %(day)s.") % {"day": f"{since:%-d %b %Y}"}
        if since
        else "",
    )


def overall(found: Facts, clock: Clock) -> tuple[TagCard, str]:
    """The worst thing first, in one tag and one sentence."""
    if found.standstill.stands:
        return TagCard("needs_person", _("Stands still")), ""
    if found.last_beat is None:
        return TagCard("failed", _("No engine")), _(
            "No engine ticked within a day. Start one: nothing is done without."
        )
    if not found.alive:
        says = _("The newest tick is of %(when)s. Start an engine: nothing is done without.")
        return TagCard("failed", _("No engine")), says % {"when": clock.says(found.last_beat, seconds=True)}
    if found.oldest_due and found.now - found.oldest_due >= OVERDUE_AFTER:
        says = _("Something is due for %(age)s. Start more engines, or look what stops them in the log.")
        return TagCard("late"), says % {"age": age(found.age(found.oldest_due))}
    return TagCard("running", _("Works")), _("Everything that is due is taken up in time.")


def kind_row(kind: Kind, found: Facts) -> KindRow:
    seconds = found.age(kind.oldest_due) if kind.oldest_due else 0
    return KindRow(
        name=str(NAMES.get(kind.name, kind.name)),
        due=kind.due,
        running=kind.running,
        waiting=kind.all_waiting,
        reasons=tuple(
            _("%(n)d %(why)s") % {"n": kind.waiting[name], "why": why}
            for name, why in WAITS.items()
            if name in kind.waiting
        ),
        person=kind.person,
        parked=kind.parked,
        failed=kind.failed,
        oldest=age(seconds) if kind.due else "",
        late=seconds >= OVERDUE_AFTER.total_seconds(),
        lost=lost(kind),
    )


def lost(kind: Kind) -> str:
    if not kind.lost:
        return _("none")
    return _("%(lately)d in 7 days, %(ever)d ever") % {"lately": kind.lost_lately, "ever": kind.lost}


def age(seconds: int) -> str:
    """ "4 s", "12 min", "3 h"."""
    if seconds < 60:
        return _("%(n)d s") % {"n": seconds}
    if seconds < 3600:
        return _("%(n)d min") % {"n": seconds // 60}
    return _("%(n)d h") % {"n": seconds // 3600}


def engine_row(name: str, at: datetime, found: Facts, clock: Clock) -> EngineRow:
    alive = found.now - at < SILENT_AFTER
    tag = TagCard("running", _("Ticks")) if alive else TagCard("not_started", _("Silent"))
    return EngineRow(name, tag, clock.time(at, seconds=True))


def connection_row(workspace: Workspace, clock: Clock) -> ConnectionRow:
    tag, says = standing(workspace, clock.zone, clock.now)
    return ConnectionRow(
        workspace.name, workspace.client.name, tag, says, calls_left(limits.left(workspace.pk))
    )


def calls_left(room: Mapping[str, limits.Left]) -> str:
    """Only the classes of which something was used: most connections rest most of the time."""
    used = {name: each for name, each in room.items() if each.calls < each.of}
    words = _("%(class)s %(calls)d of %(of)d")
    told = [
        words % {"class": CLASSES.get(name, name), "calls": each.calls, "of": each.of}
        for name, each in used.items()
    ]
    return ", ".join(told) or _("all")


def counted_where(room: Mapping[str, limits.Left]) -> str:
    if all(each.shared for each in room.values()):
        return _("Calls are counted over all processes.")
    return _(
        "Without Redis each process counts its own calls. These are those of the process that made this page."
    )


# ---------------------------------------------------------------- news


def version_of(card: EngineCard) -> str:
    """Changes with what is worth saying aloud: counts and tags, no age and no countdown."""
    counts = [(row.name, row.due, row.running, row.waiting, row.person, row.failed) for row in card.kinds]
    engines = [(row.name, str(row.tag.word)) for row in card.engines]
    places = [(row.name, str(row.tag.word)) for row in card.connections]
    told = (str(card.standing.word), counts, engines, places, [row.id for row in card.parked])
    return hashlib.sha256(repr(told).encode()).hexdigest()[:12]


def poll(card: EngineCard, clock: Clock) -> PollCard:
    url = f"{URL}?since={version_of(card)}"
    return PollCard("engine-live", url, SECONDS, clock.time(clock.now, seconds=True, day=False), URL)


def announced(card: EngineCard) -> str:
    due, running = sum(row.due for row in card.kinds), sum(row.running for row in card.kinds)
    words = {"due": due, "running": running, "parked": len(card.parked), "state": card.standing.word}
    return _("%(state)s. %(due)d due, %(running)d running, %(parked)d stopped.") % words


# ---------------------------------------------------------------- standing still


def still_notice(found: Facts, may_not: str, clock: Clock) -> NoticeCard | None:
    """Why it stands still, and the way on for who may take it."""
    row = found.standstill
    if not row.stands or row.since is None:
        return None
    words = {"why": row.why, "by": row.by, "when": clock.says(row.since)}
    says = _("%(why)s The engine looks, and changes nothing, since %(when)s (%(by)s).") % words
    act = None if may_not else ActCard(_("See what was found"), f"{URL}go-on/", "main")
    return NoticeCard("attention", _("The engine stands still"), f"{says} {may_not}".strip(), act)


def confirm_card(found: Facts, counted: Found, clock: Clock, refused: str = "") -> ConfirmCard:
    row = found.standstill
    assert row.since
    return ConfirmCard(
        title=_("Let the engine go on"),
        effects=tuple(effects(counted)),
        act=ActCard(
            _("Go on"),
            f"{URL}go-on/",
            "main",
            busy=_("Going on…"),
            hidden=(("since", row.since.isoformat()),),
        ),
        back_url=URL,
        facts=(
            FactCard(_("Why it stands still"), row.why, note=_("said by %(who)s") % {"who": row.by}),
            FactCard(_("Since"), clock.time(row.since)),
            FactCard(_("Found so far"), looked(counted)),
        ),
        summary=ErrorSummaryCard((ErrorLine(refused, ""),) if refused else ()),
        note=_(
            "The ledger goes on from the database as it stands, and is signed. That you said so is in the ledger."
        ),
    )


def looked(counted: Found) -> str:
    read = ngettext("%(n)d step was looked at", "%(n)d steps were looked at", counted.looked_at)
    return _("%(read)s, %(done)d of them found done.") % {
        "read": read % {"n": counted.looked_at},
        "done": counted.done,
    }


def effects(counted: Found) -> Iterable[str]:
    """What begins with the press, in numbers; at least one sentence."""
    acts = ngettext(
        "%(n)d step changes something in Segment.",
        "%(n)d steps change something in Segment.",
        counted.would_act,
    )
    yield (
        acts % {"n": counted.would_act}
        if counted.would_act
        else _("No step that was looked at waits to change anything.")
    )
    if counted.requests:
        begins = ngettext(
            "%(n)d approved request begins.", "%(n)d approved requests begin.", counted.requests
        )
        yield begins % {"n": counted.requests}
    if counted.mails:
        goes = ngettext(
            "%(n)d mail goes out. After a restore it may arrive a second time.",
            "%(n)d mails go out. After a restore some may arrive a second time.",
            counted.mails,
        )
        yield goes % {"n": counted.mails}
    if counted.packets:
        sealed = ngettext("%(n)d packet is sealed.", "%(n)d packets are sealed.", counted.packets)
        yield sealed % {"n": counted.packets}
