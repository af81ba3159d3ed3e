"""Collaborators: whose access we look after, by which addresses, in which engagements."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.connections.queries import workspaces_in
from offboarding.directory import collaborators as verbs
from offboarding.directory.changes import LEADS
from offboarding.directory.models import Collaborator, Engagement
from offboarding.directory.queries import clients_in, collaborators_in, engagements_in, named_like
from offboarding.discovery.queries import newest_of
from offboarding.lib.addresses import key
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.removals.queries import naming
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard, EmptyCard, FieldCard
from offboarding.web.cards.fields import options
from offboarding.web.collaborators import cards
from offboarding.web.collaborators.forms import KINDS, AddForm, AddressForm, NameForm, person_now
from offboarding.web.errors import status_of
from offboarding.web.filing.search import FILES
from offboarding.web.http import Request, page, signed_in, version_in
from offboarding.web.paging import pager
from offboarding.web.removal.clock import Clock
from offboarding.web.setup.changing import difference, refused
from offboarding.web.setup.history import history
from offboarding.web.work.rows import removal_rows

SEES = (Role.REQUESTER, Role.SECURITY, Role.ADMINISTRATOR)
PAGE = 50
REQUESTS = 20


def for_those_who_see(request: Request) -> None:
    if not request.scope.has(*SEES):
        raise PermissionDenied


def person_or_404(request: Request, pk: int) -> Collaborator:
    for_those_who_see(request)
    found = collaborators_in(request.scope, *SEES).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def changes(request: Request, person: Collaborator) -> bool:
    return request.scope.covers(frozenset({person.client_id}), *LEADS)


def on_rosters_or_403(request: Request, pk: int) -> Collaborator:
    """For who may change the person, and for who leads within an engagement."""
    person = person_or_404(request, pk)
    if not changes(request, person) and not request.scope.engagements(*LEADS):
        raise PermissionDenied
    return person


def changeable_or_403(request: Request, pk: int) -> Collaborator:
    person = person_or_404(request, pk)
    if not changes(request, person):
        raise PermissionDenied
    return person


# ---------------------------------------------------------------- the list


@require_safe
@signed_in
def collaborators(request: Request) -> HttpResponse:
    for_those_who_see(request)
    given = {name: request.GET.get(name, "").strip()[:200] for name in ("text", "client", "kind")}
    found = collaborators_in(request.scope, *SEES).prefetch_related(
        "addresses", Prefetch("engagements", engagements_in(request.scope, *SEES))
    )
    if given["text"]:
        found = named_like(found, given["text"])
    if given["client"]:
        found = found.filter(client__slug=given["client"])
    if given["kind"] in Collaborator.Kind.values:
        found = found.filter(kind=given["kind"])
    here: Page[Collaborator] = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": cards.list_rows(here),
        "count": here.paginator.count,
        "pager": pager(here, given),
        "filters": filters(request, given),
        "empty": empty(request, given) if not here.paginator.count else None,
        "may_add": request.scope.has(*LEADS),
    }
    return page(request, "collaborators/collaborators.html", context)


def filters(request: Request, given: dict[str, str]) -> tuple[FieldCard, ...]:
    clients = [("", _("All")), *((each.slug, each.name) for each in clients_in(request.scope, *SEES))]
    kinds = [("", _("All")), *((value, str(words)) for value, words in KINDS)]
    return (
        FieldCard("client", _("Client"), "select", required=False, options=options(clients, given["client"])),
        FieldCard("kind", _("Kind"), "select", required=False, options=options(kinds, given["kind"])),
        FieldCard("text", _("Name or address"), "search", given["text"], required=False),
    )


def empty(request: Request, given: dict[str, str]) -> EmptyCard:
    if any(given.values()):
        act = ActCard(_("Clear"), reverse("collaborators"))
        return EmptyCard(_("Nobody fits."), _("Take one of the filters away, or all of them."), act)
    text = _(
        "People and service accounts whose access we look after stand here, with every address of theirs."
    )
    act = ActCard(_("Add somebody"), reverse("collaborator_add"), "main")
    return EmptyCard(_("Nobody yet."), text, act if request.scope.has(*LEADS) else None)


# ---------------------------------------------------------------- one person


@require_safe
@signed_in
def person(request: Request, pk: int) -> HttpResponse:
    for_those_who_see(request)
    merged = Collaborator.objects.filter(pk=pk, client__in=clients_in(request.scope, *SEES)).exclude(
        merged_into=None
    )
    if into := merged.values_list("merged_into", flat=True).first():
        return redirect("collaborator", into)
    return show(request, person_or_404(request, pk))


def show(
    request: Request,
    found: Collaborator,
    form: AddressForm | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    clock = Clock.of(request)
    addresses = list(found.addresses.all())
    emails = [each.email for each in addresses]
    requests = naming(request.scope, emails, REQUESTS)
    places = list(workspaces_in(request.scope, *SEES).filter(client=found.client_id))
    persons = {
        key([each.email for each in addresses if not each.retired_at]),
        *(each.person for each in requests),
    }
    own = list(engagements_in(request.scope, *SEES).filter(roster=found))
    # It names every engagement that they were on, so it is for who works for all of the client.
    whole = request.scope.covers(frozenset({found.client_id}), *SEES)
    entries, older = history(request, f"collaborator:{found.pk}") if whole else ((), None)
    context = {
        "person": found,
        "facts": cards.facts(found),
        "addresses": cards.address_rows(addresses, clock),
        "engagements": cards.engagement_rows(own, clock),
        "join": join_field(request, found, own),
        "leaves": set(
            engagements_in(request.scope, *LEADS).filter(roster=found).values_list("pk", flat=True)
        ),
        "places": cards.place_rows(places, newest_of(persons, [each.pk for each in places]), clock),
        "requests": removal_rows(requests, clock, request.scope.user_id),
        "merged": [each.name for each in found.merged.all()],
        "form": form or AddressForm(),
        "refusal": refusal,
        "may_change": changes(request, found),
        "may_merge": request.scope.covers(frozenset({found.client_id}), Role.ADMINISTRATOR),
        "may_file": request.scope.has(*FILES),
        "whole": whole,
        "days": entries,
        "pager": older,
    }
    return page(request, "collaborators/person.html", context, status)


def join_field(request: Request, person: Collaborator, own: list[Engagement]) -> FieldCard | None:
    """The engagements of the client that they are not on, and whose roster is this user's to change."""
    there = engagements_in(request.scope, *LEADS).filter(client=person.client_id, ended_at=None)
    rows = [(str(each.pk), each.name) for each in there.exclude(pk__in=[one.pk for one in own])]
    if not rows:
        return None
    return FieldCard("engagement", _("Engagement"), "select", width="mid", options=options(rows, ""))


