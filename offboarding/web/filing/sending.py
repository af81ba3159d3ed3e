"""Pages 3 and 4: why and when, check and send; and what comes after."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from offboarding.directory.queries import leaving_soon
from offboarding.journey import actions as journey
from offboarding.lib.addresses import fold
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import attachments_of, open_beside
from offboarding.removals.rules import MERGING
from offboarding.web.attached import attach, attached, upload_card
from offboarding.web.cards import ActCard, ConfirmCard, NoticeCard
from offboarding.web.errors import status_of
from offboarding.web.filing.cards import already_notices, stages
from offboarding.web.filing.checking import check_card, reason_groups, sent_card
from offboarding.web.filing.drafts import draft_or_away
from offboarding.web.filing.forms import DetailsForm
from offboarding.web.http import Request, now, page, removal_or_404, signed_in, today, version_in, zone_of
from offboarding.web.removal.clock import Clock
from offboarding.web.removal.forms import one_error

ROSTER_DAYS = 365


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def details(request: Request, number: int) -> HttpResponse:
    removal, away = draft_or_away(request, number)
    if away:
        return away
    zone = removal.time_zone or str(zone_of(request))
    row = on_roster(request, removal)
    coming = row.get("ends_on")
    last_day = coming if coming and coming >= today(request) else None
    if request.method == "POST":
        try:
            files(request, removal)
        except Refused as refusal:
            form = DetailsForm(initial=request.POST.dict(), zone=zone, last_day=last_day)
            return show_details(request, removal, form, status_of(refusal), refusal.sentence)
    if request.method == "POST" and request.POST.get("act") == "attach":
        form = DetailsForm(initial=request.POST.dict(), zone=zone, last_day=last_day)
        return show_details(request, removal, form)
    if request.method == "POST":
        return describe(request, removal, DetailsForm(request.POST, zone=zone, last_day=last_day))
    form = DetailsForm(initial=known(removal, zone, str(row.get("sow", ""))), zone=zone, last_day=last_day)
    return show_details(request, removal, form)


def files(request: Request, removal: RemovalRequest) -> None:
    """What is taken off and what is added comes before the answers, so that neither is lost for a mistake in them."""
    off = [
        int(each)
        for each in request.POST.getlist("off")
        if each.isascii() and each.isdigit() and len(each) < 16
    ]
    for file in off:
        journey.take_off(removal, request.user, file)
    if "file" in request.FILES or (request.POST.get("act") == "attach" and not off):
        name = attach(request, removal)
        messages.success(request, _("%(name)s is attached.") % {"name": name})


def known(removal: RemovalRequest, zone: str, sow: str) -> dict[str, Any]:
    """What the draft holds already, and what the records suggest for it."""
    start = removal.starts_at
    later = start.astimezone(ZoneInfo(zone)) if start and start > now() else None
    usual = "service-account-retired" if removal.machine else ""
    if removal.stays:
        usual = MERGING
    return {
        "reason": removal.reason or usual,
        "start": "at" if later else "now",
        "day": later.date() if later else None,
        "clock": later.time() if later else None,
        "time_zone": zone,
        "ticket": removal.ticket,
        "sow": removal.sow if removal.reason else removal.sow or sow,
        "handover": removal.handover,
        "client_informed": removal.client_informed,
        "notes": removal.notes,
    }


def on_roster(request: Request, removal: RemovalRequest) -> dict[str, Any]:
    """Contract and last day of the engagement on whose roster the person stands; empty if there is none."""
    wanted = {fold(address) for address in removal.addresses}
    rows = leaving_soon(request.scope, today(request) + timedelta(days=ROSTER_DAYS))
    return next((row for row in rows if fold(row["email"]) in wanted), {})


def describe(request: Request, removal: RemovalRequest, form: DetailsForm) -> HttpResponse:
    if not form.is_valid():
        return show_details(request, removal, form, 422)
    given, moment = form.cleaned_data, now()
    try:
        removals.describe(
            removal,
            request.user,
            reason=given["reason"],
            starts_at=form.starts_at(moment),
            time_zone=given["time_zone"],
            now=moment,
            **{name: given[name] for name in ("ticket", "sow", "handover", "client_informed", "notes")},
        )
    except Refused as refusal:
        field = {"starts_at": "day"}.get(refusal.facts.get("field", ""), refusal.facts.get("field"))
        form.add_error(field, refusal.sentence)
        return show_details(request, removal, form, status_of(refusal))
    return redirect("draft_check" if removal.places.exists() else "draft_found", removal.number)


def show_details(
    request: Request, removal: RemovalRequest, form: DetailsForm, status: int = 200, wrong: str = ""
) -> HttpResponse:
    """`wrong`: why a file was not taken."""
    context = {
        "files": attached(removal, attachments_of(removal), Clock.of(request)),
        "upload": upload_card(wrong),
        "summary": one_error(wrong, "id_file") if wrong else None,
        "draft": removal,
        "form": form,
        "groups": reason_groups(str(form["reason"].value() or "")),
        "stages": stages(removal, 3),
    }
    return page(request, "filing/details.html", context, status)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def check(request: Request, number: int) -> HttpResponse:
    removal, away = draft_or_away(request, number)
    if away:
        return away
    if not removal.places.exists():
        return redirect("draft_found", number)
    if not removal.reason:
        return redirect("draft_details", number)
    if request.method == "POST":
        return send(request, removal)
    return show_check(request, removal)


def send(request: Request, removal: RemovalRequest) -> HttpResponse:
    try:
        journey.file(removal, request.user, version_in(request))
    except Refused as refusal:
        removal.refresh_from_db()
        return show_check(request, removal, refusal)
    return redirect("draft_sent", removal.number)


def show_check(request: Request, removal: RemovalRequest, refusal: Refused | None = None) -> HttpResponse:
    context = {
        "draft": removal,
        "stages": stages(removal, 4),
        "card": check_card(removal, request.scope, today(request), zone_of(request), now()),
        "refusal": NoticeCard("bad", _("This was not sent"), refusal.sentence) if refusal else None,
    }
    return page(request, "filing/check.html", context, status_of(refusal) if refusal else 200)


@require_safe
@signed_in
def sent(request: Request, number: int) -> HttpResponse:
    removal = removal_or_404(request, number)
    if removal.filed_at is None:
        return redirect("draft", number)
    card = sent_card(removal, today(request), zone_of(request), now())
    notices = already_notices(open_beside(request.scope, removal))
    return page(request, "filing/sent.html", {"removal": removal, "card": card, "notices": notices})


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def discard(request: Request, number: int) -> HttpResponse:
    removal, away = draft_or_away(request, number)
    if away:
        return away
    if request.method == "POST":
        removals.withdraw(removal, request.user, "")
        messages.info(
            request, _("%(ref)s was thrown away. Nothing of it was sent.") % {"ref": removal.reference}
        )
        return redirect("work")
    here = reverse("draft_discard", args=[number])
    confirm = ConfirmCard(
        _("Throw away the draft %(ref)s") % {"ref": removal.reference},
        (
            _("What you typed for %(who)s is no longer listed.")
            % {"who": removal.person_name or removal.email},
            _("Nobody's access changes, and nobody is told."),
        ),
        ActCard(_("Throw draft away"), here, "bad", busy=_("Throwing away…"), post=True),
        reverse("draft", args=[number]),
    )
    return page(request, "elements/confirm_page.html", {"confirm": confirm})
