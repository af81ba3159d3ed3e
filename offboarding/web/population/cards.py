"""What the population report shows. A report in, cards out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.utils.translation import ngettext

from offboarding.reports.population.report import Report
from offboarding.reports.population.rules import PlaceRow, Row, Standing, spread, standing, summary, why_late
from offboarding.trail.rules import By
from offboarding.verification.rules import Now
from offboarding.web.cards import Bar, ChartCard, EmptyCard, TagCard, TimeCard
from offboarding.web.removal.clock import Clock
from offboarding.web.trail.cards import WHO

BUCKET_WORDS = (
    lazy("up to 1 h"),
    lazy("1 to 4 h"),
    lazy("4 to 24 h"),
    lazy("1 to 3 days"),
    lazy("over 3 days"),
    lazy("not gone"),
)
STANDING_LOOKS = {
    Standing.IN_TIME: ("verified", lazy("In time")),
    Standing.LATE: ("late", lazy("Late")),
    Standing.OVERDUE: ("failed", lazy("Overdue")),
    Standing.OPEN: ("running", lazy("Open")),
    Standing.NOT_MEASURED: ("not_needed", lazy("Not measured")),
}
STAGES = {"rejected": lazy("Rejected"), "withdrawn": lazy("Withdrawn")}


def amount(span: timedelta | None) -> str:
    """ "3 h 12 min", "2 d 4 h"; empty if there is none."""
    if span is None:
        return ""
    minutes = round(span.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


@dataclass(frozen=True, slots=True)
class PlaceLine:
    name: str
    says: str
    at: str


@dataclass(frozen=True, slots=True)
class PopulationRow:
    ref: str
    url: str
    person: str
    clients: str
    reason: str
    asked: str
    approved: str
    trigger: TimeCard
    gone: TimeCard | None
    took: str
    limit: str
    tag: TagCard
    why: str
    places: tuple[PlaceLine, ...]
    packet: str


def row(each: Row, now: datetime, clock: Clock) -> PopulationRow:
    state, words = STANDING_LOOKS[standing(each, now)]
    return PopulationRow(
        ref=each.reference,
        url=f"/requests/{each.reference}/",
        person=each.person,
        clients=", ".join(each.clients),
        reason=each.reason,
        asked=_("%(who)s, %(at)s") % {"who": each.requester, "at": clock.says(each.filed)},
        approved=(
            _("%(who)s, %(at)s") % {"who": ", ".join(each.approvers) or "–", "at": clock.says(each.approved)}
            if each.approved
            else (_("emergency, no approval first") if each.emergency else _("not approved"))
        ),
        trigger=clock.time(each.trigger, utc=True),
        gone=clock.time(each.gone, utc=True) if each.gone else None,
        took=amount(each.elapsed),
        limit=amount(each.due - each.trigger),
        tag=TagCard(state, str(STAGES.get(each.stage.value, words)) if state == "not_needed" else str(words)),
        why=why_late(each, now),
        places=tuple(place_line(place, clock) for place in each.places),
        packet=f"/evidence/{each.reference}/" if each.packet else "",
    )


@dataclass(frozen=True, slots=True)
class Group:
    """Requests of the same clients in one line."""

    clients: str
    requests: int
    in_time: int
    median: str
    longest: str
    which: str


def groups(rows: Sequence[Row], now: datetime) -> list[Group]:
    by_clients: dict[tuple[str, ...], list[Row]] = {}
    for each in rows:
        by_clients.setdefault(each.clients, []).append(each)
    return [group(clients, some, now) for clients, some in sorted(by_clients.items())]


def group(clients: tuple[str, ...], rows: Sequence[Row], now: datetime) -> Group:
    found = summary(rows, now)
    numbers = [each.number for each in rows]
    which = _("R-%(first)d to R-%(last)d") % {"first": min(numbers), "last": max(numbers)}
    longest = max((each.elapsed for each in rows if each.elapsed is not None), default=None)
    told = (len(rows), found.in_time, amount(found.median) or "–", amount(longest) or "–")
    return Group(", ".join(clients), *told, which)


def place_line(place: PlaceRow, clock: Clock) -> PlaceLine:
    says = _("gone") if place.now is Now.VERIFIED and place.choice == "remove" else place.says
    return PlaceLine(place.workspace, says, clock.says(place.gone_at) if place.gone_at else "")


def sentence(report: Report) -> str:
    """ "48 removals · 46 in time (96 %) · median 3 h 12 min · 9 of 10 within 21 h"."""
    found = report.summary
    parts = [ngettext("%(n)d request", "%(n)d requests", found.requests) % {"n": found.requests}]
    if found.in_time + found.late + found.overdue:
        told = {"n": found.in_time, "percent": found.percent}
        parts.append(_("%(n)d in time (%(percent)d %%)") % told)
    if found.late:
        parts.append(_("%(n)d late") % {"n": found.late})
    if found.overdue:
        parts.append(_("%(n)d overdue") % {"n": found.overdue})
    if found.open:
        parts.append(_("%(n)d open within the limit") % {"n": found.open})
    if found.emergencies:
        told = {"n": found.emergencies}
        parts.append(ngettext("%(n)d emergency", "%(n)d emergencies", found.emergencies) % told)
    if found.median is not None:
        parts.append(_("median %(amount)s") % {"amount": amount(found.median)})
        parts.append(_("9 of 10 within %(amount)s") % {"amount": amount(found.nine_of_ten)})
    if found.not_measured:
        parts.append(_("%(n)d not measured") % {"n": found.not_measured})
    return " · ".join(parts)


def chart(report: Report) -> ChartCard | None:
    counts = spread(report.rows)
    if not sum(counts):
        return None
    bars = tuple(
        Bar(words, count, "bad" if n == len(counts) - 1 else "")
        for n, (words, count) in enumerate(zip(BUCKET_WORDS, counts, strict=True))
    )
    told = ", ".join(f"{words}: {count}" for words, count in zip(BUCKET_WORDS, counts, strict=True))
    title = _("From when access should have ended to the read that found it gone")
    return ChartCard("times", title, _("Requests by time: %(told)s.") % {"told": told}, bars, _("Requests"))


def completeness(report: Report) -> tuple[str, ...]:
    """What was compared with what, and what could not be."""
    requests, leavers, dark = len(report.rows), len(report.leavers), len(report.blind)
    known = ngettext("%(n)d person stands on rosters", "%(n)d people stand on rosters", report.known) % {
        "n": report.known
    }
    forgotten = (
        ngettext(
            "%(n)d of them left in this period, and nobody filed a request: exception.",
            "%(n)d of them left in this period, and nobody filed a request: exceptions.",
            leavers,
        )
        if leavers
        else _("everybody of them who left in this period has a request.")
    )
    lines = [
        ngettext("%(n)d request was filed.", "%(n)d requests were filed.", requests) % {"n": requests},
        f"{known}; {forgotten % {'n': leavers} if leavers else forgotten}"
        if report.known
        else _("Nobody stands on a roster, so people who left without a request cannot be found."),
    ]
    if report.not_listed:
        says = ngettext(
            "%(n)d more request reaches into a client that you may not read too, so it is not listed here.",
            "%(n)d more requests reach into a client that you may not read too, so they are not listed here.",
            report.not_listed,
        )
        lines.insert(1, says % {"n": report.not_listed})
    lines.append(behind(report))
    if dark:
        lines.append(
            ngettext(
                "%(n)d workspace cannot be compared for all of the period.",
                "%(n)d workspaces cannot be compared for all of the period.",
                dark,
            )
            % {"n": dark}
        )
    return tuple(lines)


def behind(report: Report) -> str:
    """Removals that Segment shows and nobody asked for here; never "none" where nothing could be compared."""
    if report.unasked:
        says = ngettext(
            "Segment's audit events show %(n)d removal that no request asked for: exception.",
            "Segment's audit events show %(n)d removals that no request asked for: exceptions.",
            len(report.unasked),
        )
        return says % {"n": len(report.unasked)}
    if not report.compared:
        return _(
            "Whether Segment shows removals that nobody asked for is not known: no workspace can be compared."
        )
    says = ngettext(
        "Each removal in Segment's audit events has a request, in the %(n)d workspace that can be compared.",
        "Each removal in Segment's audit events has a request, in the %(n)d workspaces that can be compared.",
        report.compared,
    )
    return says % {"n": report.compared}


@dataclass(frozen=True, slots=True)
class UnaskedRow:
    person: str
    workspace: str
    client: str
    at: TimeCard
    type: str
    who: str
    later: str


def unasked(report: Report, clock: Clock) -> tuple[UnaskedRow, ...]:
    return tuple(
        UnaskedRow(
            each.person,
            each.workspace,
            each.client,
            clock.time(each.at, utc=True),
            each.type,
            f"{each.who} ({WHO[each.by]})" if each.who and each.by is not By.US else str(WHO[each.by]),
            each.filed_later,
        )
        for each in report.unasked
    )


@dataclass(frozen=True, slots=True)
class LeaverRow:
    name: str
    addresses: str
    client: str
    engagement: str
    left_on: str
    says: str


def leavers(report: Report) -> tuple[LeaverRow, ...]:
    return tuple(
        LeaverRow(
            each.name,
            ", ".join(each.addresses),
            each.client,
            each.engagement,
            dateformat.format(each.left_on, "j M Y"),
            each.says,
        )
        for each in report.leavers
    )


def empty(report: Report) -> EmptyCard:
    if report.not_listed:
        return EmptyCard(
            _("No request of this period is for you to read."),
            _(
                "Some reach into other clients too. Of each that is sealed, Packets has the part of your client."
            ),
        )
    if report.unasked:
        text = _("Segment shows removals, though: see the exceptions above.")
    elif report.leavers:
        text = _("People left, though: see the exceptions above.")
    else:
        text = _("Choose another period, client or kind.")
    return EmptyCard(_("No access should have ended in this period."), text)


def sampled(rows: Sequence[Row]) -> str:
    sealed = sum(bool(each.packet) for each in rows)
    return _("%(all)d drawn, %(sealed)d of them with a sealed packet") % {"all": len(rows), "sealed": sealed}
