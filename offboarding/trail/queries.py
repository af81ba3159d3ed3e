"""What our copy of the audit trails holds, and how far it reaches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import Exists, Max, OuterRef, Q, QuerySet

from offboarding.connections.models import Workspace
from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.trail.rules import Kind, Told
from offboarding.work.rules import ENDED

STOPPED = [*(state.value for state in ENDED), "needs_person"]


def copies(workspaces: Iterable[int]) -> dict[int, Copy]:
    """By workspace. None of them was ever copied: it is not in there. One query."""
    return {each.workspace_id: each for each in Copy.objects.filter(workspace__in=list(workspaces))}


def copy_of(workspace: Workspace) -> Copy | None:
    return Copy.objects.filter(workspace=workspace).first()


def newest_harvests(workspace: Workspace, most: int) -> list[Harvest]:
    """Readings and files, the newest first. One query."""
    found = Harvest.objects.filter(workspace=workspace).select_related("asked_by", "file")
    return list(found.order_by("-pk")[:most])


def under_way(workspaces: Iterable[int]) -> set[int]:
    """Workspaces that are being copied now."""
    found = Harvest.objects.filter(workspace__in=list(workspaces)).exclude(state__in=STOPPED)
    return set(found.values_list("workspace_id", flat=True))


def to_copy(now: datetime, every: timedelta) -> list[Workspace]:
    """Workspaces whose last reading was ordered so long ago, or that never had one. Refused tokens are left alone."""
    lately = Harvest.objects.filter(file=None, created_at__gt=now - every).values("workspace")
    busy = Harvest.objects.filter(file=None).exclude(state__in=STOPPED).values("workspace")
    return list(
        Workspace.objects.filter(refused_at=None, ended_at=None).exclude(pk__in=lately).exclude(pk__in=busy)
    )


def brought_something(workspace: OuterRef, since: OuterRef) -> Exists:
    """For a query's rows: a reading or a file that ended since then told of events that were not known before."""
    return Exists(Harvest.objects.filter(workspace=workspace, ended_at__gt=since, new__gt=0))


def kept_since(since: datetime | OuterRef) -> QuerySet[AuditEvent]:
    """Events about somebody's access that were not in our copy before, whenever they happened."""
    return AuditEvent.objects.filter(kept_at__gt=since).exclude(kind=Kind.OTHER.value)


def events_in(workspace: Workspace) -> QuerySet[AuditEvent]:
    """Newest first."""
    return AuditEvent.objects.filter(workspace=workspace).order_by("-at", "-pk")


def told_between(workspace: Workspace, start: datetime, end: datetime) -> list[Told]:
    """Newest first. One query."""
    return [each.told for each in events_in(workspace).filter(at__gte=start, at__lte=end)]


def kept_about(
    workspace: Workspace, ids: Collection[str], addresses: Collection[str], start: datetime
) -> list[AuditEvent]:
    """What was done to one of these accounts or addresses since then, oldest first. One query."""
    found = AuditEvent.objects.filter(workspace=workspace, at__gte=start).order_by("at", "pk")
    return [each for each in found.exclude(kind=Kind.OTHER.value) if each.told.concerns(ids, addresses)]


def endings(workspaces: Collection[int], start: datetime, end: datetime) -> list[AuditEvent]:
    """Events in these workspaces, from `start` until before `end`, that may mean that somebody's access ended."""
    kinds = (Kind.REMOVED, Kind.REVOKED, Kind.MEMBERSHIPS, Kind.LEFT_GROUP)
    found = AuditEvent.objects.filter(kind__in=[kind.value for kind in kinds], at__gte=start, at__lt=end)
    return list(found.filter(workspace__in=list(workspaces)).order_by("at", "pk"))


def counts(workspaces: Sequence[int]) -> int:
    return AuditEvent.objects.filter(workspace__in=list(workspaces)).count()


def newest_event(workspace: Workspace) -> datetime | None:
    found: datetime | None = AuditEvent.objects.filter(workspace=workspace).aggregate(newest=Max("at"))[
        "newest"
    ]
    return found


def of_files(workspace: Workspace) -> Q:
    return Q(workspace=workspace) & ~Q(file=None)
