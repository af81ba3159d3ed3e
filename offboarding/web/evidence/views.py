"""Sealed packets: the list, one packet, and checking a file against it."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.directory.queries import clients_in
from offboarding.packets import actions, queries
from offboarding.packets.models import Packet
from offboarding.packets.shares.queries import may_share
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.retention.queries import holds_over, newest_check, tombstone_of
from offboarding.web.audit.sitting import once
from offboarding.web.cards import FieldCard, NoticeCard
from offboarding.web.evidence import cards, checks
from offboarding.web.evidence.copies import copies_card
from offboarding.web.evidence.downloads import opened
from offboarding.web.evidence.forms import CheckForm, FindForm
from offboarding.web.evidence.parts import part_rows
from offboarding.web.evidence.tabs import tabs
from offboarding.web.http import Request, now, page, part_wanted, removal_or_404, signed_in, zone_of
from offboarding.web.removal.clock import Clock
from offboarding.web.retention.cards import checked, notices, purged_facts

UNSEALED_SHOWN = 20


@require_safe
@signed_in
def listing(request: Request) -> HttpResponse:
    clients = clients_in(request.scope)
    form = FindForm(request.GET, clients)
    form.is_valid()
    text, client = form.cleaned_data.get("q", ""), form.cleaned_data.get("client")
    found = queries.newest_packets(request.scope, text.strip(), client.pk if client else None)
    total = found.count()
    first = cards.page_start(request.GET.get("start", ""), total, cards.ROWS)
    context = {
        "find": FieldCard.of(
            form["q"], kind="search", required=False, label=_("Reference, person, ticket or SHA-256")
        ),
        "client": FieldCard.of(form["client"]),
        "several": len(clients) > 1,
        "filtered": bool(text or client),
        "rows": [
            cards.packet_row(each, zone_of(request), now()) for each in found[first : first + cards.ROWS]
        ],
        "total": total,
        "pager": cards.pager(first, total, cards.ROWS, lambda start: address(request, start)),
        "tabs": tabs(request.scope, "packets"),
        "parts": part_rows(request.scope),
        "unsealed": [cards.unsealed_row(each) for each in queries.unsealed(request.scope)[:UNSEALED_SHOWN]],
    }
    template = "evidence/_packets.html" if part_wanted(request) else "evidence/list.html"
    return page(request, template, context)


def address(request: Request, start: int) -> str:
    query = request.GET.copy()
    query["start"] = str(start)
    return f"?{query.urlencode()}"


@require_safe
@signed_in
def packet(request: Request, number: int, version: int | None = None) -> HttpResponse:
    """The newest version, or the one that is named."""
    removal = filed_or_404(request, number)
    found = queries.packet_for(request.scope, number, version)
    if found is None and version is not None:
        raise Http404
    if found is None:
        return page(request, "evidence/unsealed.html", unsealed(removal))
    if stone := tombstone_of(found):
        return page(
            request, "evidence/purged.html", {"removal": removal, "facts": purged_facts(found, stone)}
        )
    if once(request, f"packet {found.pk}"):
        actions.opened(found, request.user)
    return page(request, "evidence/packet.html", sealed(request, found, CheckForm()))


def filed_or_404(request: Request, number: int) -> RemovalRequest:
    removal = removal_or_404(request, number)
    if removal.stage == Stage.DRAFT:
        raise Http404
    return removal


def sealed(
    request: Request, found: Packet, form: CheckForm, verdict: NoticeCard | None = None
) -> dict[str, Any]:
    links = dict(queries.files_of(found.removal).values_list("sha256", "pk"))
    card = cards.packet_card(
        found, opened(found), links, request.GET.dict(), zone_of(request), now(), queries.versions_of(found)
    )
    holds = notices(holds_over(found.removal), Clock.of(request))
    hashes = checked(found, newest_check(), Clock.of(request))
    shares = f"/evidence/{found.removal.reference}/share/" if may_share(request.scope, found) else ""
    return {
        "packet": card,
        "form": form,
        "verdict": verdict,
        "holds": holds,
        "hashes": hashes,
        "shares": shares,
        "redacted": copies_card(request, found),
    }


def unsealed(removal: RemovalRequest) -> dict[str, Any]:
    making = queries.being_made(removal)
    over = removal.stage in (Stage.REJECTED, Stage.WITHDRAWN)
    return {
        "removal": removal,
        "making": making,
        "trouble": making.trouble if making else "",
        "over": over,
        "waits": removal.stage in (Stage.PLANNED, Stage.EXPIRED, Stage.APPROVED),
        "missing": [] if over else [cards.missing_row(removal, run) for run in queries.missing_of(removal)],
    }


@require_POST
@signed_in
def check(request: Request, number: int) -> HttpResponse:
    """Compares; keeps nothing."""
    removal = filed_or_404(request, number)
    found = queries.packet_for(request.scope, removal.number)
    if found is None:
        raise Http404
    form = CheckForm(request.POST, request.FILES)
    verdict = None
    if form.is_valid():
        verdict = checks.verdict(found, opened(found), *form.asked())
    status = 200 if verdict else 422
    if not part_wanted(request):
        return page(request, "evidence/packet.html", sealed(request, found, form, verdict), status)
    context = {"form": form, "verdict": verdict, "packet": {"check_url": f"{request.path}#check"}}
    return page(request, "evidence/_check.html", context, status)
