"""What lets a letter go, or gives it up: approving its words, sending it, withdrawing it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.letters import actions as verbs
from offboarding.letters import queries
from offboarding.letters.models import Letter
from offboarding.letters.rules import (
    OPEN,
    Kind,
    Standing,
    may_not_approve,
)
from offboarding.lib.refusals import Refused
from offboarding.web import proving
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard, FactCard, FieldCard
from offboarding.web.http import Request, today, version_in
from offboarding.web.letters import cards
from offboarding.web.letters.views import GET_OR_POST, asked, confirm, for_writers, letter_or_404, summary_of
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.forms import one_error, reason_field
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request


@require_http_methods(GET_OR_POST)
@of_request
def approve(request: Request, view: Overview, letter: int) -> HttpResponse:
    found = letter_or_404(view, letter)
    if why := may_not_approve(view.scope, queries.facing(found), view.clients):
        return not_yours(request, view, _("You cannot approve this letter"), why)
    if found.standing != Standing.DRAFT:
        return redirect(cards.url_of(view, found))
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    refusal = None
    if proof.pressed:
        try:
            verbs.approve(
                found, asked(request, version_in(request), proof.method), request.POST.get("digest", "")
            )
        except Refused as told:
            refusal = told
        else:
            proving.done(request)
            messages.success(request, _("These words are approved. Nothing else goes under this approval."))
            return redirect(cards.url_of(view, found))
    hidden = (*proof.hidden, ("version", str(found.version)), ("digest", queries.text_digest(found)))
    card = ConfirmCard(
        title=_("Approve: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(_("You approve exactly the words below. If they or the facts change, your approval ends."),),
        act=ActCard(_("Approve these words"), request.path, "main", hidden=hidden, busy=_("One moment…")),
        back_url=cards.url_of(view, found),
        summary=summary_of(refusal),
    )
    return confirm(request, card, refusal, queries.read(found))


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def send(request: Request, view: Overview, found: Letter) -> HttpResponse:
    if found.standing not in OPEN:
        return redirect(cards.url_of(view, found))
    proof = proving.proved(request)
    if isinstance(proof, HttpResponse):
        return proof
    typed = (
        request.POST.get("addresses", "") if proof.pressed else queries.addressed_to(found, today(request))
    )
    refusal = None
    if proof.pressed:
        by_mail, paper = "mail" in request.POST, "paper" in request.POST
        try:
            verbs.release(
                found,
                asked(request, version_in(request), proof.method),
                typed if by_mail or not paper else "",
                paper,
            )
        except Refused as told:
            refusal = told
        else:
            proving.done(request)
            messages.success(request, _("It is on its way. What became of it stands here."))
            return redirect(cards.url_of(view, found))
    return confirm(
        request, send_card(request, view, found, proof, typed, refusal), refusal, queries.read(found)
    )


def send_card(
    request: Request,
    view: Overview,
    found: Letter,
    proof: proving.Proved,
    typed: str,
    refusal: Refused | None,
) -> ConfirmCard:
    wrong = refusal.sentence if refusal and refusal.facts.get("field") == "addresses" else ""
    first = request.method != "POST"
    fields = (
        FieldCard("mail", _("Send it by mail"), "checkbox", checked=first or "mail" in request.POST, required=False),
        FieldCard(
            "addresses", _("To"), value=typed, error=wrong, required=False, hint=_("Addresses, with commas between."),
            attrs=(("autocomplete", "off"),),
        ),
        FieldCard(
            "paper", _("Make the document (PDF), to be handed over"), "checkbox", checked="paper" in request.POST,
            required=False, hint=_("It lies on the letter's page. How it was handed over is noted there."),
        ),
    )  # fmt: skip
    return ConfirmCard(
        title=_("Send: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(
            _("The facts are read once more before it goes. If one changed, nothing is sent."),
            _("Its exact bytes are kept as evidence and go into the packet."),
        ),
        act=ActCard(
            _("Send it"),
            request.path,
            "main",
            hidden=(*proof.hidden, ("version", str(found.version))),
            busy=_("Sending…"),
        ),
        back_url=cards.url_of(view, found),
        facts=(FactCard(_("Client"), found.client.name),),
        fields=fields,
        summary=summary_of(refusal),
    )


@require_http_methods(GET_OR_POST)
@of_request
@for_writers
def withdraw(request: Request, view: Overview, found: Letter) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            verbs.withdraw(found, asked(request, version_in(request)), request.POST.get("reason", ""))
        except Refused as told:
            if told.facts.get("field") != "why":
                raise
            refusal = told
        else:
            messages.success(request, _("It is given up. The checklist does not wait for it any more."))
            return redirect(f"{view.url}messages/")
    elif found.standing not in OPEN:
        return redirect(cards.url_of(view, found))
    wrong = refusal.sentence if refusal else ""
    card = ConfirmCard(
        title=_("Give up: %(what)s") % {"what": cards.NAMES[Kind(found.kind)]},
        effects=(_("Nobody sends it. Your reason stands in the record and in the packet."),),
        act=ActCard(_("Give it up"), request.path, "bad", hidden=(("version", str(found.version)),)),
        back_url=cards.url_of(view, found),
        fields=(reason_field(request.POST.get("reason", ""), wrong, _("Why")),),
        summary=one_error(wrong, "id_reason") if wrong else ErrorSummaryCard(),
    )
    return confirm(request, card, refusal)
