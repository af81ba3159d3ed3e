"""The redacted copies of a packet: having one made, and taking it away."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from offboarding.lib.refusals import Refused
from offboarding.packets.actions import downloaded
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.queries import packet_for, path_of
from offboarding.packets.reader import Damaged, Part, open_packet
from offboarding.packets.redaction import actions
from offboarding.packets.redaction.perform import WRONG
from offboarding.packets.redaction.preview import preview
from offboarding.packets.redaction.queries import everybody
from offboarding.packets.redaction.redact import Besides
from offboarding.packets.shares.queries import may_share
from offboarding.users.models import User
from offboarding.web.cards import CodeCard, ErrorLine, ErrorSummaryCard, FieldCard
from offboarding.web.errors import status_of
from offboarding.web.evidence.downloads import AWAY, attachment
from offboarding.web.http import Request, page, signed_in, taken, with_factor
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class CopyCard:
    """One copy: how far it is, and where it is taken."""

    says: str
    download: str = ""
    name: str = ""
    size: str = ""
    hash: CodeCard | None = None


@dataclass(frozen=True, slots=True)
class CopiesCard:
    """The copies of one version. `make` is empty while one is being made, or where it is not this person's to ask."""

    copies: tuple[CopyCard, ...]
    make: str


def copies_card(request: Request, packet: Packet) -> CopiesCard:
    home = f"/evidence/{packet.removal.reference}/v{packet.version}/redacted/"
    found = list(Redaction.objects.filter(packet=packet).select_related("client").order_by("number"))
    free = all(each.state in (State.DONE, State.NEEDS_PERSON) for each in found)
    make = home if free and may_share(request.scope, packet) else ""
    return CopiesCard(tuple(copy_card(each, home) for each in found), make)


def copy_card(made: Redaction, home: str) -> CopyCard:
    if made.state == State.DONE:
        said = ngettext("%(n)d file was left out, and is listed in it.", "%(n)d files were left out, and are listed in it.",
                        made.left_out) % {"n": made.left_out}  # fmt: skip
        if made.client:
            said = _("The part of %(client)s, with its people.") % {"client": made.client.name}
        return CopyCard(
            said, f"{home}{made.number}.zip", made.file, filesizeformat(made.size), CodeCard.hash(made.sha256)
        )
    return CopyCard(made.trouble or _("It is being made. Load this page again to see it."))


def packet_or_404(request: Request, number: int, version: int) -> Packet:
    found = packet_for(request.scope, number, version)
    if found is None:
        raise Http404
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
@with_factor
def make(request: Request, number: int, version: int) -> HttpResponse:
    """First what would go and what would stay, as often as wanted; then the copy. Words never stand in an address."""
    packet = packet_or_404(request, number, version)
    if request.method != "POST" or "preview" in request.POST:
        return preview_page(request, packet)
    try:
        actions.order(packet, request.user, request.scope, words_in(request))
    except Refused as refusal:
        if refusal.facts.get("field") != "words":
            raise
        return preview_page(request, packet, refusal)
    messages.success(request, _("The redacted copy is being made."))
    return redirect(f"/evidence/{packet.removal.reference}/v{version}/#copy")


def words_in(request: Request) -> list[str]:
    return request.POST.get("words", "").splitlines()


def preview_page(request: Request, packet: Packet, refusal: Refused | None = None) -> HttpResponse:
    if not may_share(request.scope, packet):
        raise PermissionDenied
    under_way = actions.under_way(packet)
    if under_way and under_way.state != State.NEEDS_PERSON:
        return redirect(f"/evidence/{packet.removal.reference}/v{packet.version}/#copy")
    says, words = refusal.sentence if refusal else "", words_in(request)
    try:
        besides = Besides(everybody(packet), () if refusal else actions.checked(words))
        seen = preview(open_packet(path_of(packet)), besides)
    except Refused as wrong:
        return preview_page(request, packet, wrong)
    except WRONG as error:
        raise Refused("packet-unreadable", AWAY % {"what": packet.file}) from error
    context = {
        "seen": seen,
        "ref": packet.removal.reference,
        "version": packet.version,
        "home": f"/evidence/{packet.removal.reference}/v{packet.version}/",
        "summary": ErrorSummaryCard((ErrorLine(says, "id_words"),) if refusal else ()),
        "field": FieldCard(
            "words",
            _("Hide besides"),
            kind="textarea",
            value="\n".join(words),
            hint=_(
                "Names or words, one a line. They are hidden in any case of letters, where they stand alone."
            ),
            error=says,
            rows=5,
        ),
    }
    return page(request, "evidence/redact.html", context, status_of(refusal) if refusal else 200)


@taken
@signed_in
@with_factor
def take(request: Request, number: int, version: int, copy: int) -> HttpResponseBase:
    packet = packet_or_404(request, number, version)
    made = Redaction.objects.filter(packet=packet, state=State.DONE, number=copy).first()
    if made is None:
        raise Http404
    what = f"redacted copy {copy}" if made.client is None else f"part of {made.client.name}"
    return handed_out(packet, made, request.user, what)


def handed_out(packet: Packet, made: Redaction, user: User, what: str) -> HttpResponseBase:
    """The file of a copy; noted in the ledger."""
    path = path_of(packet).with_name(made.file)
    try:
        opened = open_packet(path)
    except Damaged as error:
        raise Refused("packet-unreadable", AWAY % {"what": made.file}) from error
    downloaded(packet, user, what)
    return attachment(opened.read(Part("", 0, made.size)), made.file, made.size, "application/zip")
