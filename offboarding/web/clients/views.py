"""Clients: the list, one client, and changing it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, IntegerField, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory import clients as verbs
from offboarding.directory.models import Client, Collaborator, Engagement
from offboarding.directory.queries import clients_in, engagements_in
from offboarding.lib.refusals import Refused
from offboarding.removals import directory as waiting
from offboarding.retention.queries import hold_on
from offboarding.retention.rules import may_not_hold, may_not_purge
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard, ConfirmCard, EmptyCard, ErrorSummaryCard, FieldCard
from offboarding.web.cards.fields import options
from offboarding.web.clients import cards
from offboarding.web.clients.forms import ClientForm, client_now
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, version_in
from offboarding.web.paging import pager
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.retention.cards import kept_fact, notices
from offboarding.web.setup.changing import difference, refused
from offboarding.web.setup.history import history
from offboarding.web.setup.tabs import CONNECTIONS, tabs

SEES = (Role.ADMINISTRATOR, Role.SECURITY, Role.REQUESTER)
PAGE = 50


def for_those_who_see(request: Request) -> None:
    if not request.scope.has(*SEES):
        raise PermissionDenied


def client_or_404(request: Request, pk: int) -> Client:
    for_those_who_see(request)
    client = clients_in(request.scope, *SEES).filter(pk=pk).first()
    if client is None:
        raise Http404
    return client


def administers(request: Request, client: Client) -> bool:
    return request.scope.covers(frozenset({client.pk}), Role.ADMINISTRATOR)


def sees_connections(request: Request, client: Client) -> bool:
    return request.scope.covers(frozenset({client.pk}), *CONNECTIONS)


def administered_or_403(request: Request, pk: int) -> Client:
    client = client_or_404(request, pk)
    if not administers(request, client):
        raise PermissionDenied
    return client


# ---------------------------------------------------------------- the list


@require_safe
@signed_in
def clients(request: Request) -> HttpResponse:
    for_those_who_see(request)
    given = {name: request.GET.get(name, "").strip() for name in ("text", "state")}
    here: Page[Client] = Paginator(filtered(request, given), PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": cards.client_rows(here, Clock.of(request)),
        "count": here.paginator.count,
        "pager": pager(here, given),
        "filters": filters(given),
        "empty": empty(request, given) if not here.paginator.count else None,
        "engagements": cards.engagement_rows(within(request), Clock.of(request)),
        "may_add": request.scope.everywhere(Role.ADMINISTRATOR),
        "tabs": tabs(request.scope, "clients"),
    }
    return page(request, "clients/clients.html", context)


def within(request: Request) -> list[Engagement]:
    """Those that this person works within, without the whole of the client. No query for who works within none."""
    if not (parts := request.scope.engagements(*SEES)):
        return []
    return list(counted_people(engagements_in(request.scope, *SEES).filter(pk__in=parts)))


def counted_people(found: QuerySet[Engagement]) -> QuerySet[Engagement]:
    return found.annotate(people=Count("roster", filter=Q(roster__merged_into=None)))


def filtered(request: Request, given: dict[str, str]) -> QuerySet[Client]:
    found = clients_in(request.scope, *SEES)
    if given["text"]:
        found = found.filter(Q(name__icontains=given["text"]) | Q(contact__icontains=given["text"]))
    if given["state"] != "all":
        found = found.filter(ended_at__isnull=given["state"] != "ended")
    running = Engagement.objects.filter(ended_at=None)
    return found.annotate(
        running=counted(running),
        places=counted(Workspace.objects.filter(ended_at=None)),
        people=counted(Collaborator.objects.filter(merged_into=None)),
        next_end=Subquery(
            running.filter(client=OuterRef("pk"))
            .order_by()
            .values("client")
            .annotate(first=Min("ends_on"))
            .values("first")
        ),
    )


def counted(rows: QuerySet[Any]) -> Coalesce:
    """How many of the rows belong to the client of the outer query."""
    number = (
        rows.filter(client=OuterRef("pk")).order_by().values("client").annotate(n=Count("pk")).values("n")
    )
    return Coalesce(Subquery(number, output_field=IntegerField()), 0)


def filters(given: dict[str, str]) -> tuple[FieldCard, ...]:
    states = [("", _("We work for them")), ("ended", _("Ended")), ("all", _("All"))]
    return (
        FieldCard("state", _("State"), "select", required=False, options=options(states, given["state"])),
        FieldCard("text", _("Name or contact"), "search", given["text"], required=False),
    )


def empty(request: Request, given: dict[str, str]) -> EmptyCard:
    if any(given.values()):
        act = ActCard(_("Clear"), reverse("clients"))
        return EmptyCard(_("No client fits."), _("Take one of the filters away, or all of them."), act)
    if request.scope.parts and not request.scope.for_a_client(*SEES):
        return EmptyCard(_("No whole client."), _("You work within the engagements below."))
    text = _("A client buys engagements and has workspaces. Everything else hangs on it.")
    if request.scope.everywhere(Role.ADMINISTRATOR):
        return EmptyCard(_("No client yet."), text, ActCard(_("Add a client"), reverse("client_add"), "main"))
    return EmptyCard(_("No client yet."), _("An administrator of all clients adds the first one."))


# ---------------------------------------------------------------- one client


@require_safe
@signed_in
def client(request: Request, pk: int) -> HttpResponse:
    found, clock = client_or_404(request, pk), Clock.of(request)
    entries, older = history(request, f"client:{found.pk}")
    places = list(workspaces_in(request.scope, *SEES).filter(client=found))
    engagements = counted_people(found.engagements.select_related("client", "lead")).order_by(
        F("ended_at").asc(nulls_first=True), F("ends_on").asc(nulls_last=True), "name"
    )
    context = {
        "client": found,
        "facts": (*cards.client_facts(found), kept_fact(found, kept_url(request, found))),
        "holds": notices([on] if (on := hold_on(found)) else [], clock, hold_url(request, found)),
        "hold_url": hold_url(request, found),
        "may_purge": not may_not_purge(request.scope),
        "engagements": cards.engagement_rows(engagements, clock),
        "workspaces": cards.workspace_rows(places, sees_connections(request, found)),
        "people": found.collaborators.filter(merged_into=None).count(),
        "may_change": administers(request, found),
        "days": entries,
        "pager": older,
    }
    return page(request, "clients/client.html", context)


def kept_url(request: Request, client: Client) -> str:
    return f"{cards.url_of(client)}retention/" if administers(request, client) else ""


def hold_url(request: Request, client: Client) -> str:
    held_by = may_not_hold(request.scope, frozenset({client.pk}))
    return "" if held_by else f"{cards.url_of(client)}hold/"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: Request) -> HttpResponse:
    if not request.scope.everywhere(Role.ADMINISTRATOR):
        raise PermissionDenied
    if request.method != "POST":
        return form_page(request, ClientForm(initial={"time_zone": settings.TIME_ZONE}))
    form = ClientForm(request.POST)
    if not form.is_valid():
        return form_page(request, form, status=422)
    try:
        made = verbs.add(request.user, request.scope, form.said)
    except Refused as refusal:
        refused(form, refusal)
        return form_page(request, form, status=status_of(refusal))
    messages.success(request, _("%(name)s is added.") % {"name": made.name})
    return redirect("client", made.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: Request, pk: int) -> HttpResponse:
    found = administered_or_403(request, pk)
    if request.method != "POST":
        return form_page(request, ClientForm(initial=client_now(found)), found)
    form = ClientForm(request.POST)
    if not form.is_valid():
        return form_page(request, form, found, status=422, version=version_in(request))
    try:
        verbs.change(request.user, request.scope, found, form.said, version_in(request))
    except Refused as refusal:
        refused(form, refusal)
        found.refresh_from_db()
        return form_page(request, form, found, status=status_of(refusal), stale=refusal.code == "stale")
    messages.success(request, _("%(name)s is changed.") % {"name": form.said.name})
    return redirect("client", pk)


def form_page(
    request: Request,
    form: ClientForm,
    client: Client | None = None,
    status: int = 200,
    version: int = 0,
    stale: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "client": client,
        "version": version or (client.version if client else 0),
        "diff": difference(form, client_now(client)) if stale and client else None,
    }
    return page(request, "clients/client_form.html", context, status)


# ---------------------------------------------------------------- ending, and opening again


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end(request: Request, pk: int) -> HttpResponse:
    found, refusal = administered_or_403(request, pk), None
    if request.method == "POST":
        try:
            why = request.POST.get("reason", "")
            waiting.end_client(request.user, request.scope, found, why, version_in(request))
        except Refused as caught:
            refusal = caught
            found.refresh_from_db()
        else:
            messages.success(request, _("%(name)s has ended.") % {"name": found.name})
            return redirect("client", pk)
    effects = (
        _("No engagement and no collaborator can be added any more."),
        _("Its workspaces stay connected, and requests for people who still have access can be filed."),
        _("Everything that was done stays in the record. You can open the client again."),
    )
    label = _("End this client")
    return ending(request, found, refusal, _("End %(name)s") % {"name": found.name}, label, effects)


def ending(
    request: Request,
    row: Client | Engagement,
    refusal: Refused | None,
    title: str,
    label: str,
    effects: tuple[str, ...],
) -> HttpResponse:
    error = refusal.sentence if refusal else ""
    beside = error if refusal and refusal.facts.get("field") == "reason" else ""
    field = reason_field(request.POST.get("reason", ""), beside, _("Why"))
    summary = one_error(error, field.control_id if beside else "") if error else ErrorSummaryCard()
    hidden = (("version", str(row.version)),)
    act = ActCard(label, f"{cards.url_of(row)}end/", "bad", hidden=hidden, busy=_("Ending…"), post=True)
    confirm = ConfirmCard(title, effects, act, cards.url_of(row), fields=(field,), summary=summary)
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reopen(request: Request, pk: int) -> HttpResponse:
    found = administered_or_403(request, pk)
    if request.method == "POST":
        verbs.reopen(request.user, request.scope, found, version_in(request))
        messages.success(request, _("%(name)s is open again.") % {"name": found.name})
        return redirect("client", pk)
    effects = (_("Engagements and collaborators can be added again."),)
    return reopening(request, found, _("Open %(name)s again") % {"name": found.name}, effects)


def reopening(
    request: Request, row: Client | Engagement, title: str, effects: tuple[str, ...]
) -> HttpResponse:
    hidden = (("version", str(row.version)),)
    act = ActCard(_("Open again"), f"{cards.url_of(row)}reopen/", "main", hidden=hidden, post=True)
    confirm = ConfirmCard(title, effects, act, cards.url_of(row))
    return page(request, "elements/confirm_page.html", {"confirm": confirm})
