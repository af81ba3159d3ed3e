"""What comes after the first press: the second one, for keys and logins, and the review by somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.emergencies import actions as emergencies
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import reviewers_of, why_not_review
from offboarding.emergencies.rules import Verdict
from offboarding.execution.models import Run
from offboarding.journey import emergency as journey
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.web.cards import (
    ActCard,
    ConfirmCard,
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
    FieldCard,
    OptionCard,
    PermissionCard,
)
from offboarding.web.emergency import lanes
from offboarding.web.emergency.incident import Incident, of_incident
from offboarding.web.emergency.views import word
from offboarding.web.errors import status_of
from offboarding.web.http import Request, page, today
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.overview import Overview

SHOWN = 20
NOTE = "review-note"


@require_http_methods(["GET", "HEAD", "POST"])
@of_incident
def keys(request: Request, seen: Incident) -> HttpResponse:
    """One press for all that waits, in every request of the emergency that is this person's."""
    if not lanes.may_let_go(seen):
        return not_yours(
            request,
            seen,
            _("Only security lets keys and logins be changed"),
            _("And only while it is running."),
        )
    if request.method != "POST":
        return keys_page(request, seen)
    method = proved_since(request, 0)
    if not method:
        return to_proof(request, f"{seen.url}keys/")
    waiting = mine(seen)
    try:
        journey.let_go_at_all(chosen(request, seen), word(request, method, keys_label(waiting)))
    except Refused as refusal:
        return keys_page(request, seen, refusal)
    messages.success(request, _("The changes of keys and logins begin now."))
    return redirect(seen.url)


def mine(seen: Incident) -> list[Run]:
    """What waits, of what this person may let go."""
    plans = {view.plan.pk for view in lanes.may_let_go(seen)}
    return [run for run in lanes.queued(seen) if run.item.plan_id in plans]


def sent(seen: Incident, run: Run) -> str:
    """How the page names a step to us: "1042-7"."""
    return f"{seen.of(run).removal.number}-{run.item.number}"


def chosen(request: Request, seen: Incident) -> dict[RemovalRequest, list[int]]:
    """By request, the steps that the page showed. One that has nothing left is asked all the same, and says so."""
    named, found = set(request.POST.getlist("item")), dict[RemovalRequest, list[int]]()
    for run in mine(seen):
        if sent(seen, run) in named:
            found.setdefault(seen.of(run).removal, []).append(run.item.number)
    return found or {seen.shown.removal: []}


def keys_label(waiting: Sequence[Run]) -> str:
    n = len(waiting)
    return ngettext("Change %(n)d key or login", "Change %(n)d keys and logins", n) % {"n": n}


def keys_page(request: Request, seen: Incident, refusal: Refused | None = None) -> HttpResponse:
    waiting = mine(seen)
    titles = [run.item.title for run in waiting]
    more = ngettext("and %(n)d more", "and %(n)d more", len(titles) - SHOWN) % {"n": len(titles) - SHOWN}
    shown = (*titles[:SHOWN], *([more] if len(titles) > SHOWN else []))
    summary = ErrorSummaryCard((ErrorLine(refusal.sentence),) if refusal else ())
    if not waiting and not refusal:
        return not_yours(
            request, seen, _("Nothing is queued now"), _("Changes of keys stand here once they are known.")
        )
    card = ConfirmCard(
        title=_("Change the keys and logins that were in reach"),
        effects=(
            _("Each source gets a new write key. The old one goes only when its senders have moved over."),
            _("A person enters each new warehouse login; syncs stop until it works."),
            _("Steps that become known later wait for another press."),
        ),
        act=ActCard(keys_label(waiting), f"{seen.url}keys/", "bad", busy=_("Releasing…"),
                    hidden=tuple(("item", sent(seen, run)) for run in waiting)),
        back_url=seen.url,
        facts=(FactCard(_("Queued"), shown),),
        summary=summary,
    )  # fmt: skip
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@of_incident
def review(request: Request, seen: Incident) -> HttpResponse:
    view, emergency = seen.shown, seen.emergency
    if getattr(emergency, "review", None):
        return redirect(seen.url)
    if why := why_not_review(request.user, emergency, today(request)):
        names = ", ".join(user.name for user in reviewers_of(emergency, today(request)))
        who = _("Who can: %(names)s.") % {"names": names}
        if not names:
            who = _(
                "Nobody else can yet: an administrator has to name an approver or security for every client in it."
            )
        return not_yours(request, seen, why, who)
    if request.method != "POST":
        return review_page(request, view, emergency, {})
    return record(request, view, emergency)


