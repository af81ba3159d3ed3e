"""One engagement: its days, its lead, the workspaces that it covers, and who is on its roster."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.connections import upkeep
from offboarding.connections.queries import workspaces_in
from offboarding.directory import collaborators
from offboarding.directory import engagements as verbs
from offboarding.directory.changes import LEADS
from offboarding.directory.models import Client, Engagement
from offboarding.directory.queries import collaborators_in, engagements_in, leads_of
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.web.cards import FieldCard, OptionCard
from offboarding.web.clients import cards
from offboarding.web.clients.forms import EngagementForm, engagement_now
from offboarding.web.clients.views import (
    SEES,
    administered_or_403,
    administers,
    ending,
    for_those_who_see,
    reopening,
    sees_connections,
)
from offboarding.web.errors import status_of
from offboarding.web.filing.search import FILES
from offboarding.web.http import Request, page, signed_in, today, version_in
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.changing import difference, refused
from offboarding.web.setup.history import history

SHOWN = 200  # people on one page; more are searched for among the collaborators


def engagement_or_404(request: Request, client: Client, pk: int) -> Engagement:
    found = engagements_in(request.scope, *SEES).filter(client=client, pk=pk).first()
    if found is None:
        raise Http404
    return found


@require_safe
@signed_in
def engagement(request: Request, pk: int, engagement: int) -> HttpResponse:
    """Also for who works within it only: the client's other pages are not here for them."""
    for_those_who_see(request)
    found = engagements_in(request.scope, *SEES).filter(client=pk, pk=engagement).first()
    if found is None:
        raise Http404
    return show(request, found.client, found)


def show(request: Request, client: Client, found: Engagement, refusal: Refused | None = None) -> HttpResponse:
    clock = Clock.of(request)
    entries, older = history(request, f"engagement:{found.pk}")
    on_roster = collaborators_in(request.scope, *SEES).filter(engagements=found)
    people = list(on_roster.prefetch_related("addresses")[: SHOWN + 1])
    covered = set(found.coverage.values_list("workspace", flat=True))
    places = list(workspaces_in(request.scope, *SEES).filter(client=client))
    changes = administers(request, client)
    context = {
        "client": client,
        "engagement": found,
        "facts": cards.engagement_facts(found, clock),
        "people": cards.person_rows(people[:SHOWN]),
        "more": len(people) > SHOWN,
        "places": workspace_field(places, covered) if changes and places else None,
        "covered": cards.workspace_rows(
            [each for each in places if each.pk in covered], sees_connections(request, client)
        ),
        "whole": request.scope.covers(frozenset({client.pk}), *SEES),
        "all_places": len(places),
        "may_change": changes,
        "may_join": takes_on(request, found),
        "file_url": filing_url(request, found) if people else "",
        "refusal": refusal,
        "days": entries,
        "pager": older,
    }
    return page(request, "clients/engagement.html", context, status_of(refusal) if refusal else 200)


def takes_on(request: Request, engagement: Engagement) -> bool:
    """Leads for the client, or within this engagement."""
    leads = request.scope.covers(frozenset({engagement.client_id}), *LEADS)
    return (leads or engagement.pk in request.scope.engagements(*LEADS)) and not engagement.ended_at


def filing_url(request: Request, engagement: Engagement) -> str:
    """Where everyone on the roster can be asked for at once; empty for those who file nothing."""
    files = engagements_in(request.scope, *FILES).filter(pk=engagement.pk).exists()
    return f"{reverse('many')}?engagement={engagement.pk}" if files else ""


def workspace_field(places: list[Any], covered: set[int]) -> FieldCard:
    boxes = tuple(
        OptionCard(
            str(each.pk),
            each.name,
            each.pk in covered,
            hint=f"{each.get_environment_display()}, {each.get_region_display()}",
        )
        for each in places
    )
    return FieldCard(
        "workspaces", _("Workspaces that it covers"), "checkboxes", required=False, options=boxes
    )


# ---------------------------------------------------------------- adding, changing


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: Request, pk: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    leads = leads_of(client, today(request))
    if request.method != "POST":
        return form_page(request, client, EngagementForm(leads=leads))
    form = EngagementForm(request.POST, leads=leads)
    if not form.is_valid():
        return form_page(request, client, form, status=422)
    try:
        made = verbs.add(request.user, request.scope, client, form.said, today(request))
    except Refused as refusal:
        refused(form, refusal)
        return form_page(request, client, form, status=status_of(refusal))
    messages.success(request, _("%(name)s is added. Say which workspaces it covers.") % {"name": made.name})
    return redirect(cards.url_of(made))


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: Request, pk: int, engagement: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    found = engagement_or_404(request, client, engagement)
    leads = list(
        {each.pk: each for each in (*leads_of(client, today(request), found.pk), found.lead)}.values()
    )
    if request.method != "POST":
        return form_page(request, client, EngagementForm(initial=engagement_now(found), leads=leads), found)
    form = EngagementForm(request.POST, leads=leads)
    if not form.is_valid():
        return form_page(request, client, form, found, status=422, version=version_in(request))
    try:
        verbs.change(request.user, request.scope, found, form.said, version_in(request), today(request))
    except Refused as refusal:
        refused(form, refusal)
        found.refresh_from_db()
        stale = refusal.code == "stale"
        return form_page(request, client, form, found, status=status_of(refusal), stale=stale)
    messages.success(request, _("%(name)s is changed.") % {"name": form.said.name})
    return redirect(cards.url_of(found))


