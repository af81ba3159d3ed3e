from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from offboarding.checklist.models import Plan
from offboarding.directory.rules import Scope
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, History, Result, Work
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.removals.rules import Stage
from offboarding.work.rules import State


def runs_of(plan: Plan) -> list[Run]:
    """Every run of the plan in the checklist's order, with what pages show beside it."""
    found = Run.objects.filter(item__plan=plan).select_related("item__workspace", "assigned_to", "ended_by")
    return list(found.order_by("item__number").prefetch_related("proofs__evidence"))


def run_for(removal: RemovalRequest, number: int) -> Run | None:
    found = Run.objects.filter(item__plan__removal=removal, item__number=number)
    return found.select_related("item__plan", "item__workspace", "assigned_to", "ended_by").first()


def steps_waiting_for_people(scope: Scope) -> list[Run]:
    """What needs a person, in running removals within the user's sight, the first to be due on top."""
    removals = removals_for(scope).filter(stage=Stage.RUNNING)
    found = Run.objects.filter(state=State.NEEDS_PERSON, item__plan__removal__in=removals)
    return list(found.select_related("item__plan__removal", "item__workspace").order_by("item__due_at", "pk"))


def work_of(run: Run) -> Work:
    target = run.item.target
    return Work(
        workspace=run.item.workspace.name if run.item.workspace else "",
        addresses=tuple(target["addresses"]),
        accounts=tuple((each["id"], each["email"]) for each in target.get("accounts", ())),
        target=target,
        since=run.item.plan.removal.started_at or datetime.now(UTC),
    )


def history_of(attempts: Sequence[Attempt]) -> History:
    """Count what is behind a run. A call without a result was cut off: its effect is unknown."""
    accepted = doubtful = looks = troubles = 0
    for attempt in attempts:
        if attempt.act == Act.CALL and attempt.result == Result.ACCEPTED:
            accepted, looks, troubles = accepted + 1, 0, 0
        elif attempt.act == Act.CALL and attempt.result in ("", Result.UNKNOWN):
            doubtful, looks = doubtful + 1, 0
        elif attempt.result == Result.SEEN:
            looks, troubles = looks + 1, 0
        elif attempt.result == Result.NOT_APPLIED:
            troubles += 1
    return History(accepted, doubtful, looks, troubles)
