"""One emergency, live: the clock, the lanes, where a person has to look, what the person did lately, what is owed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from offboarding.emergencies.models import Emergency
from offboarding.web.cards import PollCard
from offboarding.web.emergency import lanes
from offboarding.web.emergency.activity import activity
from offboarding.web.emergency.lanes import LaneCard
from offboarding.web.emergency.views import still
from offboarding.web.http import Request, page, part_wanted
from offboarding.web.removal.overview import Overview, seconds_between_polls, version_of
from offboarding.web.removal.views import of_request


@require_safe
@of_request
def status(request: Request, view: Overview) -> HttpResponse:
    emergency = emergency_or_404(view)
    rows = lanes.lanes(view, emergency)
    version = mark(view, rows)
    if part_wanted(request) and "since" in request.GET:
        if request.GET["since"] == version:
            return HttpResponse(status=204)
        answer = page(request, "emergency/_status_news.html", context(view, emergency, rows, version))
        answer["HX-Trigger"] = json.dumps({"announce": rows[0].says})
        return answer
    return page(request, "emergency/status.html", context(view, emergency, rows, version))


def emergency_or_404(view: Overview) -> Emergency:
    if view.emergency is None:
        raise Http404
    return view.emergency


def mark(view: Overview, rows: tuple[LaneCard, ...]) -> str:
    """Changes with anything that a reader would call news; the mere passing of seconds is none."""
    told = [(row.name, row.tag.state, str(row.tag.word), row.says) for row in rows]
    return hashlib.sha256(repr((str(version_of(view)), told)).encode()).hexdigest()[:16]


def context(view: Overview, emergency: Emergency, rows: tuple[LaneCard, ...], version: str) -> dict[str, Any]:
    here = lanes.here(view)
    return {
        "removal": view.removal,
        "emergency": emergency,
        "who": view.removal.person_name or view.removal.email,
        "since": view.clock.time(emergency.known_since),
        "released": view.clock.time(emergency.at, seconds=True),
        "facts": facts(view, emergency),
        "still": still(),
        "clock": lanes.clock(view, emergency),
        "lanes": rows,
        "stuck": lanes.stuck(view),
        "places": len(view.places),
        "text": lanes.status_text(view, emergency, rows),
        "activity": activity(view),
        "url": view.url,
        "poll": PollCard(
            "emergency-live",
            f"{here}?since={version}",
            seconds_between_polls(view),
            view.clock.time(view.clock.now, seconds=True, day=False),
            here,
        ),
    }


def facts(view: Overview, emergency: Emergency) -> list[str]:
    words = {"who": emergency.released_by.name, "when": view.clock.says(emergency.at, seconds=True)}
    told = [_("Released by %(who)s, %(when)s, without an approval") % words]
    if emergency.second:
        told.append(_("Confirmed by %(who)s") % {"who": emergency.second.name})
    told.append(_("Known since %(when)s") % {"when": view.clock.says(emergency.known_since)})
    told.append(f"{emergency.incident}, {view.removal.reason_says}")
    return told