def form_page(
    request: Request,
    client: Client,
    form: EngagementForm,
    engagement: Engagement | None = None,
    status: int = 200,
    version: int = 0,
    stale: bool = False,
) -> HttpResponse:
    zone = str(cards.zone_of_client(client)).replace("_", " ")
    context = {
        "form": form,
        "client": client,
        "engagement": engagement,
        "version": version or (engagement.version if engagement else 0),
        "diff": difference(form, engagement_now(engagement)) if stale and engagement else None,
        "no_leads": not form.leads,
        "last_day_means": _(
            "Access may be used until this day ends in %(zone)s. Empty: no end is agreed, so nobody is reminded."
        )
        % {"zone": zone},
    }
    return page(request, "clients/engagement_form.html", context, status)


# ---------------------------------------------------------------- workspaces and roster


@require_POST
@signed_in
def cover(request: Request, pk: int, engagement: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    found = engagement_or_404(request, client, engagement)
    picked = {whole(each) or 0 for each in request.POST.getlist("workspaces")}
    places = workspaces_in(request.scope, *SEES).filter(client=client, pk__in=picked)
    try:
        upkeep.cover(request.user, request.scope, found, places, version_in(request))
    except Refused as refusal:
        return show(request, client, engagement_or_404(request, client, engagement), refusal)
    messages.success(request, _("The workspaces of %(name)s are saved.") % {"name": found.name})
    return redirect(cards.url_of(found))


@require_POST
@signed_in
def leave(request: Request, pk: int, engagement: int, person: int) -> HttpResponse:
    """Off the roster. It takes no access away, and can be undone by putting them on it again."""
    for_those_who_see(request)
    found = engagements_in(request.scope, *SEES).filter(client=pk, pk=engagement).first()
    if found is None:
        raise Http404
    client = found.client
    who = collaborators_in(request.scope, *SEES).filter(client=client, pk=person).first()
    if who is None:
        raise Http404
    try:
        collaborators.leave(request.user, request.scope, who, found)
    except Refused as refusal:
        return show(request, client, found, refusal)
    told = _("%(name)s is off the roster. Their access is as it was.")
    messages.success(request, told % {"name": who.name})
    return redirect(cards.url_of(found))


# ---------------------------------------------------------------- ending, and opening again


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end(request: Request, pk: int, engagement: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    found, refusal = engagement_or_404(request, client, engagement), None
    zone = cards.zone_of_client(client)
    day = Clock.of(request).now.astimezone(zone).date()
    if request.method == "POST":
        try:
            why = request.POST.get("reason", "")
            verbs.end(request.user, request.scope, found, why, version_in(request), day)
        except Refused as caught:
            refusal = caught
            found.refresh_from_db()
        else:
            messages.success(request, _("%(name)s has ended.") % {"name": found.name})
            return redirect(cards.url_of(found))
    people = found.roster.filter(merged_into=None).count()
    still = ngettext(
        "%d person stays on its roster. Ending takes no access away: file a request for them.",
        "%d people stay on its roster. Ending takes no access away: file requests for them.",
        people,
    )
    effects = (
        _("Its last day is %(day)s, if it was not earlier.") % {"day": cards.in_words(day)},
        still % people if people else _("Nobody is on its roster."),
        _("Everything that was done stays in the record. You can open the engagement again."),
    )
    title = _("End %(name)s") % {"name": found.name}
    return ending(request, found, refusal, title, _("End this engagement"), effects)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def reopen(request: Request, pk: int, engagement: int) -> HttpResponse:
    client = administered_or_403(request, pk)
    found = engagement_or_404(request, client, engagement)
    if request.method == "POST":
        verbs.reopen(request.user, request.scope, found, version_in(request))
        messages.success(request, _("%(name)s is open again. Check its last day.") % {"name": found.name})
        return redirect(cards.url_of(found))
    effects = (
        _("People can be put on its roster again."),
        _("Its last day stays as it is: change it if the engagement goes on."),
    )
    return reopening(request, found, _("Open %(name)s again") % {"name": found.name}, effects)
