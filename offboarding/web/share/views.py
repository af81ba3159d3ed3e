"""What a link from outside opens: one packet for one address, after a code by mail. No account, no way on from here."""

from __future__ import annotations

from typing import TypeVar

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.lib.refusals import Refused
from offboarding.packets.models import Share
from offboarding.packets.queries import versions_of
from offboarding.packets.shares import actions
from offboarding.packets.shares.queries import open_share
from offboarding.packets.shares.rules import STAY
from offboarding.web.cards import ErrorLine, ErrorSummaryCard, FieldCard, NoticeCard, TimeCard
from offboarding.web.errors import status_of
from offboarding.web.evidence import cards
from offboarding.web.evidence.downloads import FIND, TYPES, attachment, opened
from offboarding.web.http import now, page, taken, today, zone_of
from offboarding.web.share import mail
from offboarding.web.share.visitor import visitor_of

COOKIE = "share"
SALT = "offboarding.web.share"
Answer = TypeVar("Answer", bound=HttpResponseBase)


def share_or_404(request: HttpRequest, token: str) -> Share:
    """Ended, run out and unknown are the same answer."""
    share = open_share(token, now(), today(request))
    if share is None:
        raise Http404
    return share


def inside(request: HttpRequest, share: Share) -> bool:
    """True if this browser gave the right code, not too long ago."""
    kept = request.get_signed_cookie(COOKIE, default="", salt=SALT, max_age=STAY)
    return kept == str(share.pk)


@require_safe
def packet(request: HttpRequest, token: str) -> HttpResponse:
    share = share_or_404(request, token)
    if not inside(request, share):
        return door(request, share, here(token), sent="sent" in request.GET)
    zone, found = zone_of(request), share.packet
    card = cards.packet_card(
        found, opened(found), {}, request.GET.dict(), zone, now(), versions_of(found), base=here(token)
    )
    until = TimeCard.of(share.until, zone, now(), utc=True)
    return closed(
        page(request, "share/packet.html", {"packet": card, "until": until, "address": share.address})
    )


def door(
    request: HttpRequest, share: Share, where: str, *, sent: bool = False, refusal: Refused | None = None
) -> HttpResponse:
    """It says nothing of the packet: whoever found the link has not shown yet that it is for them.

    Its forms name the whole address: after a refusal the page stands at that of the form.
    """
    at_code = refusal is not None and refusal.facts.get("field") == "code"
    line = ErrorLine(refusal.sentence, "id_code" if at_code else "") if refusal else None
    told = _("A code is on its way to %(address)s. It holds for 10 minutes, and opens once.")
    context = {
        "address": masked(share.address),
        "here": where,
        "field": FieldCard(
            "code", _("Code"), error=refusal.sentence if at_code and refusal else "", width="short",
            attrs=(("autocomplete", "one-time-code"), ("inputmode", "numeric")),
        ),
        "notice": NoticeCard("info", told % {"address": masked(share.address)}) if sent else None,
        "asked": sent or bool(share.code) or at_code,
        "summary": ErrorSummaryCard((line,) if line else ()),
    }  # fmt: skip
    answer = page(request, "share/door.html", context, status_of(refusal) if refusal else 200)
    return closed(answer)


def masked(address: str) -> str:
    """As much as whoever it is for needs to know it by."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


@require_POST
def code(request: HttpRequest, token: str) -> HttpResponse:
    """A code goes to the address, never to the page."""
    share = share_or_404(request, token)
    try:
        made = actions.ask_code(share, visitor_of(request))
        mail.send(share, made)
    except Refused as refusal:
        return door(request, share, here(token), refusal=refusal)
    return redirect(f"{here(token)}?sent=1")


@require_POST
def enter(request: HttpRequest, token: str) -> HttpResponse:
    share = share_or_404(request, token)
    try:
        actions.open_with(share, request.POST.get("code", "")[:40], visitor_of(request))
    except Refused as refusal:
        return door(request, share, here(token), refusal=refusal)
    answer = redirect(here(token))
    answer.set_signed_cookie(
        COOKIE, str(share.pk), salt=SALT, max_age=STAY, path=here(token), secure=request.is_secure(),
        httponly=True, samesite="Lax",
    )  # fmt: skip
    return answer


@taken
def part(request: HttpRequest, token: str, part: str) -> HttpResponseBase:
    """The packet, or one file of it, byte for byte."""
    share = share_or_404(request, token)
    if not inside(request, share):
        return redirect(here(token))
    whole = opened(share.packet)
    name, found = FIND[part](whole)
    actions.downloaded(share, part, visitor_of(request))
    answer = attachment(whole.read(found), name, found.size, TYPES.get(part, "application/octet-stream"))
    return closed(answer)


def here(token: str) -> str:
    return f"/share/{token}/"


def closed(answer: Answer) -> Answer:
    """No cache keeps it, and no search engine."""
    answer["Cache-Control"] = "no-store"
    answer["X-Robots-Tag"] = "noindex, nofollow, noarchive"
    return answer
