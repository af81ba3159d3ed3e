"""A workspace is disconnected: not while a request still needs its token, for a removal or for a later look."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from offboarding.connections import upkeep
from offboarding.connections.models import Workspace
from offboarding.directory.rules import Scope
from offboarding.execution.models import Run
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import OPEN
from offboarding.users.models import User
from offboarding.work.rules import ENDED

SHOWN = 5


def disconnect(by: User, scope: Scope, workspace: Workspace, why: str, version: int) -> None:
    with transaction.atomic():
        upkeep.disconnect(by, scope, workspace, why, version)
        if waiting := [each.reference for each in needing(workspace)[:SHOWN]]:
            raise Refused(
                "open-requests",
                f"Requests need this connection still: {', '.join(waiting)}. Wait for them, or end what is left of them.",
            )


def needing(workspace: Workspace) -> list[RemovalRequest]:
    """Open requests with a place there, and others that will look there once more; the oldest first."""
    runs = Run.objects.filter(item__workspace=workspace).exclude(state__in=ENDED)
    open_ = Q(stage__in=OPEN, places__workspace=workspace) | Q(pk__in=runs.values("item__plan__removal"))
    return list(RemovalRequest.objects.filter(open_).distinct().order_by("number"))
