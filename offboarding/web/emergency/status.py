"""One emergency, live: the clock, the lanes, where a person has to look, what the person did lately, what is owed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from offboarding.emergencies.rules import Verdict
from offboarding.web.cards import ActCard, NoticeCard, PollCard, TagCard
from offboarding.web.emergency import lanes
from offboarding.web.emergency.activity import activity
from offboarding.web.emergency.incident import Incident, of_incident
from offboarding.web.emergency.lanes import LaneCard
from offboarding.web.emergency.views import still
from offboarding.web.http import Request, page, part_wanted
from offboarding.web.removal.overview import Overview, seconds_between_polls, version_of


@dataclass(frozen=True, slots=True)
class ClientRow:
    """The request at one client: how much of it was read again and found empty, and its review."""

    client: str
    reference: str
    url: str
    says: str
    tag: TagCard


@require_safe
@of_incident
def status(request: Request, seen: Incident) -> HttpResponse:
    rows = lanes.lanes(seen)
    version = mark(seen, rows)
    if part_wanted(request) and "since" in request.GET:
        if request.GET["since"] == version:
            return HttpResponse(status=204)
        answer = page(request, "emergency/_status_news.html", context(seen, rows, version))
        answer["HX-Trigger"] = json.dumps({"announce": rows[0].says})
        return answer
    return page(request, "emergency/status.html", context(seen, rows, version))


def mark(seen: Incident, rows: tuple[LaneCard, ...]) -> str:
    """Changes with anything that a reader would call news; the mere passing of seconds is none."""
    told = [(row.name, row.tag.state, str(row.tag.word), row.says) for row in rows]
    touched = [(run.pk, run.touched_at, run.state) for run in seen.runs]
    return hashlib.sha256(repr((str(version_of(seen.shown)), touched, told)).encode()).hexdigest()[:16]


def context(seen: Incident, rows: tuple[LaneCard, ...], version: str) -> dict[str, Any]:
    removal = seen.shown.removal
    return {
        "removal": removal,
        "who": removal.person_name or removal.email,
        "facts": facts(seen),
        "still": still(),
        "beside": beside(seen),
        "clock": lanes.clock(seen),
        "lanes": rows,
        "clients": by_client(seen) if len(seen.views) > 1 else (),
        "stuck": lanes.stuck(seen),
        "places": len(seen.places),
        "text": lanes.status_text(seen, rows),
        "activity": activity(seen),
        "url": seen.shown.url,
        "poll": PollCard(
            "emergency-live",
            f"{seen.url}?since={version}",
            between_polls(seen),
            seen.clock.time(seen.clock.now, seconds=True, day=False),
            seen.url,
        ),
    }


def between_polls(seen: Incident) -> int:
    """As often as the one of its requests that moves most."""
    return min((pause for view in seen.views if (pause := seconds_between_polls(view))), default=0)


def by_client(seen: Incident) -> tuple[ClientRow, ...]:
    return tuple(client_row(view) for view in seen.views)


def client_row(view: Overview) -> ClientRow:
    words = {"n": len(lanes.gone(view.places)), "all": len(view.places)}
    says = _("%(n)d of %(all)d workspaces read again and found empty") % words
    review = getattr(view.emergency, "review", None)
    agreed = review and review.verdict == Verdict.CONFIRM
    tag = TagCard("needs_person", _("Review open"))
    if review:
        tag = TagCard("approved", _("Confirmed")) if agreed else TagCard("rejected", _("Objection"))
    return ClientRow(view.places[0].client, view.removal.reference, view.url, says, tag)


def beside(seen: Incident) -> list[NoticeCard]:
    """This person is in another emergency, at a client that this press therefore left out."""
    return [
        NoticeCard(
            "info",
            _("%(reference)s is under way for this person too") % {"reference": each.removal.reference},
            _("What goes there, goes by that one."),
            ActCard(_("Open"), reverse("emergency_status", args=[each.removal.number])),
        )
        for each in seen.beside
    ]


def facts(seen: Incident) -> list[str]:
    view, emergency = seen.shown, seen.emergency
    words = {"who": emergency.released_by.name, "when": view.clock.says(emergency.at, seconds=True)}
    told = [_("Released by %(who)s, %(when)s, without an approval") % words]
    if emergency.second:
        told.append(_("Confirmed by %(who)s") % {"who": emergency.second.name})
    told.append(_("Known since %(when)s") % {"when": view.clock.says(emergency.known_since)})
    told.append(f"{emergency.incident}, {view.removal.reason_says}")
    return told
