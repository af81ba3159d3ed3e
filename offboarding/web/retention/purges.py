"""What of a client is past its last day, and letting it go: one administrator asks, another confirms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.directory.models import Client
from offboarding.lib.refusals import Refused
from offboarding.retention import purging
from offboarding.retention.models import Purge
from offboarding.retention.queries import due, hold_on, open_purge
from offboarding.retention.rules import may_not_purge
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard, FactCard
from offboarding.web.clients.views import client_or_404
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, signed_in
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.retention import cards
from offboarding.work import clock
from offboarding.work.rules import State

GET_OR_POST = ["GET", "HEAD", "POST"]
SHOWN = 20


def purged_or_403(request: Request, pk: int) -> Client:
    client = client_or_404(request, pk)
    if may_not_purge(request.scope):
        raise PermissionDenied
    return client


@require_safe
@signed_in
def purges(request: Request, pk: int) -> HttpResponse:
    client = purged_or_403(request, pk)
    going, reader = open_purge(client), Clock.of(request)
    held = hold_on(client)
    context = {
        "client": client,
        "due": "" if going else counted(*due(client, clock.now().date()).count()),
        "going": cards.purge_card(going, reader, request.user.pk) if going else None,
        "holds": cards.notices([held] if held else [], reader),
        "ended": [cards.purge_card(each, reader) for each in ended(client)],
    }
    return page(request, "retention/purges.html", context)


def ended(client: Client) -> list[Purge]:
    found = Purge.objects.filter(client=client).exclude(ended_at=None)
    return list(found.select_related("asked_by", "confirmed_by", "declined_by")[:SHOWN])


def counted(files: int, size: int) -> str:
    """ "340 files and packets, 1.2 GB"; empty for none."""
    words = ngettext("%(n)d file or packet, %(size)s", "%(n)d files and packets, %(size)s", files)
    return words % {"n": files, "size": filesizeformat(size)} if files else ""


# ---------------------------------------------------------------- asking, confirming, declining


@require_http_methods(GET_OR_POST)
@signed_in
def ask(request: Request, pk: int) -> HttpResponse:
    client = purged_or_403(request, pk)
    found = counted(*due(client, clock.now().date()).count())
    if not found:
        return redirect("client_purges", pk)
    effects = (
        _("Another administrator of all clients has to confirm exactly this."),
        _("Then the bytes are deleted for good. Digest, size, what it was, who and why stay on record."),
        _("Whatever is put on legal hold before stays."),
    )
    facts = (FactCard(_("Past its last day and free to go"), found),)
    said = Act(
        _("Ask to purge records of %(name)s") % {"name": client.name}, _("Ask for the purge"), "main", effects
    )
    told = _("It is asked for. Nothing goes before another administrator has confirmed it.")
    return pressed(
        request, client, said, facts, told, lambda why, method: purging.ask(request.user, client, why, method)
    )


@require_http_methods(GET_OR_POST)
@signed_in
def confirm(request: Request, pk: int) -> HttpResponse:
    client = purged_or_403(request, pk)
    purge = waiting_or_404(client)
    effects = (
        _("The bytes are deleted for good, from now on. Nobody brings them back."),
        _("Digest, size, what it was, who and why stay on record, and the ledger stays whole."),
    )
    said = Act(
        _("Confirm the purge for %(name)s") % {"name": client.name},
        _("Delete for good"),
        "bad",
        effects,
        reason=False,
    )
    told = _("It is confirmed. The engine does it now; this page says how far it is.")
    facts = cards.purge_facts(purge, Clock.of(request))
    return pressed(
        request, client, said, facts, told, lambda _why, method: purging.confirm(request.user, purge, method)
    )


@require_http_methods(GET_OR_POST)
@signed_in
def decline(request: Request, pk: int) -> HttpResponse:
    client = purged_or_403(request, pk)
    purge = waiting_or_404(client)
    effects = (_("Nothing is deleted. It can be asked for again."),)
    said = Act(_("Decline the purge for %(name)s") % {"name": client.name}, _("Decline"), "main", effects)
    facts = cards.purge_facts(purge, Clock.of(request))
    told = _("It is declined. Nothing was deleted.")
    return pressed(
        request, client, said, facts, told, lambda why, _m: purging.decline(request.user, purge, why)
    )


def waiting_or_404(client: Client) -> Purge:
    found = open_purge(client)
    if found is None or found.confirmed_by_id or found.state != State.WAITING:
        raise Http404
    return found


class Act:
    """What the last page before the press says."""

    def __init__(
        self,
        title: str,
        label: str,
        look: Literal["main", "bad"],
        effects: tuple[str, ...],
        reason: bool = True,
    ) -> None:
        self.title, self.label, self.look, self.effects, self.reason = title, label, look, effects, reason


def pressed(
    request: Request,
    client: Client,
    said: Act,
    facts: tuple[FactCard, ...],
    told: str,
    act: Callable[[str, str], Any],
) -> HttpResponse:
    """A fresh proof, the page, the press."""
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    if not proof.pressed:
        return act_page(request, client, said, facts, proof)
    try:
        act(request.POST.get("reason", ""), proof.method)
    except Refused as refusal:
        return act_page(request, client, said, facts, proof, refusal)
    proving.done(request)
    messages.success(request, told)
    return redirect("client_purges", client.pk)


def act_page(
    request: Request,
    client: Client,
    said: Act,
    facts: tuple[FactCard, ...],
    proof: proving.Proved,
    refusal: Refused | None = None,
) -> HttpResponse:
    wrong = refusal.sentence if refusal else ""
    beside = wrong if refusal and refusal.facts.get("field") == "reason" else ""
    field = reason_field(request.POST.get("reason", ""), beside, _("Why"))
    confirm = ConfirmCard(
        title=said.title,
        effects=said.effects,
        act=ActCard(said.label, request.path, said.look, hidden=proof.hidden, busy=_("One moment…")),
        back_url=f"/setup/clients/{client.pk}/purge/",
        facts=facts,
        fields=(field,) if said.reason else (),
        summary=one_error(wrong, "id_reason" if beside else "") if wrong else ErrorSummaryCard(),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status=status)
