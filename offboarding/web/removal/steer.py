"""Holding back a request that runs, letting it go on, and cancelling what is left of it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from offboarding.journey import actions as journey
from offboarding.lib.refusals import Refused
from offboarding.removals import steering
from offboarding.removals.rules import Stage, may_not_steer
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page
from offboarding.web.removal import forms
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def pause(request: Request, view: Overview) -> HttpResponse:
    if why := closed_to(view):
        return not_yours(request, view, _("You cannot pause this request"), why)
    if request.method != "POST":
        return confirm_page(request, pause_card(view))
    reason = request.POST.get("reason", "")
    try:
        steering.pause(view.removal, request.user, reason)
    except Refused as refusal:
        return confirm_page(request, pause_card(view, reason, refusal), refusal)
    words = {"reference": view.removal.reference}
    messages.success(
        request, _("%(reference)s is paused. No call begins until somebody lets it go on.") % words
    )
    return redirect(view.url)


def closed_to(view: Overview) -> str:
    """Why this reader cannot steer the request; empty if they can."""
    removal = view.removal
    if why := may_not_steer(view.scope, removal.requester_id, view.clients, removal.addresses):
        return why
    if view.stage is not Stage.RUNNING:
        return _("Only a request that is running can be paused or cut short.")
    return _("What was left is cancelled already.") if removal.rest_cancelled_at else ""


def pause_card(view: Overview, reason: str = "", refusal: Refused | None = None) -> ConfirmCard:
    return ConfirmCard(
        title=_("Pause %(reference)s") % {"reference": view.removal.reference},
        effects=(
            _("From now on no call that changes something begins, follow-ups and end dates included."),
            _("A call that is under way is looked at until its effect is known, and is not made again."),
            _("Access that is still there stays until somebody lets the work go on."),
        ),
        act=ActCard(_("Pause the work"), f"{view.url}pause/", "bad", busy=_("Pausing…")),
        back_url=view.url,
        **asked(reason, refusal, _("Why it is paused")),
    )


@require_POST
@of_request
def resume(request: Request, view: Overview) -> HttpResponse:
    steering.resume(view.removal, request.user)
    messages.success(request, _("The work on %(reference)s goes on.") % {"reference": view.removal.reference})
    return redirect(view.url)


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def cancel_rest(request: Request, view: Overview) -> HttpResponse:
    if why := closed_to(view):
        return not_yours(request, view, _("You cannot cancel what is left"), why)
    if request.method != "POST":
        return confirm_page(request, cancel_card(view))
    reason = request.POST.get("reason", "")
    try:
        journey.cancel_rest(view.removal, request.user, reason)
    except Refused as refusal:
        return confirm_page(request, cancel_card(view, reason, refusal), refusal)
    messages.success(request, _("What was left is cancelled. What was called is looked at to its end."))
    return redirect(view.url)


def cancel_card(view: Overview, reason: str = "", refusal: Refused | None = None) -> ConfirmCard:
    return ConfirmCard(
        title=_("Cancel the rest of %(reference)s") % {"reference": view.removal.reference},
        effects=(
            what_ends(view),
            _("What was called already is not undone. It is read again, and then the packet is sealed."),
            _("Your name and your reason stand in the packet as an exception. This cannot be taken back."),
        ),
        act=ActCard(_("Cancel the rest"), f"{view.url}cancel-rest/", "bad", busy=_("Cancelling…")),
        back_url=view.url,
        **asked(reason, refusal, _("Why the rest is cancelled")),
    )


def what_ends(view: Overview) -> str:
    if view.removal.restores_id:
        return _("Every step that has not run yet is cancelled. What was given back still ends at its time.")
    return _(
        "Every step that has not run yet is cancelled, end dates included. Access that is still there stays."
    )


def asked(reason: str, refusal: Refused | None, label: str) -> dict[str, Any]:
    """The field for the reason, and what was wrong with it."""
    wrong = refusal.sentence if refusal else ""
    at_field = bool(refusal and refusal.facts.get("field") == "reason")
    summary = forms.one_error(wrong, "id_reason" if at_field else "") if wrong else ErrorSummaryCard()
    return {"fields": (forms.reason_field(reason, wrong if at_field else "", label),), "summary": summary}


def confirm_page(request: Request, confirm: ConfirmCard, refusal: Refused | None = None) -> HttpResponse:
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": confirm}, status=status)
