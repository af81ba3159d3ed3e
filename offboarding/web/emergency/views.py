"""One page, no wizard: who, what goes at once, confirm. Nothing is removed before the address is typed and proved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allauth.account.adapter import get_adapter
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.discovery import actions as discovery
from offboarding.emergencies.actions import Word
from offboarding.emergencies.models import Emergency
from offboarding.emergencies.queries import asks_for, open_emergencies
from offboarding.emergencies.rules import RELEASES, Because
from offboarding.journey import emergency as journey
from offboarding.lib.refusals import Refused
from offboarding.removals.urgent import Urgent
from offboarding.web.cards import ActCard, NoticeCard, PermissionCard
from offboarding.web.emergency import forms
from offboarding.web.emergency.forms import Typed
from offboarding.web.emergency.goes import goes, person_of, places
from offboarding.web.errors import status_of
from offboarding.web.filing.drafts import trigger
from offboarding.web.filing.results import news
from offboarding.web.http import Request, now, page, signed_in
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.clock import Clock
from offboarding.work.queries import standstill

BUTTON = "Remove access now"


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def emergency(request: Request) -> HttpResponse:
    if not request.scope.has(*RELEASES):
        return page(request, "emergency/not_yours.html", {"permission": not_yours()}, 403)
    if request.method != "POST":
        return form_page(request, forms.kept(request) or forms.empty(request))
    typed = Typed.of(request.POST)
    match request.POST.get("act", ""):
        case "look":
            return look(request, typed)
        case "ask":
            return ask(request, typed)
        case "clear":
            forms.forget(request)
            return redirect("emergency")
        case _:
            return release(request, typed)


def not_yours() -> PermissionCard:
    return PermissionCard(
        _("Only security releases an emergency."),
        _(
            "An administrator gives that role. Ask somebody of security now, or file a request with a security reason."
        ),
        ActCard(_("File a request"), "/requests/new/"),
    )


def look(request: Request, typed: Typed) -> HttpResponse:
    """Read every workspace now. It removes nothing, and needs only an address."""
    if wrong := forms.wrong_address(typed):
        return form_page(request, typed, wrong, status=422)
    forms.keep(request, typed)
    try:
        discovery.ask(request.user, person_of(request, typed).addresses, places(request))
    except Refused as refusal:
        return form_page(request, typed, refusal=refusal)
    return redirect("emergency")


def release(request: Request, typed: Typed) -> HttpResponse:
    if wrong := forms.faults(typed):
        return form_page(request, typed, wrong, status=422)
    forms.keep(request, typed)
    method = proved_since(request, 0)
    if not method:
        return to_proof(request, reverse("emergency"))
    said, since, there = asked_for(request, typed)
    try:
        made = journey.release(said, since, there, word(request, method), now())
    except Refused as refusal:
        return form_page(request, typed, refusal=refusal)
    forms.forget(request)
    return redirect("emergency_status", made.removal.number)


def ask(request: Request, typed: Typed) -> HttpResponse:
    """The own factor fails, or so much goes that one person is not enough: a second person confirms."""
    if wrong := forms.faults(typed):
        return form_page(request, typed, wrong, status=422)
    forms.keep(request, typed)
    because = Because.VOLUME if request.POST.get("because") == Because.VOLUME else Because.FACTOR
    method = proved_since(request, 0) if because is Because.VOLUME else ""
    if because is Because.VOLUME and not method:
        return to_proof(request, reverse("emergency"))
    said, since, there = asked_for(request, typed)
    try:
        waiting = journey.ask(said, since, there, word(request, method), because, now())
    except Refused as refusal:
        return form_page(request, typed, refusal=refusal)
    forms.forget(request)
    return redirect("emergency_ask", waiting.pk)


def asked_for(request: Request, typed: Typed) -> tuple[Urgent, Any, Any]:
    person = person_of(request, typed)
    said = Urgent(person.addresses, person.name, typed.reason, typed.incident, typed.time_zone)
    return said, forms.known_since(typed), places(request)


def word(request: Request, method: str, text: str = BUTTON) -> Word:
    return Word(request.user, text, method, get_adapter(request).get_client_ip(request))


def form_page(
    request: Request,
    typed: Typed,
    wrong: Mapping[str, str] | None = None,
    refusal: Refused | None = None,
    status: int = 200,
) -> HttpResponse:
    wrong = dict(wrong or {})
    general = ""
    if refusal:
        field = str(refusal.facts.get("field", ""))
        general = "" if field in forms.NAMES else refusal.sentence
        wrong |= {field: refusal.sentence} if not general else {}
        status = status_of(refusal)
    workspaces = places(request)
    known = None
    if typed.email and not forms.wrong_address(typed):
        known = goes(request, person_of(request, typed), workspaces)
    context: dict[str, Any] = {
        "fields": forms.fields(typed, wrong),
        "summary": forms.summary(wrong, general),
        "goes": known,
        "workspaces": len(workspaces),
        "proved": proved_since(request, 0),
        "volume": bool(refusal and refusal.code == "volume"),
        "elsewhere": f"/emergency/{refusal.facts['reference']}/"
        if refusal and "reference" in refusal.facts
        else "",
        "still": still(),
        "under_way": under_way(request),
    }
    return page(request, "emergency/page.html", context, status=status)


def still() -> NoticeCard | None:
    """While the engine stands still nothing is removed, whatever is pressed: whoever presses has to know."""
    row = standstill()
    if row is None or not row.stands:
        return None
    says = _(
        "Nothing is removed until an administrator lets it go on. Call one now; what is released then begins at once."
    )
    return NoticeCard("bad", _("The engine stands still: it looks, and changes nothing"), says)


def under_way(request: Request) -> list[NoticeCard]:
    """Emergencies that are open, and those that wait for a second person."""
    clock = Clock.of(request)
    asks = [
        NoticeCard(
            "attention",
            _("%(who)s asks for a second person: %(incident)s")
            % {"who": each.asked_by.name, "incident": each.incident},
            _("Asked %(when)s. Nothing is removed before somebody confirms.")
            % {"when": clock.says(each.asked_at)},
            ActCard(_("Open"), reverse("emergency_ask", args=[each.pk])),
        )
        for each in asks_for(request.scope)
    ]
    presses: dict[int, list[Emergency]] = {}
    for each in open_emergencies(request.scope):
        presses.setdefault(each.press, []).append(each)
    return asks + [open_card(together, clock) for together in presses.values()]


def open_card(together: Sequence[Emergency], clock: Clock) -> NoticeCard:
    """One press, with its request at each client."""
    first = together[0]
    references = ", ".join(each.removal.reference for each in together)
    words = {
        "references": references,
        "incident": first.incident,
        "who": first.released_by.name,
        "when": clock.says(first.at),
    }
    return NoticeCard(
        "bad",
        ngettext("%(references)s is under way: %(incident)s", "%(references)s are under way: %(incident)s",
                 len(together)) % words,
        _("Released by %(who)s, %(when)s.") % words,
        ActCard(_("Open %(references)s") % words, reverse("emergency_status", args=[first.removal.number])),
    )  # fmt: skip


@require_safe
@signed_in
def seen(request: Request) -> HttpResponse:
    """Only the rows that changed; 204 when nothing did, or nothing is looked for."""
    if not request.scope.has(*RELEASES):
        return page(request, "emergency/not_yours.html", {"permission": not_yours()}, 403)
    typed = forms.kept(request)
    if typed is None or forms.wrong_address(typed):
        return HttpResponse(status=204)
    card = goes(request, person_of(request, typed), places(request))
    fresh = news(card.results, request.GET.get("since", ""))
    if not fresh.any and not card.results.end.over:
        return HttpResponse(status=204)
    answer = page(request, "emergency/_seen_news.html", {"goes": card, "news": fresh})
    return trigger(answer, announce=card.results.says)
