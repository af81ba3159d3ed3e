"""How far the copy of one workspace's audit trail reaches, for its own page and for the connection's."""

from __future__ import annotations

from typing import Any

from offboarding.connections.models import Workspace
from offboarding.trail import actions, queries
from offboarding.web.http import Request
from offboarding.web.removal.clock import Clock
from offboarding.web.trail import cards


def copies(request: Request, workspace: Workspace) -> bool:
    return request.scope.covers(frozenset({workspace.client_id}), *actions.COPIES)


def standing(request: Request, workspace: Workspace) -> dict[str, Any]:
    """How the copy stands, for this page and for the connection's own."""
    copy, busy = queries.copy_of(workspace), bool(queries.under_way([workspace.pk]))
    events = queries.events_in(workspace).count()
    return {
        "copied": cards.facts(copy, busy, events, Clock.of(request), workspace.ended_at is None),
        "events": events,
        "may_copy": copies(request, workspace),
    }
