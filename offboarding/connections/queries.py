from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from offboarding.connections.models import Wanted, Workspace
from offboarding.connections.rules import SupportHours
from offboarding.directory.models import Client
from offboarding.directory.queries import clients_in, people_holding
from offboarding.directory.rules import Scope
from offboarding.users.models import User
from offboarding.users.rules import Role

KEEPS = (Role.OPERATOR, Role.ADMINISTRATOR)

ASKED_TO_WAIT = "Segment asked us to wait"
NO_CLEAR_ANSWER = "Segment gave no clear answer for"


def ever_connected(scope: Scope, *roles: Role) -> QuerySet[Workspace]:
    """The workspaces that the user may know of, in the order in which every page lists them."""
    return Workspace.objects.filter(client__in=clients_in(scope, *roles)).select_related("client")


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