# ---------------------------------------------------------------- adding, changing


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def add(request: Request) -> HttpResponse:
    if not request.scope.has(*LEADS):
        raise PermissionDenied
    engagements = list(engagements_in(request.scope, *LEADS).filter(ended_at=None))
    whole = list(clients_in(request.scope, *LEADS).filter(ended_at=None))
    within = {each.client_id: each.client for each in engagements if each.client not in whole}
    lists: dict[str, Any] = {
        "clients": [*whole, *within.values()],
        "engagements": engagements,
        "within": frozenset(within),
    }
    if request.method != "POST":
        return add_page(request, AddForm(initial=begun(request, lists), **lists))
    form = AddForm(request.POST, **lists)
    if not form.is_valid():
        return add_page(request, form, 422)
    given = form.cleaned_data
    client, engagement = form.clients[given["client"]], form.engagements.get(given["engagement"])
    try:
        if engagement and client.pk in within:
            made = verbs.take_on(request.user, request.scope, engagement, form.said, form.emails)
        else:
            made = verbs.add(request.user, request.scope, client, form.said, form.emails, engagement)
    except Refused as refusal:
        refused(form, refusal)
        return add_page(request, form, status_of(refusal))
    messages.success(request, _("%(name)s is added.") % {"name": made.name})
    return redirect("collaborator", made.pk)


def begun(request: Request, lists: dict[str, Any]) -> dict[str, Any]:
    """What the link that led here says already."""
    wanted = request.GET.get("engagement", "")
    for each in lists["engagements"]:
        if str(each.pk) == wanted:
            return {"engagement": wanted, "client": str(each.client_id)}
    only = {name: rows[0] for name in ("clients", "engagements") if len(rows := lists[name]) == 1}
    begun = {"client": str(only["clients"].pk)} if "clients" in only else {}
    if "engagements" in only and only["engagements"].client_id in lists["within"]:
        begun["engagement"] = str(only["engagements"].pk)
    return begun


