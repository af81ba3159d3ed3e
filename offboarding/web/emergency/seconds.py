"""Two people beforehand: who asked sees that it waits, and a second person confirms it from their own sign-in."""

from __future__ import annotations

from dataclasses import replace

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.emergencies.models import Ask
from offboarding.emergencies.queries import may_know, seconds_for, why_not_second
from offboarding.emergencies.rules import Because
from offboarding.journey import emergency as journey
from offboarding.lib.refusals import Refused
from offboarding.removals.rules import REASONS
from offboarding.web.cards import ActCard, ConfirmCard, FactCard, PermissionCard
from offboarding.web.emergency.views import word
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, today
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal import forms as removal_forms
from offboarding.web.removal.clock import Clock

BECAUSE = {
    Because.FACTOR: "The second factor of the person who asks does not work.",
    Because.VOLUME: "So much goes in so short a time that one person is not enough.",
}


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def ask(request: Request, pk: int) -> HttpResponse:
    waiting = ask_or_404(request, pk)
    if waiting.emergency:
        return redirect("emergency_status", waiting.emergency.removal.number)
    if why_not_second(request.user, waiting, today(request)):
        return waits_page(request, waiting)
    if request.method != "POST":
        return confirm_page(request, waiting)
    method = proved_since(request, 0)
    if not method:
        return to_proof(request, reverse("emergency_ask", args=[pk]))
    try:
        made = journey.confirm(waiting, word(request, method, "Confirm the emergency"), now())
    except Refused as refusal:
        return confirm_page(request, waiting, refusal)
    return redirect("emergency_status", made.removal.number)


def ask_or_404(request: Request, pk: int) -> Ask:
    """For whoever asked, and for those who may confirm it. Foreign and unknown are the same answer."""
    found = Ask.objects.filter(pk=pk).select_related("asked_by", "emergency__removal").first()
    if found is None or not may_know(request.scope, found):
        raise Http404
    return found


def facts_of(request: Request, waiting: Ask) -> tuple[FactCard, ...]:
    clock = Clock.of(request)
    places = ngettext("%(n)d workspace", "%(n)d workspaces", len(waiting.workspaces)) % {
        "n": len(waiting.workspaces)
    }
    return (
        FactCard(_("Who"), tuple(waiting.addresses)),
        FactCard(_("Where"), places),
        FactCard(_("Incident"), waiting.incident, note=REASONS[waiting.reason].says),
        FactCard(_("Known since"), clock.time(waiting.known_since)),
        FactCard(_("Asked by"), waiting.asked_by.name, note=clock.says(waiting.asked_at)),
        FactCard(_("Why two people"), BECAUSE[Because(waiting.because)]),
    )


def confirm_page(request: Request, waiting: Ask, refusal: Refused | None = None) -> HttpResponse:
    card = ConfirmCard(
        title=_("Confirm the emergency %(incident)s") % {"incident": waiting.incident},
        effects=(
            _("Access goes at once, without an approval. What is removed is not put back by itself."),
            _("Call %(who)s, and make sure that it is they who ask.") % {"who": waiting.asked_by.name},
            _("Your name, the time, your address and how you confirmed are kept. Somebody else reviews it afterwards."),
        ),
        act=ActCard(_("Confirm, and remove access now"), reverse("emergency_ask", args=[waiting.pk]), "bad",
                    busy=_("Removing…")),
        back_url="/",
        facts=facts_of(request, waiting),
    )  # fmt: skip
    if refusal:
        card = replace(card, summary=removal_forms.one_error(refusal.sentence))
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status=status)


def waits_page(request: Request, waiting: Ask) -> HttpResponse:
    """For who asked: whom to call. Nothing is removed yet."""
    names = ", ".join(user.name for user in seconds_for(waiting, today(request)))
    who = _("Call one of them now: %(names)s. They sign in and open Emergency.") % {"names": names}
    if not names:
        who = _(
            "Nobody else can confirm it: an administrator has to name somebody of security for every client in it."
        )
    permission = PermissionCard(_("It waits for a second person. Nothing is removed yet."), who)
    context = {
        "permission": permission,
        "facts": facts_of(request, waiting),
        "over": waiting.ends_at <= now() or not waiting.open,
        "ends": Clock.of(request).time(waiting.ends_at),
        "here": reverse("emergency_ask", args=[waiting.pk]),
    }
    return page(request, "emergency/waits.html", context, status=403 if request.method == "POST" else 200)
