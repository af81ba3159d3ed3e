"""Page 2: what should happen in each place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.checklist.rules import refuses_reduction
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import places_of
from offboarding.removals.rules import Choice
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, PollCard, TabCard, TabsCard
from offboarding.web.errors import status_of
from offboarding.web.filing.cards import stages
from offboarding.web.filing.drafts import draft_or_away, trigger
from offboarding.web.filing.forms import LEAVE, PlaceForm
from offboarding.web.filing.results import LIVE, MARK, QUIET, checked
from offboarding.web.filing.search import Row, places_for, rows_of
from offboarding.web.filing.takings import marked
from offboarding.web.filing.wishes import EVERYTHING, ONLY, REPLACE, WishCard, place_forms, wish_cards
from offboarding.web.http import Request, now, page, removal_or_404, signed_in, today, zone_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def found(request: Request, number: int) -> HttpResponse:
    removal, away = draft_or_away(request, number)
    if away:
        return away
    if request.method == "POST":
        return choose(request, removal)
    preset = request.GET.get("preset", "")
    return show(request, removal, None, preset if preset in (EVERYTHING, ONLY, REPLACE) else "")


def choose(request: Request, removal: RemovalRequest) -> HttpResponse:
    rows = rows_of(removal, places_for(request.scope))
    forms = place_forms(rows, request.POST, {}, "")
    errors = missing(rows, forms)
    if not errors:
        try:
            removals.choose(removal, request.user, wishes(rows, forms), today(request))
        except Refused as refusal:
            return refused(request, removal, refusal)
        return redirect("draft_details", removal.number)
    return show(request, removal, request.POST, "", errors, 422)


def missing(rows: list[Row], forms: Mapping[int, PlaceForm]) -> dict[int, str]:
    """What cannot even be read: by workspace, in a sentence."""
    errors = {}
    for row in rows:
        form, pk = forms[row.workspace.pk], row.workspace.pk
        if not form.is_valid():
            errors[pk] = " ".join(str(text) for texts in form.errors.values() for text in texts)
        elif row.found and form.cleaned_data["choice"] not in list(Choice):
            errors[pk] = _("Choose what should happen here.")
        elif form.cleaned_data["choice"] == Choice.REDUCE and row.seen:
            taken = marked(row.seen, form.cleaned_data["taken"] or ())
            if why := refuses_reduction(row.seen, taken) if taken else "":
                errors[pk] = why
    return errors


def wishes(rows: list[Row], forms: Mapping[int, PlaceForm]) -> list[removals.Wish]:
    made = []
    for row in rows:
        given = forms[row.workspace.pk].cleaned_data
        if given["choice"] in ("", LEAVE):
            continue
        choice = Choice(given["choice"])
        until = given["until"] if choice is Choice.DOWNGRADE else None
        reason = given["reason"] if choice is Choice.KEEP else ""
        taken = marked(row.seen, given["taken"] or ()) if choice is Choice.REDUCE else ()
        made.append(removals.Wish(row.workspace, choice, until, reason, taken))
    return made


def refused(request: Request, removal: RemovalRequest, refusal: Refused) -> HttpResponse:
    faults: dict[int, str] = refusal.facts.get("faults", {})
    general = "" if faults else refusal.sentence
    status = 422 if refusal.code == "nothing-to-do" else status_of(refusal)
    return show(request, removal, request.POST, "", faults, status, general)


def show(
    request: Request,
    removal: RemovalRequest,
    typed: QueryDict | None,
    preset: str,
    errors: Mapping[int, str] | None = None,
    status: int = 200,
    general: str = "",
) -> HttpResponse:
    cards = cards_of(request, removal, typed, preset, errors or {})
    summary = summed(cards, general)
    context = {
        "draft": removal,
        "stages": stages(removal, 2),
        "presets": presets(removal, preset),
        "preset": preset or (typed.get("preset", "") if typed else ""),
        "summary": summary,
        "unnamed": preset == REPLACE and not removal.stays,
        **parts(cards, removal),
    }
    return page(request, "filing/found.html", context, status)


def cards_of(
    request: Request, removal: RemovalRequest, typed: QueryDict | None, preset: str, errors: Mapping[int, str]
) -> tuple[WishCard, ...]:
    rows = rows_of(removal, places_for(request.scope))
    places = {place.workspace_id: place for place in places_of(removal)}
    forms = place_forms(rows, typed, places, preset)
    return wish_cards(rows, forms, errors, zone_of(request), now(), removal.person_name or removal.email)


def parts(cards: tuple[WishCard, ...], removal: RemovalRequest) -> dict[str, Any]:
    """The sections of the page, and the poll that fills what is still being read."""
    chosen = {card.id for card in cards if card.section == "absent" and picked(card) != LEAVE}
    return {
        "found": [card for card in cards if card.section == "found"],
        "unknown": [card for card in cards if card.section == "unknown"],
        "added": [card for card in cards if card.id in chosen],
        "absent": [card for card in cards if card.section == "absent" and card.id not in chosen],
        "poll": poll(cards, removal),
        "checked": checked(sum(not card.busy and card.tag.state != "checking" for card in cards), len(cards)),
    }


def picked(card: WishCard) -> str:
    return next((option.value for option in card.options if option.selected), LEAVE)


def poll(cards: tuple[WishCard, ...], removal: RemovalRequest) -> PollCard:
    going_on = any(card.busy or card.tag.state in ("checking", "waiting") for card in cards)
    since = "".join(card.mark for card in cards)
    url = reverse("draft_found_results", args=[removal.number])
    here = reverse("draft_found", args=[removal.number])
    return PollCard("found-live", f"{url}?since={since}", LIVE if going_on else QUIET, refresh_url=here)


@require_safe
@signed_in
def results(request: Request, number: int) -> HttpResponse:
    """What the search learnt since: only the facts of a place are replaced, never its choices."""
    removal = removal_or_404(request, number)
    cards = cards_of(request, removal, None, "", {})
    since = request.GET.get("since", "")
    had = [since[at : at + MARK] for at in range(0, len(since), MARK)]
    fresh = [card for card, old in zip(cards, had, strict=False) if card.mark != old]
    context = {"fresh": fresh, **parts(cards, removal)}
    if not fresh and context["poll"].seconds:
        return HttpResponse(status=204)
    return trigger(page(request, "filing/_found_news.html", context), announce=context["checked"])


def presets(removal: RemovalRequest, preset: str) -> TabsCard:
    here = reverse("draft_found", args=[removal.number])
    named = (
        (EVERYTHING, _("Everything")),
        (ONLY, _("Only these workspaces")),
        (REPLACE, _("Replace account")),
    )
    tabs = tuple(TabCard(label, f"{here}?preset={key}", key == preset) for key, label in named)
    return TabsCard(_("Start from"), tabs, "filters")


def summed(cards: tuple[WishCard, ...], general: str) -> ErrorSummaryCard:
    lines = [ErrorLine(general)] if general else []
    lines += [
        ErrorLine(
            _("%(workspace)s: %(error)s") % {"workspace": card.workspace, "error": card.error},
            f"{card.id}-first",
        )
        for card in cards
        if card.error
    ]
    return ErrorSummaryCard(tuple(lines))
