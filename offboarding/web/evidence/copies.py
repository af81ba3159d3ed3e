"""The redacted copy of a packet: having it made, and taking it away."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from offboarding.lib.refusals import Refused
from offboarding.packets.actions import downloaded
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.queries import packet_for, path_of
from offboarding.packets.reader import Damaged, Part, open_packet
from offboarding.packets.redaction import actions
from offboarding.packets.shares.queries import may_share
from offboarding.web.cards import CodeCard
from offboarding.web.evidence.downloads import AWAY, attachment
from offboarding.web.http import Request, signed_in
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class CopyCard:
    """How far the copy of one version is. `make` is empty where it stands, is being made, or is not this person's to ask."""

    says: str
    download: str = ""
    name: str = ""
    size: str = ""
    hash: CodeCard | None = None
    make: str = ""


def copy_card(request: Request, packet: Packet) -> CopyCard:
    home = f"/evidence/{packet.removal.reference}/v{packet.version}/redacted"
    made = Redaction.objects.filter(packet=packet).first()
    make = f"{home}/" if may_share(request.scope, packet) else ""
    if made is None:
        return CopyCard(_("None was made of this version."), make=make)
    if made.state == State.DONE:
        said = ngettext("%(n)d file was left out, and is listed in it.", "%(n)d files were left out, and are listed in it.",
                        made.left_out) % {"n": made.left_out}  # fmt: skip
        return CopyCard(said, f"{home}.zip", made.file, filesizeformat(made.size), CodeCard.hash(made.sha256))
    if made.state == State.NEEDS_PERSON:
        return CopyCard(made.trouble, make=make)
    return CopyCard(made.trouble or _("It is being made. Load this page again to see it."))


def packet_or_404(request: Request, number: int, version: int) -> Packet:
    found = packet_for(request.scope, number, version)
    if found is None:
        raise Http404
    return found


@require_POST
@signed_in
def make(request: Request, number: int, version: int) -> HttpResponse:
    packet = packet_or_404(request, number, version)
    actions.order(packet, request.user, request.scope)
    messages.success(request, _("The redacted copy is being made."))
    return redirect(f"/evidence/{packet.removal.reference}/v{version}/#copy")


@require_GET
@signed_in
def take(request: Request, number: int, version: int) -> HttpResponseBase:
    packet = packet_or_404(request, number, version)
    made = Redaction.objects.filter(packet=packet, state=State.DONE).first()
    if made is None:
        raise Http404
    path = path_of(packet).with_name(made.file)
    try:
        opened = open_packet(path)
    except Damaged as error:
        raise Refused("packet-unreadable", AWAY % {"what": made.file}) from error
    downloaded(packet, request.user, "redacted copy")
    return attachment(opened.read(Part("", 0, made.size)), made.file, made.size, "application/zip")
