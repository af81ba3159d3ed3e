"""The engine's page, and what an administrator does there."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.connections.queries import workspaces_in
from offboarding.journey import standstill
from offboarding.lib.refusals import Refused
from offboarding.web import proving
from offboarding.web.engine import cards, parked, stopped
from offboarding.web.engine.facts import Facts, facts
from offboarding.web.engine.stopped import SEES, Reader
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.polling import wants_news
from offboarding.web.setup.tabs import tabs

CHOSEN = "engine-go-on"


def for_operators(request: Request) -> None:
    if not request.scope.for_a_client(*SEES):
        raise PermissionDenied


@require_safe
@signed_in
def engine(request: Request) -> HttpResponse:
    for_operators(request)
    found, clock = facts(), Clock.of(request)
    card = cards.engine_card(
        found,
        workspaces_in(request.scope.of_whole_clients(), *SEES),
        parked.parked(Reader(request.user, request.scope)),
        parked.count(),
        clock,
    )
    may_not = standstill.may_not_go_on(request.scope) if found.standstill.stands else ""
    context: dict[str, Any] = {
        "engine": card,
        "poll": cards.poll(card, clock),
        "still": cards.still_notice(found, may_not, clock),
    }
    if not wants_news(request):
        return page(request, "engine/page.html", {"tabs": tabs(request.scope, "engine"), **context})
    response = render(request, "engine/_live.html", context)
    if request.GET["since"] != cards.version_of(card):
        response["HX-Trigger"] = json.dumps({"announce": cards.announced(card)})
    return response


# ---------------------------------------------------------------- going on


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def go_on(request: Request) -> HttpResponse:
    """What was found, and the one press. Needs a proof of identity that is newer than the wish to come here."""
    for_operators(request)
    if standstill.may_not_go_on(request.scope):
        raise PermissionDenied
    found = facts()
    if not found.standstill.stands:
        proving.forget(request, CHOSEN)
        return redirect("engine")
    if not proved(request, found):
        return to_proof(request, reverse("engine_go_on"))
    if request.method != "POST":
        return confirm_page(request, found)
    try:
        standstill.go_on(request.user, since_in(request))
    except Refused as refusal:
        return confirm_page(request, facts(), refusal)
    proving.forget(request, CHOSEN)
    messages.success(request, _("The engine goes on. What waited for it is due now."))
    return redirect("engine")


def proved(request: Request, found: Facts) -> bool:
    """Only for this standstill: another one needs its own proof."""
    since = found.standstill.since
    assert since
    chosen = proving.kept(request, CHOSEN)
    if chosen is None or chosen.what["since"] != since.isoformat():
        chosen = proving.keep(request, CHOSEN, since=since.isoformat())
    return bool(proved_since(request, chosen.at))


def since_in(request: Request) -> datetime:
    """The standstill that the person read about. Raises Refused if the form does not say it."""
    older = Refused("moved-meanwhile", _("That page was an older one. Look at it again."))
    try:
        since = datetime.fromisoformat(request.POST.get("since", ""))
    except ValueError:
        raise older from None
    if since.tzinfo is None:
        raise older
    return since


def confirm_page(request: Request, found: Facts, refusal: Refused | None = None) -> HttpResponse:
    since = found.standstill.since
    if not found.standstill.stands or since is None:
        return redirect("engine")
    card = cards.confirm_card(
        found, standstill.found(since), Clock.of(request), refusal.sentence if refusal else ""
    )
    return page(
        request, "elements/confirm_page.html", {"confirm": card}, status_of(refusal) if refusal else 200
    )


# ---------------------------------------------------------------- trying again


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def again(request: Request, name: str, pk: int) -> HttpResponse:
    """One more try of one row, as the person saw it. Somebody else's and none are the same answer."""
    for_operators(request)
    kind, reader = stopped.KINDS.get(name), Reader(request.user, request.scope)
    row = kind.seen(reader).filter(pk=pk).first() if kind and kind.again else None
    if kind is None or row is None:
        raise Http404
    line = kind.line(reader, row)
    if not line.may:
        raise PermissionDenied
    if request.method != "POST":
        return page(request, "elements/confirm_page.html", {"confirm": parked.confirm_card(kind, row, line)})
    parked.try_again(kind, reader, row, request.POST.get("fence", ""))
    messages.success(request, _("One more try begins: %(title)s.") % {"title": line.title})
    return redirect("engine")
