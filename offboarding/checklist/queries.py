from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from offboarding.checklist.book import playbook
from offboarding.checklist.models import Plan
from offboarding.checklist.rules import Found, Playbook
from offboarding.discovery.models import Snapshot
from offboarding.discovery.queries import held_lately, newest_snapshots
from offboarding.discovery.rules import unknown
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import places_of
from offboarding.removals.rules import Choice

# What was held so long before an emergency counts as held when it began.
LATELY = timedelta(days=1)
SHIPPED = Path(__file__).parent / "playbooks"


@cache
def shipped_playbook(name: str = "standard") -> Playbook:
    data = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    return playbook(data, shipped_playbook(data["after"]) if "after" in data else None)


def playbook_for(removal: RemovalRequest) -> Playbook:
    if removal.emergency:
        return shipped_playbook("emergency")
    return shipped_playbook("restore" if removal.restores_id else "standard")


def newest_plan(removal: RemovalRequest) -> Plan | None:
    return removal.plans.order_by("-version").first()


def plan_under_way(removal: RemovalRequest) -> Plan | None:
    """The newest plan without its long body: for whoever asks often and only needs to know which it is."""
    return removal.plans.defer("body").order_by("-version").first()


def found_places(removal: RemovalRequest) -> list[Found]:
    """The places of a removal with the newest snapshot of each."""
    places = places_of(removal)
    zone, restores = ZoneInfo(removal.time_zone or "UTC"), removal.restores
    newest = snapshots_for(removal, [place.workspace_id for place in places])
    return [
        Found(
            workspace_id=place.workspace_id,
            workspace=place.workspace.name,
            client=place.workspace.client.name,
            environment=place.workspace.environment,
            region=place.workspace.region,
            managed_by=place.workspace.managed_by,
            provider_group=place.workspace.provider_group,
            choice=Choice(place.choice),
            until=place.until,
            reason=place.reason,
            seen=newest[place.workspace_id].sighting
            if place.workspace_id in newest
            else unknown("It was not read before the request was sent."),
            ends_at=place.ends_at.astimezone(zone) if place.ends_at else None,
            restores=restores.reference if restores else "",
            taken=frozenset(place.taken.split()),
        )
        for place in places
    ]


def snapshots_for(removal: RemovalRequest, workspaces: Sequence[int]) -> dict[int, Snapshot]:
    """By workspace, what a plan is made from: the newest look.

    For a restoration what the original's plan froze. For an emergency the newest look that saw something: the next one may
    already see what the emergency did.
    """
    plan = newest_plan(removal.restores) if removal.restores else None
    if removal.emergency:
        return held_lately(removal.person, workspaces, removal.created_at - LATELY)
    if plan is None:
        return newest_snapshots(removal.person, workspaces)
    return {
        each.workspace_id: each for each in plan.snapshots.filter(workspace__in=workspaces).order_by("pk")
    }