def record(request: Request, view: Overview, emergency: Emergency) -> HttpResponse:
    given = {"verdict": request.POST.get("verdict", ""), "note": request.POST.get("note", "").strip()[:4000]}
    request.session[NOTE] = {**given, "number": view.removal.number}
    if given["verdict"] not in list(Verdict):
        refusal = Refused("no-verdict", _("Choose one of the two."), field="verdict")
        return review_page(request, view, emergency, given, refusal)
    method = proved_since(request, 0)
    if not method:
        return to_proof(request, reverse("emergency_review", args=[view.removal.number]))
    verdict = Verdict(given["verdict"])
    try:
        emergencies.review(view.removal, word(request, method, str(SAYS[verdict])), verdict, given["note"])
    except Refused as refusal:
        return review_page(request, view, emergency, given, refusal)
    request.session.pop(NOTE, None)
    messages.success(request, _("Your review is recorded."))
    return redirect("emergency_status", view.removal.number)


SAYS = {Verdict.CONFIRM: "Confirm the emergency", Verdict.OBJECT: "Object to the emergency"}


def review_page(
    request: Request,
    view: Overview,
    emergency: Emergency,
    given: dict[str, str],
    refusal: Refused | None = None,
) -> HttpResponse:
    held = request.session.get(NOTE) or {}
    if not given and held.get("number") == view.removal.number:
        given = held
    wrong = str(refusal.facts.get("field", "")) if refusal else ""
    says = refusal.sentence if refusal else ""
    hints = {
        Verdict.CONFIRM: _("The incident was real, and what was done was right."),
        Verdict.OBJECT: _(
            "Security, administrators and the lead are told. What was removed can be restored for a time."
        ),
    }
    options = tuple(
        OptionCard(each.value, _(SAYS[each]), given.get("verdict") == each, hints[each]) for each in Verdict
    )
    anchor = {"verdict": "id_verdict_0", "note": "id_note"}.get(wrong, "")
    context: dict[str, Any] = {
        "removal": view.removal,
        "facts": review_facts(view, emergency),
        "fields": (
            FieldCard("verdict", _("Your decision"), "radios", options=options, error=says if wrong == "verdict" else ""),
            FieldCard("note", _("What you looked at, and what you found"), "textarea", given.get("note", ""), rows=4,
                      error=says if wrong == "note" else "", attrs=(("maxlength", "2000"),)),
        ),
        "summary": ErrorSummaryCard((ErrorLine(says, anchor),) if says else ()),
        "back": reverse("emergency_status", args=[view.removal.number]),
        "url": view.url,
        "proved": proved_since(request, 0),
    }  # fmt: skip
    return page(request, "emergency/review.html", context, status=status_of(refusal) if refusal else 200)


def review_facts(view: Overview, emergency: Emergency) -> tuple[FactCard, ...]:
    proof = emergency.method or _("none: the second factor failed")
    second = (
        (FactCard(_("Confirmed by"), emergency.second.name, note=emergency.second_method),)
        if emergency.second
        else ()
    )
    return (
        FactCard(_("Who"), tuple(view.removal.addresses)),
        FactCard(_("Incident"), emergency.incident, note=view.removal.reason_says),
        FactCard(_("Known since"), view.clock.time(emergency.known_since)),
        FactCard(
            _("Released by"), emergency.released_by.name, note=_("proved by %(method)s") % {"method": proof}
        ),
        *second,
        FactCard(_("Released"), view.clock.time(emergency.at, seconds=True)),
        FactCard(_("Review due"), view.clock.due(emergency.review_due_at, emergency.at)),
    )


def not_yours(request: Request, seen: Incident, what: str, who: str) -> HttpResponse:
    card = PermissionCard(what, who, ActCard(_("Go back"), seen.url))
    return page(request, "emergency/not_yours.html", {"permission": card}, 403)
