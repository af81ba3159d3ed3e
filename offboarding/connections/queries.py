from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from offboarding.connections.models import Coverage, Wanted, Workspace
from offboarding.connections.rules import SupportHours
from offboarding.directory.models import Client
from offboarding.directory.queries import clients_in, people_holding
from offboarding.directory.rules import Ground, Scope
from offboarding.users.models import User
from offboarding.users.rules import Role

KEEPS = (Role.OPERATOR, Role.ADMINISTRATOR)

ASKED_TO_WAIT = "Segment asked us to wait"
NO_CLEAR_ANSWER = "Segment gave no clear answer for"


def ever_connected(scope: Scope, *roles: Role) -> QuerySet[Workspace]:
    """The workspaces that the user may know of, in the order in which every page lists them: those of their clients, and
    those that the engagements cover which they work within. `ground_of` says the same of single ones."""
    covered = Coverage.objects.filter(engagement__in=scope.engagements(*roles))
    mine = Q(client__in=clients_in(scope, *roles)) | Q(pk__in=covered.values("workspace"))
    return Workspace.objects.filter(mine).select_related("client")


# Workspace, client, and one engagement that covers it.
Covered = tuple[int, int, int | None]


def ground_of(workspaces: QuerySet[Any] | Collection[int]) -> Ground:
    """What a role has to reach for all of these. One query."""
    return grounded(covered(workspaces))


def covered(workspaces: QuerySet[Any] | Collection[int]) -> QuerySet[Workspace, Any]:
    """Each with its client and the engagements that cover it, if any."""
    asked = Workspace.objects.filter(pk__in=workspaces).order_by()
    return asked.values_list("pk", "client_id", "coverage__engagement_id")


def grounded(rows: Iterable[Covered]) -> Ground:
    found: dict[tuple[int, int], set[int]] = {}
    for pk, client, engagement in rows:
        by = found.setdefault((pk, client), set())
        if engagement:
            by.add(engagement)
    return Ground.of((client, frozenset(engagements)) for (_pk, client), engagements in found.items())


def ground_in(workspaces: Iterable[Workspace]) -> Ground:
    """The same of workspaces whose coverage was fetched with them."""
    return Ground.of(
        (each.client_id, frozenset(one.engagement_id for one in each.coverage.all())) for each in workspaces
    )


def workspaces_in(scope: Scope, *roles: Role) -> QuerySet[Workspace]:
    """Those that are connected now."""
    return ever_connected(scope, *roles).filter(ended_at=None)


def workspace_for(scope: Scope, pk: int, *roles: Role) -> Workspace | None:
    """Also one that was disconnected: its page stays."""
    return ever_connected(scope, *roles).filter(pk=pk).first()


@dataclass(frozen=True, slots=True)
class Standing:
    """May a connection be used now? Seconds, by the clock of the database: the same for every worker.

    `opened` is None while the circuit is closed, and 0 or less when its time is over and one read may try it.
    """

    name: str
    paused: float = 0.0
    opened: float | None = None
    troubles: int = 0

    @property
    def shut(self) -> float:
        """For how long nobody calls."""
        return max(0.0, self.paused, self.opened or 0.0)

    @property
    def why(self) -> str:
        if self.paused > 0 or self.opened is None:
            return ASKED_TO_WAIT
        return f"{NO_CLEAR_ANSWER} {self.name} {self.troubles} times in a row; one read tries it"


# By hand, since it is asked before each call: see `work.clock`.
SECONDS_LEFT = {
    "postgresql": "extract(epoch FROM {} - statement_timestamp())::float8",
    "sqlite": "(julianday({}) - julianday('now')) * 86400.0",
}
STANDING = "SELECT name, {paused}, {opened}, troubles FROM connections_workspace WHERE id = %s"


def standing(pk: int) -> Standing:
    left = SECONDS_LEFT[connection.vendor]
    asked = STANDING.format(paused=left.format("paused_until"), opened=left.format("open_until"))
    with connection.cursor() as cursor:
        cursor.execute(asked, [pk])
        name, paused, opened, troubles = cursor.fetchone()
    return Standing(name, paused or 0.0, opened, troubles)


def facts_of(workspace: Workspace) -> dict[str, str]:
    return {
        "workspace": workspace.name,
        "segment_id": workspace.segment_id,
        "token": f"…{workspace.token_last4}",
    }


def hours_of(workspace: Workspace) -> SupportHours | None:
    """When somebody at the client can help with it; None where nobody said."""
    if not workspace.support_days or not workspace.support_from or not workspace.support_until:
        return None
    zone = ZoneInfo(workspace.client.time_zone or settings.TIME_ZONE)
    return SupportHours(workspace.support_days, workspace.support_from, workspace.support_until, zone)


def wanted_in(scope: Scope, *roles: Role) -> QuerySet[Wanted]:
    """Workspaces of the user's clients that somebody was asked to connect and has not yet."""
    found = Wanted.objects.filter(ended_at=None, client__in=clients_in(scope, *roles))
    return found.select_related("client", "owner", "asked_by")


def may_keep(client: Client, today: date) -> list[User]:
    """Who can look after this client's connections, by name."""
    own = frozenset({client.pk})
    return [user for user, scope in people_holding(KEEPS, today) if scope.covers(own, *KEEPS)]


def owners_of(workspace: Workspace, today: date) -> list[User]:
    """Who is named as its owner and can still look after it, by name."""
    named = set(workspace.owners.values_list("user", flat=True))
    return [user for user in may_keep(workspace.client, today) if user.pk in named] if named else []


def keepers(workspace: Workspace, today: date) -> list[User]:
    """Who is told what is wrong with it: its owners; everybody who can look after it where none is left."""
    return owners_of(workspace, today) or may_keep(workspace.client, today)