def add_page(request: Request, form: AddForm, status: int = 200) -> HttpResponse:
    return page(request, "collaborators/add.html", {"form": form, "no_clients": not form.clients}, status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: Request, pk: int) -> HttpResponse:
    found = changeable_or_403(request, pk)
    if request.method != "POST":
        return form_page(request, NameForm(initial=person_now(found)), found)
    form = NameForm(request.POST)
    if not form.is_valid():
        return form_page(request, form, found, status=422, version=version_in(request))
    try:
        verbs.change(request.user, request.scope, found, form.said, version_in(request))
    except Refused as refusal:
        refused(form, refusal)
        found.refresh_from_db()
        return form_page(request, form, found, status=status_of(refusal), stale=refusal.code == "stale")
    messages.success(request, _("%(name)s is changed.") % {"name": form.said.name})
    return redirect("collaborator", pk)


def form_page(
    request: Request,
    form: NameForm,
    person: Collaborator,
    status: int = 200,
    version: int = 0,
    stale: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "person": person,
        "version": version or person.version,
        "diff": difference(form, person_now(person)) if stale else None,
    }
    return page(request, "collaborators/edit.html", context, status)


# ---------------------------------------------------------------- addresses, rosters


@require_POST
@signed_in
def add_address(request: Request, pk: int) -> HttpResponse:
    found, form = changeable_or_403(request, pk), AddressForm(request.POST)
    if not form.is_valid():
        return show(request, found, form, status=422)
    try:
        verbs.add_address(request.user, request.scope, found, **form.cleaned_data)
    except Refused as refusal:
        refused(form, refusal)
        return show(request, found, form, status=status_of(refusal))
    messages.success(request, _("The address is added. Searches look for it from now on."))
    return redirect("collaborator", pk)


@require_POST
@signed_in
def move_address(request: Request, pk: int, address: int, name: str) -> HttpResponse:
    """Retire it, or take it back."""
    found = changeable_or_403(request, pk)
    one = found.addresses.filter(pk=address).first()
    if one is None or name not in MOVES:
        raise Http404
    verb, told = MOVES[name]
    try:
        verb(request.user, request.scope, found, one)
    except Refused as refusal:
        return show(request, found, refusal=refusal, status=status_of(refusal))
    messages.success(request, told % {"address": one.email})
    return redirect("collaborator", pk)


MOVES = {
    "retire": (verbs.retire_address, lazy("%(address)s is retired: it is not searched for any more.")),
    "back": (verbs.take_back, lazy("%(address)s is theirs again.")),
}


@require_POST
@signed_in
def join(request: Request, pk: int) -> HttpResponse:
    found = on_rosters_or_403(request, pk)
    there = engagements_in(request.scope, *LEADS).filter(client=found.client_id)
    engagement = there.filter(pk=whole(request.POST.get("engagement", "")) or 0).first()
    if engagement is None:
        refusal = Refused("no-engagement", _("Choose an engagement of this client."), field="engagement")
        return show(request, found, refusal=refusal, status=status_of(refusal))
    try:
        verbs.join(request.user, request.scope, found, engagement)
    except Refused as refusal:
        return show(request, found, refusal=refusal, status=status_of(refusal))
    messages.success(
        request, _("%(name)s is on %(engagement)s.") % {"name": found.name, "engagement": engagement.name}
    )
    return redirect("collaborator", pk)


@require_POST
@signed_in
def leave(request: Request, pk: int, engagement: int) -> HttpResponse:
    found = on_rosters_or_403(request, pk)
    on = engagements_in(request.scope, *LEADS).filter(roster=found, pk=engagement).first()
    if on is None:
        raise Http404
    try:
        verbs.leave(request.user, request.scope, found, on)
    except Refused as refusal:
        return show(request, found, refusal=refusal, status=status_of(refusal))
    told = _("%(name)s is off %(engagement)s. Their access is as it was.")
    messages.success(request, told % {"name": found.name, "engagement": on.name})
    # Who leads within it knows nobody who is on no roster of theirs.
    known = collaborators_in(request.scope, *SEES).filter(pk=pk).exists()
    return redirect("collaborator", pk) if known else redirect("collaborators")
