"""Somebody who goes and became a Workspace Owner after the approval: whoever takes them out, so many people approve that."""

from __future__ import annotations

from offboarding.approvals.falling import owner_found
from offboarding.approvals.policies.rules import may_be_owner
from offboarding.discovery.queries import newest_snapshots
from offboarding.execution import queries
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Result


def unapproved_owner(run: Run) -> str:
    """Why an Owner of now does not go yet, where nobody was shown one: so many people approve that. Empty if they have."""
    if run.item.step == "segment.end_access" or may_be_owner(queries.planned_place(run)):
        return ""
    removal, place = run.item.plan.removal, run.item.workspace
    who = removal.person_name or removal.email
    return owner_found(
        run.item.plan, f"{who} is Workspace Owner of {place} now, and was not when this was approved."
    )


def unapproved_by_hand(run: Run) -> str:
    """The same where a person does it: by what was seen there last, since nothing looks while they work."""
    taking = run.item.phase == "remove" and run.item.workspace_id is not None
    return unapproved_owner(run) if taking and seen_as_owner(run) else ""


def seen_as_owner(run: Run) -> bool:
    """By the newest of the looks of these steps and of the snapshots in this workspace. Two queries."""
    plan, place = run.item.plan, run.item.workspace_id
    there = Attempt.objects.filter(
        run__item__plan=plan, run__item__workspace=place, run__item__phase="remove", act=Act.LOOK
    )
    look = there.filter(result=Result.SEEN).order_by("-closed_at", "-pk").first()
    snapshot = newest_snapshots(plan.removal.person, [place] if place else []).get(place or 0)
    if look and look.closed_at and (snapshot is None or snapshot.taken_at <= look.closed_at):
        return bool(look.facts.get("owner"))
    return snapshot is not None and bool(snapshot.sighting.owner)
