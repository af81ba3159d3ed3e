"""The agenda: every day that is still to come, of the requests, links and engagements in sight."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from offboarding.directory.queries import clients_in
from offboarding.web.cards import ActCard, EmptyCard, FieldCard
from offboarding.web.cards.fields import options
from offboarding.web.followups import cards
from offboarding.web.followups.sources import KINDS, Wanted, rows
from offboarding.web.http import Request, page, part_wanted, signed_in
from offboarding.web.removal.clock import Clock

NAMES = ("what", "client", "who")
WHO = {"": lazy("Everybody’s"), "me": lazy("Mine")}


@require_safe
@signed_in
def agenda(request: Request) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip() for name in NAMES}
    clock = Clock.of(request)
    wanted = Wanted(
        request.scope,
        clock,
        given["what"] if given["what"] in KINDS else "",
        given["client"],
        given["who"] == "me",
    )
    found = rows(wanted)
    context = {
        "parts": cards.parts(found.rows, clock),
        "more": found.more,
        "empty": None if found.rows else empty(given),
    }
    if part_wanted(request):
        return page(request, "followups/_agenda.html", context)
    return page(request, "followups/page.html", {**context, "filters": fields(request, given)})


def fields(request: Request, given: dict[str, str]) -> tuple[FieldCard, ...]:
    clients = [(client.slug, client.name) for client in clients_in(request.scope)]
    kinds = [(name, str(word)) for name, word in KINDS.items()]
    return (
        select("what", _("What"), [("", _("All")), *kinds], given),
        select("client", _("Client"), [("", _("All")), *clients], given),
        select("who", _("Whose"), [(name, str(word)) for name, word in WHO.items()], given),
    )


def select(name: str, label: str, rows: list[tuple[str, str]], given: dict[str, str]) -> FieldCard:
    return FieldCard(name, label, "select", required=False, options=options(rows, given[name]))


def empty(given: dict[str, str]) -> EmptyCard:
    if any(given.values()):
        text = _("Take one of the filters away, or all of them.")
        return EmptyCard(_("No day to come fits these filters."), text, ActCard(_("Clear"), "/follow-ups/"))
    text = _(
        "Looks that come later, the end of read-only access, of shared links and of engagements stand here, the next first."
    )
    return EmptyCard(_("Nothing is to follow."), text)
