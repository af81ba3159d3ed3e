"""What the requester does with a request that has not begun: change it, withdraw it, answer a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from offboarding.approvals import actions as approvals
from offboarding.checklist.queries import found_places
from offboarding.journey import actions as journey
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.queries import places_of
from offboarding.removals.rules import Stage
from offboarding.web.cards import ActCard, ConfirmCard, ErrorSummaryCard, PermissionCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, today, version_in
from offboarding.web.removal import cards, forms
from offboarding.web.removal.decisions import decisions
from offboarding.web.removal.forms import Typed
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.plan import plan_card
from offboarding.web.removal.views import of_request, shown


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def change(request: Request, view: Overview) -> HttpResponse:
    """Choose again, place by place. Approvals of the plan as it was end with it."""
    if why := closed_to(view) or fixed(view):
        return not_yours(request, view, _("You cannot change this plan"), why)
    places = places_of(view.removal)
    if request.method != "POST":
        return change_page(request, view, {place.workspace_id: forms.standing(place) for place in places})
    given = {place.workspace_id: forms.typed(place, request.POST) for place in places}
    version = request.POST.get("version", "")
    if faults := forms.faults_of(places, given):
        return change_page(request, view, given, faults, version=version, status=422)
    seen = {each.workspace_id: each.seen for each in found_places(view.removal)}
    wishes = [forms.wish(place, given[place.workspace_id], seen.get(place.workspace_id)) for place in places]
    try:
        plan = journey.change(view.removal, request.user, wishes, version_in(request), today(request))
    except Refused as refusal:
        faults = refusal.facts.get("faults", {})
        general = "" if faults else refusal.sentence
        return change_page(
            request, view, given, faults, general, version, 422 if faults else status_of(refusal)
        )
    messages.success(request, _("Version %(n)d of the plan waits for approval.") % {"n": plan.version})
    return redirect(view.url)


def not_yours(request: Request, view: Overview, title: str, why: str) -> HttpResponse:
    """Readable, and nothing to press."""
    context = {"head": cards.head(view, ""), "permission": PermissionCard(title, why), "h1": title}
    return page(request, "removal/not_yours.html", context, status=403 if request.method == "POST" else 200)


def closed_to(view: Overview) -> str:
    """Why this reader cannot change the request; empty if they can."""
    if view.user.pk != view.removal.requester_id:
        return _("Only %(who)s, who filed this request, changes it.") % {"who": view.removal.requester.name}
    return under_way(view)


def under_way(view: Overview) -> str:
    if view.stage not in (Stage.PLANNED, Stage.EXPIRED, Stage.APPROVED):
        return _("The work has begun or the request has ended. File another request for what is missing.")
    return ""


def fixed(view: Overview) -> str:
    """A restoration gives back what was held, or is withdrawn; there is nothing to choose."""
    if not view.removal.restores_id:
        return ""
    return _("A restoration is not changed. Withdraw it and ask for another one.")


def change_page(
    request: Request,
    view: Overview,
    given: Mapping[int, Typed],
    faults: Mapping[int, str] | None = None,
    general: str = "",
    version: str = "",
    status: int = 200,
) -> HttpResponse:
    before = {place["workspace_id"]: place["before"] for place in view.data["places"]}
    tomorrow = today(request) + timedelta(days=1)
    seen = {each.workspace_id: each.seen for each in found_places(view.removal)}
    fields = [
        forms.place_fields(
            place,
            given[place.workspace_id],
            before.get(place.workspace_id, ""),
            (faults or {}).get(place.workspace_id, ""),
            tomorrow,
            seen.get(place.workspace_id),
        )
        for place in places_of(view.removal)
    ]
    context = {
        "head": cards.head(view, ""),
        "fields": fields,
        "version": version or view.removal.version,
        "summary": forms.summary(fields, general),
        "url": view.url,
        "approved": [each.approver.name for each in view.approvals],
    }
    return page(request, "removal/change.html", context, status=status)


@require_POST
@of_request
def ask_again(request: Request, view: Overview) -> HttpResponse:
    """One press after nobody decided in time: the same wish, as a new version of the plan."""
    plan = journey.ask_again(view.removal, request.user)
    messages.success(request, _("Version %(n)d of the plan waits for approval.") % {"n": plan.version})
    return redirect(view.url)


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def withdraw(request: Request, view: Overview) -> HttpResponse:
    if why := removals.refuses_withdrawal(view.removal, view.user) or under_way(view):
        return not_yours(request, view, _("You cannot withdraw this request"), why)
    if request.method != "POST":
        return withdraw_page(request, view)
    reason = request.POST.get("reason", "")
    try:
        removals.withdraw(view.removal, request.user, reason)
    except Refused as refusal:
        return withdraw_page(request, view, reason, refusal)
    messages.success(
        request, _("%(reference)s is withdrawn. Nothing was removed.") % {"reference": view.removal.reference}
    )
    return redirect(view.url)


def withdraw_page(
    request: Request, view: Overview, reason: str = "", refusal: Refused | None = None
) -> HttpResponse:
    wrong = refusal.sentence if refusal else ""
    at_field = bool(refusal and refusal.facts.get("field") == "reason")
    confirm = ConfirmCard(
        title=_("Withdraw %(reference)s") % {"reference": view.removal.reference},
        effects=(
            _("Nothing is removed. Approvals that were given end."),
            _("The request stays readable, with your reason. It cannot be taken up again."),
        ),
        act=ActCard(_("Withdraw the request"), f"{view.url}withdraw/", "bad", busy=_("Withdrawing…")),
        back_url=view.url,
        fields=(forms.reason_field(reason, wrong if at_field else "", _("Why you withdraw it")),),
        summary=forms.one_error(wrong, "id_reason" if at_field else "") if wrong else ErrorSummaryCard(),
    )
    return page(
        request,
        "elements/confirm_page.html",
        {"confirm": confirm},
        status=status_of(refusal) if refusal else 200,
    )


@require_POST
@of_request
def answer(request: Request, view: Overview, question: int) -> HttpResponse:
    text = request.POST.get("answer", "")
    try:
        approvals.answer(view.removal, request.user, question, text)
    except Refused as refusal:
        if refusal.code not in ("no-answer", "too-long"):
            raise
        return answer_again(request, view, question, text, refusal)
    messages.success(request, _("Your answer is sent. The decision is still open."))
    return redirect(view.url)


def answer_again(
    request: Request, view: Overview, question: int, text: str, refusal: Refused
) -> HttpResponse:
    summary = forms.one_error(refusal.sentence, f"answer-{question}")
    context = {
        "head": cards.head(view, "access"),
        **shown(request, view),
        "plan": plan_card(view.data, view.plan.fingerprint),
        "decisions": decisions(view, today(request), text, question, summary),
    }
    return page(request, "removal/access.html", context, status=422)
