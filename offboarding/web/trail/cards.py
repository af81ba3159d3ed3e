"""What a copy of an audit trail shows: how far it reaches, each time that it was copied, and its events."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.trail.rules import KEPT, LACKS, REMEDIES, By, Lack, Told, by, dropped_on, keeps_up
from offboarding.web.cards import FactCard, TagCard, TimeCard
from offboarding.web.removal.clock import Clock
from offboarding.work.rules import State

WHO = {
    By.US: lazy("Offboard, with our token"),
    By.COLLABORATOR: lazy("somebody on a roster"),
    By.PERSON: lazy("a person"),
    By.TOKEN: lazy("another token"),
    By.PROVIDER: lazy("the identity provider"),
    By.SEGMENT: lazy("Segment"),
    By.UNKNOWN: lazy("not told"),
}


@dataclass(frozen=True, slots=True)
class EventRow:
    at: TimeCard
    type: str
    what: str
    who: str
    kind: str
    file: bool


@dataclass(frozen=True, slots=True)
class HarvestRow:
    asked_by: str
    at: TimeCard | None
    tag: TagCard
    says: str


def facts(
    copy: Copy | None, busy: bool, events: int, clock: Clock, connected: bool = True
) -> tuple[FactCard, ...]:
    """How far the copy reaches, gaps and all, and why it does not grow where it does not."""
    reach = copy.reach if copy else None
    made = [FactCard(_("State"), state(copy, busy, clock))]
    if reach:
        whole = _("%(from)s to %(until)s") % {
            "from": clock.says(reach.since),
            "until": clock.says(reach.until),
        }
        made.append(FactCard(_("Copied"), whole, note=counted(events)))
        gaps = tuple(
            _("%(from)s to %(until)s") % {"from": clock.says(begun), "until": clock.says(ended)}
            for begun, ended in reach.gaps
        )
        if gaps:
            made.append(FactCard(_("Gaps"), gaps, note=_("Segment had dropped these days before we copied.")))
    elif events:
        made.append(FactCard(_("From files"), counted(events)))
    made.append(FactCard(_("Segment keeps them"), kept_there(copy, clock, connected)))
    return tuple(made)


def kept_there(copy: Copy | None, clock: Clock, connected: bool) -> str:
    """Until when what is in no copy of ours can still be had."""
    reach = copy.reach if copy else None
    if reach is None:
        words = {"day": clock.says(clock.now - KEPT)}
        return _("for 90 days. What happened before %(day)s is gone, and a day more each day.") % words
    if connected and copy and not copy.lack and keeps_up(reach.until, clock.now, settings.TRAIL_HOURS):
        return _("for 90 days. It is copied %(often)s, so nothing is lost.") % {"often": often()}
    ends = dropped_on(reach.until)
    if ends <= clock.now:
        return _("for 90 days. What happened after the copy ends has begun to be lost on %(day)s.") % {
            "day": clock.says(ends)
        }
    return _("for 90 days. What happened after the copy ends begins to be lost %(when)s.") % {
        "when": clock.counts_down(ends, seconds=False)
    }


def often() -> str:
    """How often an audit trail is copied, as the end of a sentence."""
    hours = settings.TRAIL_HOURS
    if not hours:
        return _("only when somebody asks")
    if hours == 24:
        return _("once a day by itself")
    return ngettext("every %(n)d hour by itself", "every %(n)d hours by itself", hours) % {"n": hours}


def counted(events: int) -> str:
    return ngettext("%(n)d event", "%(n)d events", events) % {"n": events}


def state(copy: Copy | None, busy: bool, clock: Clock) -> tuple[TagCard | str, ...]:
    if busy:
        return (TagCard("running", _("Copying")),)
    if copy is None:
        return (TagCard("not_started", _("Not copied yet")),)
    if copy.lack:
        lack = Lack(copy.lack)
        since = _("since %(time)s") % {"time": clock.says(copy.lacks_since)} if copy.lacks_since else ""
        return tuple(
            filter(None, (TagCard("failed", _("Cannot be copied")), since, LACKS[lack], REMEDIES[lack]))
        )
    return (TagCard("verified", _("Copied")),)


def harvest_row(each: Harvest, clock: Clock) -> HarvestRow:
    asked = each.asked_by.name if each.asked_by else _("Offboard, by itself")
    if not each.ended_at:
        waits = State(each.state) is State.WAITING
        tag, says = TagCard("waiting" if waits else "running", _("Under way")), each.waiting_for
    elif each.lack:
        tag, says = TagCard("failed", _("Not copied")), each.says
    else:
        new = _("%(read)d read, %(new)d new") % {"read": each.read, "new": each.new}
        tag, says = TagCard("done", _("Read")), f"{each.file.name}: {new}" if each.file else new
    return HarvestRow(asked, clock.time(each.ended_at) if each.ended_at else None, tag, says)


def event_rows(
    events: Iterable[AuditEvent], ours: Collection[str], collaborators: Collection[str], clock: Clock
) -> tuple[EventRow, ...]:
    return tuple(
        EventRow(
            clock.time(each.at, seconds=True, utc=True),
            each.type,
            what(each.told),
            who(each.told, ours, collaborators),
            each.kind,
            each.file_id is not None,
        )
        for each in events
    )


def what(told: Told) -> str:
    return " ".join(filter(None, (told.resource_type, told.resource_name or told.resource_id)))


def who(told: Told, ours: Collection[str], collaborators: Collection[str]) -> str:
    """ "dan@northwind.example (somebody on a roster)"."""
    kind = by(told, ours, collaborators)
    name = told.email or told.actor
    return str(WHO[kind]) if kind in (By.US, By.UNKNOWN) or not name else f"{name} ({WHO[kind]})"
