"""The audit log: lines by filters, one entry with its proof, and whether the chain is whole."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from offboarding.directory.queries import clients_in
from offboarding.ledger import keys, outside
from offboarding.ledger.actions import Event
from offboarding.ledger.queries import newest_checkpoint, newest_seq, newest_stamp
from offboarding.lib.refusals import Refused
from offboarding.lib.typed import whole
from offboarding.reports import actions
from offboarding.reports import queries as reports
from offboarding.reports.audit import files, queries
from offboarding.reports.walls import READERS, as_reader, entries_for
from offboarding.stamps.queries import why_not
from offboarding.web.audit import cards, words
from offboarding.web.audit.forms import FindForm
from offboarding.web.audit.sitting import once
from offboarding.web.cards import ActCard, EmptyCard, ErrorSummaryCard, PagerCard
from offboarding.web.evidence.downloads import ALONE
from offboarding.web.evidence.tabs import tabs
from offboarding.web.http import Request, page, part_wanted, signed_in, taken, zone_of
from offboarding.web.removal.clock import Clock


def readers_only(request: Request) -> None:
    if not request.scope.has(*READERS):
        raise PermissionDenied


def form_of(request: Request) -> FindForm:
    return FindForm(request.GET, clients_in(as_reader(request.scope)))


@require_safe
@signed_in
def log(request: Request) -> HttpResponse:
    readers_only(request)
    form = form_of(request)
    context: dict[str, Any] = {"fields": form.cards(), "summary": ErrorSummaryCard.of(form)}
    if form.is_valid():
        context |= lines(request, form)
    if part_wanted(request):
        return page(request, "audit/_entries.html", context)
    clock = Clock.of(request)
    context["chain"] = cards.chain(
        reports.newest_check(),
        bool(reports.check_under_way()),
        newest_seq(),
        newest_checkpoint(),
        cards.stamped(newest_stamp(), why_not(), clock),
        clock,
    )
    context["tabs"] = tabs(request.scope, "audit")
    return page(request, "audit/log.html", context, 200 if form.is_valid() else 422)


def lines(request: Request, form: FindForm) -> dict[str, Any]:
    wanted = form.wanted(zone_of(request))
    found = queries.page(
        queries.entries(request.scope, wanted), number(request, "before"), number(request, "after")
    )
    if once(request, f"audit:{wanted.digest()}"):
        actions.noted(Event.AUDIT_OPENED, request.user, {"filters": wanted.as_told()})
    kept = {
        name: str(value) for name, value in request.GET.items() if value and name not in ("before", "after")
    }
    return {
        "rows": cards.rows(found.rows, Clock.of(request), queries.names_of(found.rows)),
        "pager": pager(found, kept),
        "empty": empty(form, bool(kept)),
        "export": f"/audit/export/?{urlencode(kept)}",
    }


def number(request: Request, name: str) -> int | None:
    return whole(request.GET.get(name, ""), digits=15)


def pager(found: queries.Page, kept: dict[str, str]) -> PagerCard | None:
    if found.newer is None and found.older is None:
        return None

    def to(name: str, seq: int | None) -> str:
        return "" if seq is None else f"?{urlencode({**kept, name: seq})}"

    return PagerCard(to("after", found.newer), to("before", found.older))


def empty(form: FindForm, filtered: bool) -> EmptyCard:
    if not filtered:
        return EmptyCard(
            _("Nothing has happened yet."), _("Each act of anybody stands here, from the first on.")
        )
    told = ", ".join(f"{label} {word}" for label, word in form.told())
    text = _("Take one of the filters away, or all of them.")
    return EmptyCard(
        _("No entry fits: %(filters)s.") % {"filters": told}, text, ActCard(_("Clear"), "/audit/")
    )


@require_safe
@signed_in
def entry(request: Request, seq: int) -> HttpResponse:
    found = queries.entry_for(request.scope, seq)
    if found is None:
        raise Http404
    clock, beside = Clock.of(request), entries_for(request.scope)
    if once(request, f"entry:{seq}"):
        actions.noted(Event.AUDIT_OPENED, request.user, {"entry": seq})
    context = {
        "seq": cards.counted(seq),
        "says": words.says(found),
        "facts": cards.facts(found, clock),
        "signed": cards.signed(found, queries.checkpoint_over(seq), clock),
        "request_url": cards.about_url(found.about),
        "about": found.about,
        "before": beside.filter(seq__lt=seq).order_by("-seq").values_list("seq", flat=True).first(),
        "after": beside.filter(seq__gt=seq).order_by("seq").values_list("seq", flat=True).first(),
        "body": bytes(found.body).decode(),
    }
    return page(request, "audit/entry.html", context)


@taken
@signed_in
def proof(request: Request, seq: int) -> HttpResponse:
    found = queries.entry_for(request.scope, seq)
    if found is None:
        raise Http404
    made = queries.checkpoint_over(seq)
    if made is None:
        raise Refused("not-signed", _("No signed checkpoint covers this entry yet. The next one does."))
    data = files.proof(found, made)
    if data is None:
        text = _(
            "This entry does not fit the ledger that was signed. Have the ledger checked, and tell security."
        )
        raise Refused("not-borne-out", text)
    if once(request, f"proof:{seq}"):
        actions.noted(Event.AUDIT_PROOF_TAKEN, request.user, {"entry": seq, "size": made.size})
    return attachment(data, f"entry-{seq}-proof.json", "application/json")


@require_safe
@signed_in
def checkpoint(request: Request) -> HttpResponse:
    """The newest signed checkpoint, to keep elsewhere. It says nothing about anybody."""
    readers_only(request)
    made = newest_checkpoint()
    if made is None:
        raise Refused(
            "not-signed", _("Nothing is signed yet. That happens every hour, if something was added.")
        )
    return attachment(outside.line_of(made) + b"\n", f"checkpoint-{made.size}.jsonl", "application/jsonl")


@require_safe
@signed_in
def signing_keys(request: Request) -> HttpResponse:
    """The chain of signing keys, for checking packets and checkpoints of earlier keys."""
    readers_only(request)
    data = b"".join(line + b"\n" for line in keys.history())
    return attachment(data, "signing-keys.jsonl", "application/jsonl")


def attachment(data: bytes, name: str, media_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **ALONE}
    return HttpResponse(data, content_type=media_type, headers=headers)


@require_POST
@signed_in
def check(request: Request) -> HttpResponse:
    """Walk over all of it now."""
    readers_only(request)
    if actions.check_asked(request.user, request.scope):
        messages.success(
            request, _("The ledger is being checked. Load this page again to see what was found.")
        )
    else:
        messages.info(request, _("A check is under way already."))
    return redirect("/audit/#chain")
