"""Asking to give access back for a time, where a request took it away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from offboarding.journey import actions as journey
from offboarding.journey.offers import Offer, offers_of
from offboarding.lib.moments import moment
from offboarding.lib.refusals import Refused
from offboarding.removals.actions import known_zone
from offboarding.removals.rules import LONGEST_RESTORATION, Stage
from offboarding.web.account.forms import zone_choices
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard, OptionCard
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, zone_of
from offboarding.web.removal import cards
from offboarding.web.removal.changes import not_yours
from offboarding.web.removal.overview import Overview
from offboarding.web.removal.views import of_request

USUALLY = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form holds, as text."""

    places: tuple[str, ...]
    day: str
    clock: str
    time_zone: str
    why: str


@require_http_methods(["GET", "HEAD", "POST"])
@of_request
def restore(request: Request, view: Overview) -> HttpResponse:
    if why := closed_to(view):
        return not_yours(request, view, _("You cannot restore access here"), why)
    offers = offers_of(view.removal, view.plan)
    if request.method != "POST":
        return restore_page(request, view, offers, suggested(request, offers))
    given = typed(request.POST)
    try:
        ends_at = end_of(given)
        chosen = [each.workspace for each in offers if str(each.workspace.pk) in given.places]
        plan = journey.restore(
            view.removal,
            request.user,
            chosen,
            ends_at=ends_at,
            time_zone=given.time_zone,
            why=given.why,
            now=now(),
        )
    except Refused as refusal:
        return restore_page(request, view, offers, given, refusal)
    reference = plan.removal.reference
    messages.success(
        request,
        _("%(reference)s waits for approval. Nothing is given back before that.") % {"reference": reference},
    )
    return redirect(f"/requests/{reference}/")


def closed_to(view: Overview) -> str:
    """Why this reader cannot ask for a restoration; empty if they can."""
    if view.removal.restores:
        words = {"reference": view.removal.restores.reference}
        return _("This is a restoration itself. Ask for another one at %(reference)s.") % words
    if view.stage not in (Stage.RUNNING, Stage.CLOSED):
        return _("Nothing has been taken away yet.")
    if not view.may_restore:
        return _(
            "Only engagement leads, security and administrators of every client in this request do this."
        )
    return ""


def suggested(request: Request, offers: Sequence[Offer]) -> Typed:
    zone = zone_of(request)
    ends = now().astimezone(zone) + USUALLY
    places = tuple(str(each.workspace.pk) for each in offers if not each.why_not)
    return Typed(places, ends.date().isoformat(), f"{ends:%H:00}", zone.key, "")


def typed(data: QueryDict) -> Typed:
    names = ("day", "clock", "time_zone", "why")
    return Typed(tuple(data.getlist("places")), *(data.get(name, "").strip() for name in names))


def end_of(given: Typed) -> datetime:
    if not known_zone(given.time_zone):
        raise Refused("no-zone", _("Choose a time zone from the list."), field="time_zone")
    try:
        day = date.fromisoformat(given.day)
    except ValueError:
        raise Refused("no-day", _("Enter a date like 2027-01-31."), field="day") from None
    try:
        clock = time.fromisoformat(given.clock)
    except ValueError:
        raise Refused("no-clock", _("Enter a time like 17:00."), field="clock") from None
    return moment(day, clock.replace(tzinfo=None), ZoneInfo(given.time_zone))


def restore_page(
    request: Request, view: Overview, offers: Sequence[Offer], given: Typed, refusal: Refused | None = None
) -> HttpResponse:
    fields = fields_of(request, offers, given)
    general, wrong = "", ""
    if refusal:
        wrong = str(refusal.facts.get("field", ""))
        general = refusal.sentence
        fields = {
            name: replace(card, error=refusal.sentence) if name == wrong else card
            for name, card in fields.items()
        }
    line = ErrorLine(general, anchor(fields, wrong))
    context = {
        "head": cards.head(view, ""),
        "fields": list(fields.values()),
        "summary": ErrorSummaryCard((line,) if general else ()),
        "url": view.url,
        "open": [each for each in view.restorations if each.is_open],
        "can": any(not each.why_not for each in offers),
    }
    return page(request, "removal/restore.html", context, status=status_of(refusal) if refusal else 200)


def anchor(fields: Mapping[str, FieldCard], wrong: str) -> str:
    if wrong not in fields:
        return ""
    card = fields[wrong]
    return f"{card.control_id}_0" if card.grouped else card.control_id


def fields_of(request: Request, offers: Sequence[Offer], given: Typed) -> dict[str, FieldCard]:
    today = now().astimezone(zone_of(request)).date()
    last = today + LONGEST_RESTORATION
    zones = tuple(OptionCard(key, label, key == given.time_zone) for key, label in zone_choices())
    made = (
        FieldCard(
            "places", _("Where access comes back"), "checkboxes",
            options=tuple(option(each, given) for each in offers),
        ),
        FieldCard(
            "day", _("Last day"), "date", given.day, width="short",
            attrs=(("min", today.isoformat()), ("max", last.isoformat())),
        ),
        FieldCard("clock", _("Ends at"), "time", given.clock, width="short"),
        FieldCard("time_zone", _("Time zone"), "select", options=zones, width="mid"),
        FieldCard(
            "why", _("What stopped working"), "textarea", given.why, rows=3,
            hint=_("An approver reads this."), attrs=(("maxlength", "2000"),),
        ),
    )  # fmt: skip
    return {card.name: card for card in made}


def option(offer: Offer, given: Typed) -> OptionCard:
    key = str(offer.workspace.pk)
    return OptionCard(
        key,
        offer.workspace.name,
        key in given.places and not offer.why_not,
        hint=offer.why_not or _("Held before: %(held)s") % {"held": offer.held},
        disabled=bool(offer.why_not),
    )
