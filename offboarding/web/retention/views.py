"""For how long a client's records are kept, and legal holds on clients and requests."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.directory.models import Client
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.retention import actions as verbs
from offboarding.retention.queries import hold_on, holds_over
from offboarding.retention.rules import may_not_hold
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard
from offboarding.web.clients.views import administered_or_403, client_or_404
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in, version_in
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request
from offboarding.web.retention import cards
from offboarding.web.retention.forms import KeepingForm, keeping_now
from offboarding.web.setup.changing import difference, refused

GET_OR_POST = ["GET", "HEAD", "POST"]


@require_http_methods(GET_OR_POST)
@signed_in
def keeping(request: Request, pk: int) -> HttpResponse:
    """Frameworks and years of one client."""
    client = administered_or_403(request, pk)
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    if not proof.pressed:
        return keeping_page(request, KeepingForm(initial=keeping_now(client)), client, proof)
    form = KeepingForm(request.POST)
    if not form.is_valid():
        return keeping_page(request, form, client, proof, status=422, version=version_in(request))
    said = form.cleaned_data
    try:
        longer = verbs.keep_for(
            request.user, request.scope, client, said["frameworks"], said["years"], version_in(request)
        )
    except Refused as refusal:
        refused(form, refusal)
        client.refresh_from_db()
        stale = refusal.code == "stale"
        return keeping_page(request, form, client, proof, status=status_of(refusal), stale=stale)
    proving.done(request)
    words = {"name": client.name, "years": cards.in_years(said["years"])}
    told = _("Records of %(name)s are kept for %(years)s from now on.") % words
    if longer:
        told += " " + _("What is kept already is given its later day now.")
    messages.success(request, told)
    return redirect("client", pk)


def keeping_page(
    request: Request,
    form: KeepingForm,
    client: Client,
    proof: proving.Proved,
    status: int = 200,
    version: int = 0,
    stale: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "frameworks": form.framework_field(),
        "client": client,
        "default": cards.default_says(),
        "hidden": (*proof.hidden, ("version", str(version or client.version))),
        "diff": difference(form, keeping_now(client)) if stale else None,
    }
    return page(request, "retention/keeping.html", context, status)


# ---------------------------------------------------------------- legal holds


@require_http_methods(GET_OR_POST)
@signed_in
def client_hold(request: Request, pk: int) -> HttpResponse:
    client = client_or_404(request, pk)
    if may_not_hold(request.scope, frozenset({client.pk})):
        raise PermissionDenied
    return hold(request, client, client.name, f"/setup/clients/{client.pk}/", bool(hold_on(client)))


@require_http_methods(GET_OR_POST)
@of_request
def removal_hold(request: Request, view: Overview) -> HttpResponse:
    removal = view.removal
    if why := may_not_hold(view.scope, view.clients, removal.addresses):
        return not_yours(request, view, _("You cannot put on or lift a legal hold"), why)
    held = any(each.removal_id for each in holds_over(removal))
    return hold(request, removal, removal.reference, f"{view.url}evidence/", held)


def hold(request: Request, on: Client | RemovalRequest, name: str, back: str, held: bool) -> HttpResponse:
    """Puts it on where there is none, and lifts it where there is one."""
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    lifts = request.POST["lifts"] == "1" if "lifts" in request.POST else held
    if not proof.pressed:
        return hold_page(request, name, back, proof, lifts)
    try:
        (verbs.lift if lifts else verbs.put_on)(
            request.user, on, request.POST.get("reason", ""), proof.method
        )
    except Refused as refusal:
        return hold_page(request, name, back, proof, lifts, refusal)
    proving.done(request)
    told = _("The legal hold on %(name)s is lifted.") if lifts else _("The legal hold on %(name)s is on.")
    messages.success(request, told % {"name": name})
    return redirect(back)


def hold_page(
    request: Request, name: str, back: str, proof: proving.Proved, lifts: bool, refusal: Refused | None = None
) -> HttpResponse:
    wrong = refusal.sentence if refusal else ""
    beside = wrong if refusal and refusal.facts.get("field") == "reason" else ""
    title, label, effects = words(name, lifts)
    hidden = (*proof.hidden, ("lifts", "1" if lifts else "0"))
    confirm = ConfirmCard(
        title=title,
        effects=effects,
        act=ActCard(label, request.path, "bad" if lifts else "main", hidden=hidden, busy=_("One moment…")),
        back_url=back,
        fields=(reason_field(request.POST.get("reason", ""), beside, _("Why")),),
        summary=one_error(wrong, "id_reason" if beside else "") if wrong else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status=status)


def words(name: str, lifts: bool) -> tuple[str, str, tuple[str, ...]]:
    """(title, label of the button, effects)"""
    if lifts:
        effects = (
            _("What is past its last day can be purged again, if two people want it."),
            _("Your name and your reason stand in the record. So does the hold, from when until when."),
        )
        return _("Lift the legal hold on %(name)s") % {"name": name}, _("Lift the hold"), effects
    effects = (
        _("Nothing of it is purged, however long it is kept already, until somebody lifts the hold."),
        _("Work goes on as before. Everybody who sees the record sees the hold and its reason."),
    )
    return _("Put %(name)s on legal hold") % {"name": name}, _("Put on hold"), effects
