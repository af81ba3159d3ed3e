from __future__ import annotations

from django.db.models import QuerySet

from offboarding.connections.models import Workspace
from offboarding.directory.queries import clients_in
from offboarding.directory.rules import Scope
from offboarding.users.rules import Role


def workspaces_in(scope: Scope, *roles: Role) -> QuerySet[Workspace]:
    """The connected workspaces that the user may know of, in the order in which every page lists them."""
    return Workspace.objects.filter(client__in=clients_in(scope, *roles)).select_related("client")


def workspace_for(scope: Scope, pk: int, *roles: Role) -> Workspace | None:
    return workspaces_in(scope, *roles).filter(pk=pk).first()
