"""Taking the audit log away: first a page that says what the file will hold, then the file, after a fresh proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from offboarding.ledger.actions import Event
from offboarding.ledger.queries import newest_seq
from offboarding.reports import actions
from offboarding.reports.audit import files, queries
from offboarding.web.audit.cards import counted
from offboarding.web.audit.forms import FindForm
from offboarding.web.audit.views import form_of, readers_only
from offboarding.web.cards import ActCard, FactCard
from offboarding.web.evidence.downloads import ALONE
from offboarding.web.http import Request, now, page, signed_in, taken, zone_of
from offboarding.web.proof import proved_since, to_proof

WRITERS: dict[str, tuple[Callable[..., Iterator[bytes]], str]] = {
    "csv": (files.as_csv, "text/csv; charset=utf-8"),
    "jsonl": (files.as_lines, "application/jsonl"),
}


@require_safe
@signed_in
def export(request: Request) -> HttpResponse:
    """What would be in the file. Nothing leaves yet."""
    readers_only(request)
    form = form_of(request)
    if not form.is_valid():
        return HttpResponse(status=302, headers={"Location": f"/audit/?{request.GET.urlencode()}"})
    if not proved_since(request, 0):
        return to_proof(request, request.get_full_path())
    query = urlencode({name: value for name, value in request.GET.items() if value})
    rows = queries.entries(request.scope, form.wanted(zone_of(request))).count()
    context = {
        "facts": (
            *(FactCard(label, word) for label, word in form.told()),
            FactCard(_("Entries"), counted(rows)),
            FactCard(_("For"), f"{request.user.name}, {request.user.email}"),
        ),
        "acts": (
            ActCard(_("Download CSV"), f"/audit/export.csv?{query}", "main"),
            ActCard(_("Download JSON lines"), f"/audit/export.jsonl?{query}"),
        ),
        "back": f"/audit/?{query}",
    }
    return page(request, "audit/export.html", context)


@taken
@signed_in
def download(request: Request, kind: str) -> HttpResponseBase:
    """The file, written while it is read. What leaves is noted before, and once more when all of it was taken."""
    readers_only(request)
    form = form_of(request)
    if not form.is_valid() or not proved_since(request, 0):
        return HttpResponse(status=302, headers={"Location": f"/audit/export/?{request.GET.urlencode()}"})
    wanted, upto = form.wanted(zone_of(request)), newest_seq()
    found = queries.entries(request.scope, wanted)
    rows = found.filter(seq__lte=upto).count()
    facts = {"filters": wanted.as_told(), "upto": upto, "rows": rows, "format": kind}
    actions.noted(Event.AUDIT_EXPORTED, request.user, facts)

    def ended(tally: files.Tally) -> None:
        told = {**facts, "rows": tally.rows, "sha256": tally.sha256}
        actions.noted(Event.AUDIT_EXPORT_ENDED, request.user, told)

    write, media_type = WRITERS[kind]
    stream = write(cover(request, form, upto, rows), queries.walk(found, upto), ended)
    name = f"audit-log-to-{upto}.{kind}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', **ALONE}
    return StreamingHttpResponse(stream, content_type=media_type, headers=headers)


def cover(request: Request, form: FindForm, upto: int, rows: int) -> dict[str, str]:
    told = "; ".join(f"{label}: {word}" for label, word in form.told())
    return {
        "Audit log of": settings.BASE_URL,
        "Filters": told or "none",
        "Within": "the clients of the reader" if not request.scope.everywhere() else "all clients",
        "Up to entry": str(upto),
        "Entries": str(rows),
        "Made for": f"{request.user.name} <{request.user.email}>",
        "Made at": now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
