"""One field for people, requests and workspaces."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from offboarding.connections.models import Workspace
from offboarding.connections.queries import ever_connected
from offboarding.removals.queries import listed, matching
from offboarding.web.cards import EmptyCard
from offboarding.web.http import Request, page, signed_in
from offboarding.web.removal.clock import Clock
from offboarding.web.work.rows import removal_rows, with_places

SHOWN = 20
LONGEST = 100


@dataclass(frozen=True, slots=True)
class WorkspaceCard:
    name: str
    note: str
    url: str


@require_safe
@signed_in
def search(request: Request) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:LONGEST]
    found = list(with_places(matching(listed(request.scope), text))[:SHOWN]) if text else []
    places = workspaces(request, text) if text else []
    context = {
        "text": text,
        "title": title(text, len(found) + len(places)),
        "rows": removal_rows(found, Clock.of(request), request.scope.user_id),
        "workspaces": places,
        "empty": empty(text) if not found and not places else None,
    }
    return page(request, "work/search.html", context)


def workspaces(request: Request, text: str) -> list[WorkspaceCard]:
    words = (
        Q(name__icontains=text)
        | Q(client__name__icontains=text)
        | Q(slug__icontains=text)
        | Q(segment_id=text)
    )
    return [workspace_card(each) for each in ever_connected(request.scope).filter(words)[:SHOWN]]


def workspace_card(workspace: Workspace) -> WorkspaceCard:
    facts = [workspace.client.name, workspace.get_environment_display(), workspace.get_region_display()]
    note = " · ".join([*facts, _("disconnected")] if workspace.ended_at else facts)
    return WorkspaceCard(workspace.name, note, f"/requests/?client={workspace.client.slug}")


def title(text: str, count: int) -> str:
    if not text:
        return _("Search")
    return ngettext("%(n)d result for “%(text)s”", "%(n)d results for “%(text)s”", count) % {
        "n": count,
        "text": text,
    }


def empty(text: str) -> EmptyCard:
    if not text:
        return EmptyCard(_("Type a name, an address, a request's number or a workspace."))
    return EmptyCard(
        _("Nothing found for “%(text)s”.") % {"text": text},
        _("A part of a name, an address or a number such as R-1042 is enough."),
    )
