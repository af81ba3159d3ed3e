"""Requests that reach into other clients too: the part of the reader's own client, made on demand and taken away."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from offboarding.directory.rules import Scope
from offboarding.packets.redaction.parts import Part, order, part_for, parts_for
from offboarding.web.cards import CodeCard
from offboarding.web.evidence.copies import handed_out
from offboarding.web.http import Request, signed_in, taken, with_factor
from offboarding.work.rules import State


@dataclass(frozen=True, slots=True)
class PartRow:
    """One part: where it is asked for, what is said while it is made, or where it is taken."""

    ref: str
    person: str
    client: str
    make: str = ""
    says: str = ""
    download: str = ""
    name: str = ""
    size: str = ""
    hash: CodeCard | None = None


def part_rows(scope: Scope) -> list[PartRow]:
    return [part_row(each) for each in parts_for(scope)]


def part_row(part: Part) -> PartRow:
    removal, made = part.packet.removal, part.copy
    home = f"/evidence/{removal.reference}/part/{part.client.pk}"
    told = (removal.reference, removal.person_name or removal.email, part.client.name)
    if made is None:
        return PartRow(*told, make=f"{home}/")
    if made.state != State.DONE:
        return PartRow(*told, says=made.trouble or _("It is being made. Load this page again to see it."))
    size = filesizeformat(made.size)
    return PartRow(*told, download=f"{home}.zip", name=made.file, size=size, hash=CodeCard.hash(made.sha256))


def part_or_404(request: Request, number: int, client: int) -> Part:
    if (found := part_for(request.scope, number, client)) is None:
        raise Http404
    return found


@require_POST
@signed_in
@with_factor
def make(request: Request, number: int, client: int) -> HttpResponse:
    order(part_or_404(request, number, client), request.user)
    messages.success(request, _("The part of your client is being made."))
    return redirect("/evidence/#parts")


@taken
@signed_in
@with_factor
def take(request: Request, number: int, client: int) -> HttpResponseBase:
    part = part_or_404(request, number, client)
    if part.copy is None or part.copy.state != State.DONE:
        raise Http404
    return handed_out(part.packet, part.copy, request.user, f"part of {part.client.name}")
