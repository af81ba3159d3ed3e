from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max

from offboarding.connections.models import Workspace
from offboarding.discovery.models import Look, Snapshot
from offboarding.discovery.rules import Outcome


def newest_looks(person: str, workspaces: Iterable[Workspace]) -> dict[int, Look]:
    """By workspace, the newest look for this person."""
    newest = (
        Look.objects.filter(person=person, workspace__in=[each.pk for each in workspaces])
        .values("workspace")
        .annotate(newest=Max("pk"))
    )
    found = Look.objects.filter(pk__in=[row["newest"] for row in newest]).select_related("snapshot")
    return {look.workspace_id: look for look in found}


def held_lately(person: str, workspaces: Iterable[int], since: datetime) -> dict[int, Snapshot]:
    """By workspace, the newest snapshot since then that saw access; where none did, the newest of all. 4 queries."""
    places = list(workspaces)
    held = Snapshot.objects.filter(
        person=person,
        workspace__in=places,
        taken_at__gte=since,
        data__outcome__in=[Outcome.MEMBER.value, Outcome.INVITED.value],
    )
    newest = held.values("workspace").annotate(newest=Max("pk")).values_list("newest", flat=True)
    found = {
        each.workspace_id: each for each in Snapshot.objects.filter(pk__in=list(newest)).select_related("raw")
    }
    return newest_snapshots(person, places) | found


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


def newest_reads(workspace: Workspace, most: int) -> list[Look]:
    """The newest looks into one workspace, whoever was looked for. Two queries."""
    return list(Look.objects.filter(workspace=workspace).select_related("asked_by").order_by("-pk")[:most])
