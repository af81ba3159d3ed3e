"""People and roles: who may sign in, what they may do, and since when nobody has seen them."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.directory import people as verbs
from offboarding.directory.grants import grants_of
from offboarding.directory.queries import clients_in, engagements_in, people_in
from offboarding.directory.rules import Grant, may_not_change, within_reach
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.queries import providers_of
from offboarding.users.rules import Role
from offboarding.web.cards import EmptyCard, FieldCard, PermissionCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, today, zone_of
from offboarding.web.paging import pager
from offboarding.web.people import cards, delegated, forms, held, proposed
from offboarding.web.people.forms import Line, Where
from offboarding.web.people.reach import CONFIRM, SEES, person_or_404
from offboarding.web.proof import to_proof
from offboarding.web.setup.tabs import tabs

PAGE = 50


@require_safe
@signed_in
def people(request: Request) -> HttpResponse:
    if not request.scope.has(*SEES):
        raise PermissionDenied
    given = {"text": request.GET.get("text", "").strip()}
    found = people_in(request.scope, *SEES)
    if given["text"]:
        found = found.filter(Q(name__icontains=given["text"]) | Q(email__icontains=given["text"]))
    here: Page[User] = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": cards.rows(list(here), request.scope, today(request), zone_of(request), now()),
        "count": here.paginator.count,
        "pager": pager(here, given),
        "search": FieldCard("text", _("Name or address"), "search", given["text"], required=False),
        "empty": EmptyCard(_("Nobody fits “%(text)s”.") % given, _("Try a part of the name or address.")),
        "proposals": proposed.rows(request),
        "may_invite": request.scope.has(Role.ADMINISTRATOR),
        "tabs": tabs(request.scope, "people"),
    }
    return page(request, "people/people.html", context)


def administered(request: Request, held: Iterable[Grant] = ()) -> Where:
    if not request.scope.has(Role.ADMINISTRATOR):
        raise PermissionDenied
    return places(request, held)


def places(request: Request, held: Iterable[Grant] = ()) -> Where:
    """What this administrator gives roles for: clients, engagements that go on, and those that the person holds already.

    Two queries.
    """
    clients = list(clients_in(request.scope, Role.ADMINISTRATOR))
    goes_on = Q(ended_at=None) & (Q(ends_on=None) | Q(ends_on__gte=today(request)))
    kept = Q(pk__in=[each.engagement for each in held if each.engagement])
    engagements = engagements_in(request.scope, Role.ADMINISTRATOR).filter(goes_on | kept).order_by("name")
    return Where(clients, list(engagements), request.scope.everywhere(Role.ADMINISTRATOR))


# ---------------------------------------------------------------- inviting


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def invite(request: Request) -> HttpResponse:
    where = administered(request)
    if request.method != "POST":
        return invite_page(request, where, "", "", ())
    email, name = (request.POST.get(field, "").strip() for field in ("email", "name"))
    lines = forms.typed(request.POST)
    try:
        grants = forms.grants(lines, where)
        verbs.check_invitation(request.scope, email, name, grants, today(request))
    except Refused as wrong:
        return invite_page(request, where, email, name, lines, wrong)
    held.keep(request, held.INVITE, email=email, name=name, grants=held.packed(grants))
    return to_proof(request, CONFIRM)


def invite_page(
    request: Request,
    where: Where,
    email: str,
    name: str,
    lines: tuple[Line, ...],
    wrong: Refused | None = None,
) -> HttpResponse:
    context = {
        "summary": forms.summary(wrong),
        "who": forms.who(email, name, wrong),
        "lines": forms.line_cards(lines, where, wrong),
    }
    return page(request, "people/invite.html", context, status=status_of(wrong) if wrong else 200)


# ---------------------------------------------------------------- one person


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def person(request: Request, pk: int) -> HttpResponse:
    """What somebody holds, and changing it. What lies outside of this administrator's reach is shown to nobody here."""
    user = person_or_404(request, pk)
    own = within_reach(request.scope, grants_of(user))
    if request.method != "POST":
        return person_page(request, user, places(request, own), tuple(Line.of(grant) for grant in own))
    where, lines = administered(request, own), forms.typed(request.POST)
    try:
        if why := may_not_change(request.scope, user.pk):
            raise Refused("may-not-change", why)
        grants = forms.grants(lines, where)
        verbs.check_change(request.scope, user, grants, today(request))
    except Refused as wrong:
        return person_page(request, user, where, lines, wrong)
    held.keep(request, held.ROLES, user.pk, grants=held.packed(grants))
    return to_proof(request, CONFIRM)


def person_page(
    request: Request,
    user: User,
    where: Where,
    lines: tuple[Line, ...],
    wrong: Refused | None = None,
    typed: tuple[str, str] | None = None,
) -> HttpResponse:
    row = cards.rows([user], request.scope, today(request), zone_of(request), now())[0]
    why, linked = may_not_change(request.scope, user.pk), providers_of(user)
    context = {
        "person": user,
        "row": row,
        "facts": (*cards.facts(row), *cards.comes_from(linked)),
        "linked": linked,
        "summary": forms.summary(wrong),
        "who": forms.who(*(typed or (user.email, user.name)), wrong),
        "lines": () if why else forms.line_cards(lines, where, wrong),
        "open": proposed.row_about(request, user),
        "delegated": delegated.rows(request, user, may=not why),
        "permission": PermissionCard(why, _("Another administrator can.")) if why else None,
    }
    return page(request, "people/person.html", context, status=status_of(wrong) if wrong else 200)


@require_POST
@signed_in
def act(request: Request, pk: int, name: str) -> HttpResponse:
    """The wish to disable, to enable, or to sign somebody out; nothing happens before it is confirmed."""
    user = person_or_404(request, pk)
    if name not in held.ACTS:
        raise Http404
    verbs.allowed(request.scope, user)
    held.keep(request, name, user.pk)
    return to_proof(request, CONFIRM)


def back(user: User | None) -> HttpResponse:
    return redirect(f"/setup/people/{user.pk}/" if user else "people")
