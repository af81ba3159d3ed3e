"""Two who turn out to be one: choosing the other one, reading what moves, and the last press."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.directory.models import Collaborator
from offboarding.directory.queries import collaborators_in, named_like
from offboarding.lib.addresses import fold, same
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.removals import directory as verbs
from offboarding.removals.queries import naming
from offboarding.users.rules import Role
from offboarding.web.cards import ActCard, ConfirmCard, EmptyCard, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.collaborators import cards
from offboarding.web.collaborators.views import REQUESTS, person_or_404
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.removal.forms import one_error

SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def merge(request: Request, pk: int) -> HttpResponse:
    kept = person_or_404(request, pk)
    if not request.scope.covers(frozenset({kept.client_id}), Role.ADMINISTRATOR):
        raise PermissionDenied
    if wanted := request.GET.get("other", ""):
        return one(request, kept, other_or_404(request, kept, wanted))
    return choose(request, kept)


def choose(request: Request, kept: Collaborator) -> HttpResponse:
    text = request.GET.get("text", "").strip()[:200]
    found = others(request, kept)
    if text:
        found = named_like(found, text)
    rows = cards.list_rows(found.prefetch_related("addresses", "engagements")[:SHOWN])
    context = {
        "person": kept,
        "rows": tuple((row, f"?other={row.url.split('/')[2]}") for row in rows),
        "search": FieldCard("text", _("Name or address"), "search", text, required=False),
        "empty": EmptyCard(
            _("Nobody to merge with."),
            _("Only people of the same client and of the same kind can be one."),
        ),
    }
    return page(request, "collaborators/merge.html", context)


def others(request: Request, kept: Collaborator) -> QuerySet[Collaborator]:
    same_kind = collaborators_in(request.scope, Role.ADMINISTRATOR).filter(
        client=kept.client_id, kind=kept.kind
    )
    return same_kind.exclude(pk=kept.pk)


def other_or_404(request: Request, kept: Collaborator, wanted: str) -> Collaborator:
    found = others(request, kept).filter(pk=whole(wanted) or 0).first()
    if found is None:
        raise Http404
    return found


def one(request: Request, kept: Collaborator, gone: Collaborator) -> HttpResponse:
    if request.method != "POST":
        return confirm_page(request, kept, gone)
    typed = request.POST.get("address", "")
    addresses = cards.current(gone)
    try:
        if not any(same(typed, each) for each in addresses):
            raise Refused("not-typed", _("Type one of the addresses that move."), field="address")
        verbs.merge(request.user, request.scope, kept, gone, versions_in(request))
    except Refused as refusal:
        kept.refresh_from_db()
        gone.refresh_from_db()
        return confirm_page(request, kept, gone, refusal)
    told = _("%(gone)s is part of %(name)s now.")
    messages.success(request, told % {"gone": gone.name, "name": kept.name})
    return redirect("collaborator", kept.pk)


def versions_in(request: Request) -> tuple[int, int]:
    first, _dash, second = request.POST.get("versions", "").partition("-")
    return (whole(first) or 0, whole(second) or 0)


def confirm_page(
    request: Request, kept: Collaborator, gone: Collaborator, refusal: Refused | None = None
) -> HttpResponse:
    error = refusal.sentence if refusal else ""
    beside = error if refusal and refusal.facts.get("field") == "address" else ""
    field = FieldCard(
        "address",
        _("Type an address of %(name)s") % {"name": gone.name},
        "email",
        request.POST.get("address", ""),
        error=beside,
        hint=_("A merge cannot be undone, so this asks you to look once more."),
        attrs=(("autocomplete", "off"), ("spellcheck", "false")),
    )
    here = f"/people/{kept.pk}/merge/"
    hidden = (("versions", f"{kept.version}-{gone.version}"),)
    act = ActCard(_("Merge"), f"{here}?other={gone.pk}", "bad", hidden=hidden, busy=_("Merging…"), post=True)
    card = ConfirmCard(
        title=_("Merge %(gone)s into %(name)s") % {"gone": gone.name, "name": kept.name},
        effects=effects(request, kept, gone),
        act=act,
        back_url=here,
        facts=facts(kept, gone),
        fields=(field,),
        summary=one_error(error, field.control_id if beside else "") if error else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status)


def effects(request: Request, kept: Collaborator, gone: Collaborator) -> tuple[str, ...]:
    names = {"gone": gone.name, "name": kept.name}
    requests = naming(request.scope, [each.email for each in gone.addresses.all()], REQUESTS)
    going_on = [
        each.reference for each in naming(request.scope, cards.current(kept), REQUESTS) if each.is_open
    ]
    told = [
        _("%(name)s has all addresses and engagements of both. The name of %(gone)s goes.") % names,
        ngettext(
            "%(n)d request of %(gone)s is found with %(name)s from now on, unchanged.",
            "%(n)d requests of %(gone)s are found with %(name)s from now on, unchanged.",
            len(requests),
        )
        % {**names, "n": len(requests)},
    ]
    if going_on:
        told.append(
            _("%(refs)s goes on with the addresses that it names. File another request for the rest.")
            % {"refs": ", ".join(going_on)}
        )
    return (*told, _("It cannot be undone."))


def facts(kept: Collaborator, gone: Collaborator) -> tuple[FactCard, ...]:
    has = {fold(each.email) for each in kept.addresses.all()}
    moving = tuple(each.email for each in gone.addresses.all() if fold(each.email) not in has)
    joined = tuple(each.name for each in gone.engagements.exclude(pk__in=kept.engagements.values("pk")))
    return (
        FactCard(_("Stays"), (kept.name, *cards.current(kept))),
        FactCard(_("Addresses that move"), moving or _("none, both have them")),
        FactCard(_("Engagements that move"), joined or _("none")),
    )
