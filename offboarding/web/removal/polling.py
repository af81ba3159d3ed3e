"""Asking for news: 204 where there is none, else the parts that changed, beside the element that asks."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from offboarding.web.cards import PollCard
from offboarding.web.http import Request, part_wanted
from offboarding.web.removal import cards
from offboarding.web.removal.overview import Overview, Version, seconds_between_polls, seen_by_page
from offboarding.work.rules import ENDED


def poll(view: Overview, version: Version, path: str) -> PollCard:
    """`path` is the page's own, from the request's address on, ready to take one more parameter."""
    return PollCard(
        id="removal-live",
        url=f"{view.url}{path}since={version}",
        seconds=seconds_between_polls(view),
        updated=view.clock.time(view.clock.now, seconds=True, day=False),
        refresh_url=f"{view.url}{path.rstrip('?&')}",
    )


def wants_news(request: Request) -> bool:
    return part_wanted(request) and "since" in request.GET


def news(
    request: Request,
    view: Overview,
    version: Version,
    template: str,
    path: str,
    tab: str,
    parts: Callable[[], dict[str, Any]],
    says: Callable[[Overview], str] | None = None,
) -> HttpResponse:
    """`parts` makes the rest of the context; it is only called where something is new. `says` is what is announced."""
    seen = seen_by_page(request.GET["since"])
    same = seen is not None and str(seen) == str(version)
    if same and not version.counts_down:
        return HttpResponse(status=204)
    context = {"head": cards.head(view, tab), "poll": poll(view, version, path), "live": True, **parts()}
    response = render(request, template, context)
    if not same:
        response["HX-Trigger"] = json.dumps({"announce": (says or announced)(view)})
    return response


def announced(view: Overview) -> str:
    done = sum(1 for run in view.runs if run.state in ENDED)
    return _("%(done)d of %(all)d steps have ended. %(strip)s.") % {
        "done": done,
        "all": len(view.items),
        "strip": cards.head_strip(view).spoken,
    }
