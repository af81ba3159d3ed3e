"""The list of requests: filters that survive a reload, newest first."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_safe

from offboarding.directory.queries import clients_in
from offboarding.packets.redaction.parts import parts_for
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import listed, matching
from offboarding.removals.rules import OPEN, Stage
from offboarding.web.cards import ActCard, EmptyCard, FieldCard, OptionCard
from offboarding.web.cards.fields import options as chosen_of
from offboarding.web.filing.search import FILES
from offboarding.web.http import Request, page, part_wanted, signed_in
from offboarding.web.paging import pager
from offboarding.web.removal.clock import Clock
from offboarding.web.work.rows import removal_rows, with_places

PAGE = 50
STAGE_WORDS = {
    "open": lazy("All open"),
    Stage.DRAFT: lazy("Draft"),
    Stage.PLANNED: lazy("To decide"),
    Stage.EXPIRED: lazy("Not decided in time"),
    Stage.APPROVED: lazy("Approved"),
    Stage.RUNNING: lazy("Running"),
    Stage.CLOSED: lazy("Closed"),
    Stage.REJECTED: lazy("Rejected"),
    Stage.WITHDRAWN: lazy("Withdrawn"),
}


@require_safe
@signed_in
def requests(request: Request) -> HttpResponse:
    given = {name: request.GET.get(name, "").strip() for name in ("stage", "client", "text")}
    found = with_places(filtered(listed(request.scope), given))
    here: Page[RemovalRequest] = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": removal_rows(list(here), Clock.of(request), request.scope.user_id),
        "count": here.paginator.count,
        "pager": pager(here, given),
        "empty": empty(request, given) if not here.paginator.count else None,
    }
    if part_wanted(request):
        return page(request, "work/_requests.html", context)
    return page(request, "work/requests.html", {**context, "filters": fields(request, given)})


def filtered(removals: QuerySet[RemovalRequest], given: dict[str, str]) -> QuerySet[RemovalRequest]:
    if given["stage"] == "open":
        removals = removals.filter(stage__in=[stage.value for stage in OPEN])
    elif given["stage"] in list(Stage):
        removals = removals.filter(stage=given["stage"])
    if given["client"]:
        removals = removals.filter(places__workspace__client__slug=given["client"]).distinct()
    return matching(removals, given["text"]) if given["text"] else removals


def fields(request: Request, given: dict[str, str]) -> tuple[FieldCard, ...]:
    clients = [(client.slug, client.name) for client in clients_in(request.scope)]
    stages = [(str(value), str(words)) for value, words in STAGE_WORDS.items()]
    return (
        FieldCard(
            "stage", _("State"), "select", required=False, options=options(_("All"), stages, given["stage"])
        ),
        FieldCard(
            "client",
            _("Client"),
            "select",
            required=False,
            options=options(_("All"), clients, given["client"]),
        ),
        FieldCard(
            "text",
            _("Person, number or ticket"),
            "search",
            given["text"],
            required=False,
            attrs=(("autocomplete", "off"),),
        ),
    )


def options(all_of_them: str, rows: list[tuple[str, str]], picked: str) -> tuple[OptionCard, ...]:
    return chosen_of([("", all_of_them), *rows], picked)


def empty(request: Request, given: dict[str, str]) -> EmptyCard:
    if any(given.values()):
        return EmptyCard(
            named(given),
            _("Take one of the filters away, or all of them."),
            ActCard(_("Clear"), "/requests/"),
        )
    act = ActCard(_("File a request"), "/requests/new/", "main") if request.scope.has(*FILES) else None
    text = _("Requests for your clients stand here, from the draft to the sealed packet.")
    if parts_for(request.scope):
        text = _(
            "Those that also reach into clients of others stand under Evidence: you may have your client's part."
        )
        act = ActCard(_("Evidence"), "/evidence/", "main")
    return EmptyCard(_("No requests yet."), text, act)


def named(given: dict[str, str]) -> str:
    """ "No request fits: Running, “dan”"."""
    words: list[Any] = [STAGE_WORDS.get(given["stage"], given["stage"]), given["client"]]
    if given["text"]:
        words.append(f"“{given['text']}”")
    return _("No request fits: %(filters)s.") % {"filters": ", ".join(str(word) for word in words if word)}
