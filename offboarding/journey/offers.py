"""Which places of a request can get access back, and why not the others. Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from offboarding.checklist.models import Plan
from offboarding.connections.models import Workspace
from offboarding.discovery.merging import split
from offboarding.discovery.rules import Outcome
from offboarding.execution.models import Run
from offboarding.execution.queries import runs_of
from offboarding.journey.rules import Taken, why_not_restored
from offboarding.removals.models import RemovalRequest
from offboarding.verification.queries import findings_of, standings
from offboarding.work.rules import ENDED, State


@dataclass(frozen=True, slots=True)
class Offer:
    """One place that a request changed. `held` says what comes back; `why_not` is empty where it can."""

    workspace: Workspace
    held: str
    why_not: str


def offers_of(original: RemovalRequest, plan: Plan) -> list[Offer]:
    snapshots = {
        each.workspace_id: each for each in plan.snapshots.select_related("workspace__client").order_by("pk")
    }
    found = []
    for place in standings(plan, runs_of(plan), findings_of(original)):
        snapshot = snapshots.get(place.workspace_id)
        if place.choice == "keep" or snapshot is None:
            continue
        sighting = split(snapshot.sighting, original.stays)[0] if original.stays else snapshot.sighting
        taken = taken_from(place.runs, sighting.outcome is Outcome.MEMBER)
        found.append(Offer(snapshot.workspace, sighting.says(), why_not_restored(taken)))
    return found


def taken_from(runs: tuple[Run, ...], member: bool) -> Taken:
    own = [run for run in runs if takes_away(run) and run.item.phase != "follow-up"]
    return Taken(
        member=member,
        ended=bool(own) and all(State(run.state) in ENDED for run in own),
        taken=any(run.state == State.DONE and run.item.phase == "remove" for run in own),
    )


def takes_away(run: Run) -> bool:
    """Takes access away, or reads the place afterwards."""
    return run.item.phase == "remove" or run.item.step == "verify.place"


def restorations_of(original: RemovalRequest) -> list[RemovalRequest]:
    """Every restoration that was asked for, the newest first."""
    return list(original.restorations.exclude(filed_at=None))
