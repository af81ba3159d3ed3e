"""Opening a packet to one address outside, seeing what was done with the link, and ending it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.packets.models import Packet, Share, Visit
from offboarding.packets.queries import packet_for
from offboarding.packets.shares import actions, queries
from offboarding.packets.shares.rules import DAYS, MOST_DAYS, Did
from offboarding.web import proving
from offboarding.web.cards import (
    ActCard,
    CodeCard,
    ConfirmCard,
    ErrorLine,
    ErrorSummaryCard,
    FactCard,
    FieldCard,
    TagCard,
    TimeCard,
)
from offboarding.web.errors import status_of
from offboarding.web.http import Request, now, page, signed_in, today, with_factor, zone_of
from offboarding.web.proof import proved_since, to_proof
from offboarding.web.removal.clock import Clock

KEY = "share"  # the wish of who was sent away to prove who they are


@dataclass(frozen=True, slots=True)
class VisitRow:
    says: str
    at: TimeCard
    where: str


@dataclass(frozen=True, slots=True)
class ShareRow:
    address: str
    says: str
    tag: TagCard
    until: TimeCard
    visits: tuple[VisitRow, ...]
    end: ActCard | None


@require_safe
@signed_in
@with_factor
def shares(request: Request, number: int) -> HttpResponse:
    """The form, with what was typed before the proof, and every share of this packet with its log."""
    packet = packet_or_404(request, number)
    wish = proving.kept(request, KEY)
    typed = wish.what if wish and wish.what["number"] == packet.removal.number else {}
    return shares_page(request, packet, typed)


def packet_or_404(request: Request, number: int) -> Packet:
    """For who may share it; for everybody else there is no such page."""
    found = packet_for(request.scope, number)
    if found is None or not queries.may_share(request.scope, found):
        raise Http404
    return found


def shares_page(
    request: Request,
    packet: Packet,
    typed: Mapping[str, str],
    refusal: Refused | None = None,
    link: str = "",
) -> HttpResponse:
    """With `link`: right after it was made, and then never again."""
    field = str(refusal.facts.get("field", "")) if refusal else ""
    line = ErrorLine(refusal.sentence, f"id_{field}" if field else "") if refusal else None
    context = {
        "ref": packet.removal.reference,
        "version": packet.version,
        "home": address(packet),
        "fields": fields(typed, refusal.sentence if refusal else "", field),
        "rows": [row(request, each) for each in queries.shares_of(packet.removal)],
        "link": CodeCard(link) if link else None,
        "proved": proved_since(request, 0) if typed and not refusal else "",
        "summary": ErrorSummaryCard((line,) if line else ()),
    }
    return page(request, "evidence/shares.html", context, status_of(refusal) if refusal else 200)


def address(packet: Packet) -> str:
    return f"/evidence/{packet.removal.reference}/"


def fields(typed: Mapping[str, str], sentence: str, wrong: str) -> tuple[FieldCard, ...]:
    return (
        FieldCard("address", _("E-mail address"), kind="email", value=typed.get("address", ""), width="mid",
                  hint=_("Only whoever reads mail to this address can open the link."),
                  error=sentence if wrong == "address" else ""),
        FieldCard("days", _("Days until it ends"), kind="number", value=typed.get("days", str(DAYS)), width="short",
                  hint=_("At most %(n)d.") % {"n": MOST_DAYS}, error=sentence if wrong == "days" else ""),
    )  # fmt: skip


@require_POST
@signed_in
@with_factor
def make(request: Request, number: int) -> HttpResponse:
    packet = packet_or_404(request, number)
    typed = {name: request.POST.get(name, "").strip()[:400] for name in ("address", "days")}
    method = proved_since(request, 0)
    if not method:
        proving.keep(request, KEY, number=number, **typed)
        return to_proof(request, f"{address(packet)}share/")
    proving.forget(request, KEY)
    try:
        _share, token = actions.make(
            packet, request.user, typed["address"], whole(typed["days"], digits=3) or 0,
            method, today(request),
        )  # fmt: skip
    except Refused as refusal:
        return shares_page(request, packet, typed, refusal)
    # Shown here and now: a link that waited in the session for the next page would be kept.
    return shares_page(request, packet, {}, link=f"{settings.BASE_URL}/share/{token}/")


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def end(request: Request, number: int, pk: int) -> HttpResponse:
    """What ending means, and why; then the link leads nowhere."""
    packet = packet_or_404(request, number)
    share = queries.shares_of(packet.removal).filter(pk=pk, ended_at=None).first()
    if share is None:
        raise Http404
    if request.method != "POST":
        return end_page(request, packet, share)
    try:
        actions.end(share, request.user, request.POST.get("reason", ""), today(request))
    except Refused as refusal:
        return end_page(request, packet, share, refusal)
    messages.success(
        request, _("The link for %(address)s opens nothing any more.") % {"address": share.address}
    )
    return redirect(f"{address(packet)}share/")


def end_page(request: Request, packet: Packet, share: Share, refusal: Refused | None = None) -> HttpResponse:
    here = f"{address(packet)}share/"
    sentence = refusal.sentence if refusal else ""
    card = ConfirmCard(
        title=_("End the share with %(address)s") % {"address": share.address},
        effects=(
            _("The link opens nothing from now on, also for who has it open."),
            _("What was downloaded already stays with them."),
        ),
        act=ActCard(_("End share"), f"{here}{share.pk}/end/", "bad", busy=_("Ending…")),
        back_url=here,
        facts=(FactCard(_("Packet"), f"{packet.removal.reference}, {_('version')} {share.packet.version}"),),
        fields=(FieldCard("reason", _("Why"), value=request.POST.get("reason", ""), error=sentence),),
        summary=ErrorSummaryCard((ErrorLine(sentence, "id_reason"),) if refusal else ()),
    )
    status = status_of(refusal) if refusal else 200
    return page(request, "elements/confirm_page.html", {"confirm": card}, status)


# ---------------------------------------------------------------- rows


def row(request: Request, share: Share) -> ShareRow:
    zone, moment = zone_of(request), now()
    why = queries.why_closed(share, moment, today(request))
    facts = {
        "version": share.packet.version,
        "who": share.made_by.name,
        "when": Clock.of(request).says(share.made_at),
    }
    visits = queries.visits_of(share)
    return ShareRow(
        address=share.address,
        says=_("Version %(version)d, shared by %(who)s %(when)s") % facts
        + (f". {_('Ended')}: {why}" if why else ""),
        tag=TagCard("closed", _("Ended")) if why else TagCard("approved", opened(visits)),
        until=TimeCard.of(share.until, zone, moment),
        visits=tuple(visit(each, request) for each in visits[:50]),
        end=None
        if share.ended_at
        else ActCard(_("End now"), f"{address(share.packet)}share/{share.pk}/end/", "quiet"),
    )


def opened(visits: Sequence[Visit]) -> str:
    times = sum(each.did == Did.OPENED for each in visits)
    if times == 0:
        return _("Not opened yet")
    return _("Opened once") if times == 1 else _("Opened %(n)d times") % {"n": times}


def visit(each: Visit, request: Request) -> VisitRow:
    words = {
        Did.ASKED: _("Asked for a code"),
        Did.REFUSED: _("Typed a wrong code"),
        Did.OPENED: _("Opened it"),
        Did.TOOK: _("Downloaded: %(part)s") % {"part": each.part},
    }
    browser = each.browser if len(each.browser) < 90 else f"{each.browser[:88]}…"
    where = ", ".join(part for part in (each.network_address or "", browser) if part)
    return VisitRow(words[Did(each.did)], TimeCard.of(each.at, zone_of(request), now(), utc=True), where)
