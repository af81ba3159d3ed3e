from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Max

from offboarding.connections.models import Workspace
from offboarding.discovery.models import Look, Snapshot


def newest_looks(person: str, workspaces: Iterable[Workspace]) -> dict[int, Look]:
    """By workspace, the newest look for this person."""
    newest = (
        Look.objects.filter(person=person, workspace__in=[each.pk for each in workspaces])
        .values("workspace")
        .annotate(newest=Max("pk"))
    )
    found = Look.objects.filter(pk__in=[row["newest"] for row in newest]).select_related("snapshot")
    return {look.workspace_id: look for look in found}


def newest_snapshots(person: str, workspaces: Iterable[int]) -> dict[int, Snapshot]:
    """By workspace, the newest snapshot of this person."""
    return newest_of([person], workspaces)


def newest_of(persons: Iterable[str], workspaces: Iterable[int]) -> dict[int, Snapshot]:
    """By workspace, the newest snapshot of a person who was looked for under several sets of addresses. Two queries."""
    newest = (
        Snapshot.objects.filter(person__in=list(persons), workspace__in=list(workspaces))
        .values("workspace")
        .annotate(newest=Max("pk"))
    )
    found = Snapshot.objects.filter(pk__in=[row["newest"] for row in newest]).select_related("raw")
    return {snapshot.workspace_id: snapshot for snapshot in found}
