"""Deciding on exactly one plan: read, choose, prove who you are, confirm."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.approvals import actions as approvals
from offboarding.approvals.rules import Decision
from offboarding.lib.refusals import Refused
from offboarding.removals.queries import open_beside
from offboarding.web import proving
from offboarding.web.attached import signed
from offboarding.web.decide import cards, forms
from offboarding.web.decide.forms import Typed
from offboarding.web.decide.pending import Pending, forget, keep, pending_for, proof_after
from offboarding.web.errors import status_of
from offboarding.web.filing.cards import already_notices
from offboarding.web.http import Request, page, today, with_factor
from offboarding.web.proof import to_proof
from offboarding.web.removal import cards as removal_cards
from offboarding.web.removal import forms as removal_forms
from offboarding.web.removal.decisions import decisions
from offboarding.web.removal.decisions import needed as still_needed
from offboarding.web.removal.overview import Overview, overview, version_of
from offboarding.web.removal.plan import plan_card
from offboarding.web.removal.polling import news, poll, wants_news
from offboarding.web.removal.told import told
from offboarding.web.removal.views import of_request

SHA256 = re.compile(r"[0-9a-f]{64}")


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def approve(request: Request, view: Overview) -> HttpResponse:
    """The plan to read, and the choice. Choosing records nothing yet."""
    if wants_news(request):
        return news_of(request, view)
    if request.method != "POST":
        return plan_page(request, view, Typed())
    typed = Typed.of(request.POST)
    if typed.fingerprint != view.plan.fingerprint:
        not_accepted(request, view, "plan-changed", typed)
        return changed(request, view, typed.fingerprint, typed)
    if cards.verdict(view, today(request)):
        not_accepted(request, view, "may-not-decide" if view.decidable else "decided-meanwhile", typed)
        return plan_page(request, view, typed, status=403)
    not_yet = cards.not_yet(view, today(request))
    if wrong := forms.faults(typed, not_yet):
        if not_yet and typed.decision == Decision.APPROVE:
            not_accepted(request, view, "not-your-turn", typed)
        return plan_page(request, view, typed, wrong, status=422)
    keep(request, view.removal.number, Decision(typed.decision), typed.fingerprint, typed.note)
    return prove(request, view)


def not_accepted(request: Request, view: Overview, why: str, typed: Typed) -> None:
    """A choice that cannot become a decision stands in the ledger, with what of it can be one."""
    decision = typed.decision if typed.decision in list(Decision) else ""
    fingerprint = typed.fingerprint if SHA256.fullmatch(typed.fingerprint) else ""
    approvals.not_accepted(view.removal, request.user, why, decision, fingerprint)


def news_of(request: Request, view: Overview) -> HttpResponse:
    """Who decided meanwhile, at once. The form stays as it was typed, unless there is nothing left to decide."""

    def parts() -> dict[str, Any]:
        day = today(request)
        return {"decisions": decisions(view, day), "permission": cards.verdict(view, day), "url": view.url}

    return news(request, view, version_of(view), "decide/_news.html", "approve/?", "", parts, decided)


def decided(view: Overview) -> str:
    return still_needed(view) or str(cards.DONE[view.stage])


def prove(request: Request, view: Overview) -> HttpResponseRedirect:
    return to_proof(request, f"{view.url}approve/confirm/")


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
@with_factor
def confirm(request: Request, view: Overview) -> HttpResponse:
    """What, where, effect; then the one press that is recorded. Needs a proof of identity made after the choice."""
    pending = pending_for(request, view.removal.number)
    if pending is None:
        turned_away(request, view, "no-choice", _("Nothing was chosen here, or it was recorded already."))
        return redirect(f"{view.url}approve/")
    method = proof_after(request, pending)
    if not method:
        says = _("The proof of who you are is missing or too old, so nothing was recorded. Show it again.")
        turned_away(request, view, "stale-proof", says, pending)
        return prove(request, view)
    if pending.fingerprint != view.plan.fingerprint and request.method != "POST":
        return forgotten(request, view, pending)
    if request.method != "POST":
        return confirm_page(request, view, pending, method)
    if not proving.pressed(request, pending.wish):
        says = _("That page was an older one, so nothing was recorded. Decide again here.")
        turned_away(request, view, "older-page", says, pending)
        return redirect(f"{view.url}approve/")
    return decide(request, view, pending, method)


def turned_away(
    request: Request, view: Overview, why: str, says: str, pending: Pending | None = None
) -> None:
    """A press that records nothing is told of, and stands in the ledger. Only asking for the page does neither."""
    if request.method != "POST":
        return
    messages.warning(request, says)
    decision, fingerprint = (pending.decision, pending.fingerprint) if pending else ("", "")
    approvals.not_accepted(view.removal, request.user, why, decision, fingerprint)


def decide(request: Request, view: Overview, pending: Pending, method: str) -> HttpResponse:
    try:
        approvals.decide(
            view.removal, request.user, statement(request, view, pending, method), today(request)
        )
    except Refused as refusal:
        forget(request)
        if refusal.code == "plan-changed":
            return changed(request, fresh(request, view), pending.fingerprint, typed_of(pending))
        return confirm_page(request, view, pending, method, refusal)
    forget(request)
    return redirect(f"{view.url}approve/")


def statement(request: Request, view: Overview, pending: Pending, method: str) -> approvals.Statement:
    decision = Decision(pending.decision)
    return approvals.Statement(
        decision=decision,
        fingerprint=pending.fingerprint,
        note=pending.note,
        text=cards.act_label(view, decision),
        method=method,
        address=get_adapter(request).get_client_ip(request),
    )


def forgotten(request: Request, view: Overview, pending: Pending) -> HttpResponse:
    """Found changed before anything was pressed, so there is nothing to record."""
    forget(request)
    return changed(request, view, pending.fingerprint, typed_of(pending))


def typed_of(pending: Pending) -> Typed:
    return Typed("", pending.note, pending.fingerprint)


def fresh(request: Request, view: Overview) -> Overview:
    """The plan as it is now, which is not the one that this request began with."""
    view.removal.refresh_from_db()
    return overview(request, view.removal) or view


def changed(request: Request, view: Overview, fingerprint: str, typed: Typed) -> HttpResponse:
    """409: old plan and new plan side by side. Nothing was recorded, and the choice has to be made again."""
    extra: dict[str, Any] = {
        "changed": cards.changed_notice(view, fingerprint),
        "diff": cards.changed_since(view, fingerprint),
    }
    return plan_page(request, view, Typed("", typed.note), status=409, **extra)


def confirm_page(
    request: Request, view: Overview, pending: Pending, method: str, refusal: Refused | None = None
) -> HttpResponse:
    card = cards.confirm(view, pending, method, today(request))
    if refusal:
        card = replace(card, summary=removal_forms.one_error(refusal.sentence))
    return page(
        request,
        "elements/confirm_page.html",
        {"confirm": card},
        status=status_of(refusal) if refusal else 200,
    )


def plan_page(
    request: Request,
    view: Overview,
    typed: Typed,
    wrong: dict[str, str] | None = None,
    status: int = 200,
    **extra: Any,
) -> HttpResponse:
    day = today(request)
    permission = cards.verdict(view, day)
    not_yet = "" if permission else cards.not_yet(view, day)
    decision, note = forms.fields(typed, wrong or {}, not_yet, cards.only_yes(view))
    context: dict[str, Any] = {
        "head": removal_cards.head(view, ""),
        "plan": plan_card(view.data, view.plan.fingerprint),
        "fingerprint": view.plan.fingerprint,
        "decisions": decisions(view, day),
        "permission": permission,
        "said": cards.own_say(view),
        "previous": None if "diff" in extra else cards.previous_difference(view),
        "summary": forms.summary(wrong or {}),
        "decision_field": decision,
        "note_field": note,
        "poll": poll(view, version_of(view), "approve/?"),
        "removal": view.removal,
        "told": told(view.removal),
        "files": signed(view.data, view.clock),
        "beside": already_notices(open_beside(request.scope, view.removal)) if view.removal.is_open else (),
        "filed": view.clock.time(view.removal.filed_at) if view.removal.filed_at else None,
        "starts": view.clock.time(view.removal.starts_at) if view.removal.starts_at else None,
        "url": view.url,
        **extra,
    }
    return page(request, "decide/approve.html", context, status=status)
