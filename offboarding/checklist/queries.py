from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from offboarding.checklist.book import by_reason, playbook
from offboarding.checklist.models import Plan
from offboarding.checklist.rules import Found, Playbook, Subject
from offboarding.discovery.merging import split
from offboarding.discovery.models import Snapshot
from offboarding.discovery.queries import held_lately, newest_snapshots
from offboarding.discovery.rules import unknown
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import places_of
from offboarding.removals.rules import Choice

# What was held so long before an emergency counts as held when it began.
LATELY = timedelta(days=1)
SERVICE_ACCOUNT = "service-account"
SHIPPED = Path(__file__).parent / "playbooks"


@cache
def shipped_playbook(name: str = "standard") -> Playbook:
    data = tomllib.loads((SHIPPED / f"{name}.toml").read_text(encoding="utf-8"))
    first, base = (shipped_playbook(data[name]) if name in data else None for name in ("after", "extends"))
    return playbook(data, first, base)


@cache
def shipped_by_reason() -> dict[str, str]:
    """The name of the playbook for each reason of the catalogue that has one of its own."""
    names = sorted(path.stem for path in SHIPPED.glob("*.toml"))
    return by_reason((name, shipped_playbook(name)) for name in names)


def playbook_of(reason: str, machine: bool = False) -> Playbook:
    """The playbook for a reason; that of service accounts for every one of them, whatever the reason."""
    return shipped_playbook(SERVICE_ACCOUNT if machine else shipped_by_reason().get(reason, "standard"))


def playbook_for(removal: RemovalRequest) -> Playbook:
    if removal.emergency:
        return shipped_playbook("emergency")
    return (
        shipped_playbook("restore") if removal.restores_id else playbook_of(removal.reason, removal.machine)
    )


def subject_of(removal: RemovalRequest) -> Subject:
    return Subject(
        removal.reference,
        removal.person_name or removal.email,
        removal.going,
        removal.handover,
        removal.owner,
        removal.consumers,
        removal.stays,
    )


def newest_plan(removal: RemovalRequest) -> Plan | None:
    return removal.plans.order_by("-version").first()


def plan_under_way(removal: RemovalRequest) -> Plan | None:
    """The newest plan without its long body: for whoever asks often and only needs to know which it is."""
    return removal.plans.defer("body").order_by("-version").first()


def found_places(removal: RemovalRequest) -> list[Found]:
    """The places of a removal with the newest snapshot of each."""
    places, again = places_of(removal), playbook_for(removal).gives_again
    zone, restores = ZoneInfo(removal.time_zone or "UTC"), removal.restores
    newest = snapshots_for(removal, [place.workspace_id for place in places])
    not_read = unknown("It was not read before the request was sent.")
    seen = {
        place.workspace_id: newest[place.workspace_id].sighting if place.workspace_id in newest else not_read
        for place in places
    }
    parts = {pk: split(each, removal.stays) for pk, each in seen.items()} if removal.stays else {}
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
            seen=parts[place.workspace_id][0] if parts else seen[place.workspace_id],
            stays=removal.stays,
            staying=parts[place.workspace_id][1] if parts else None,
            ends_at=place.ends_at.astimezone(zone) if place.ends_at else None,
            restores=restores.reference if restores else "",
            taken=frozenset(place.taken.split()),
            again=again and place.choice == Choice.REMOVE,
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
