"""What the database knows of a removal's own events in the audit trail. Reads only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef

from offboarding.checklist.models import Plan
from offboarding.directory.queries import addresses_of
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Cause, Result
from offboarding.lib.addresses import fold
from offboarding.removals.rules import Stage
from offboarding.trail import queries as trail
from offboarding.verification.trail import Wanted
from offboarding.work.rules import State


def trail_of(run: Run) -> dict[str, Any]:
    """What our copy has about the run's place since the removal began, and what is needed to read it. Five queries."""
    place, removal = run.item.workspace, run.item.plan.removal
    assert place is not None
    wanted, since = wanted_by(run), (removal.started_at or run.created_at) - timedelta(minutes=1)
    copy = trail.copy_of(place)
    kept = trail.kept_about(place, wanted.ids, wanted.addresses, since)
    return {
        "wanted": wanted,
        "kept": [(each.told, each.raw) for each in kept],
        "ours": tuple(copy.ours) if copy else (),
        "collaborators": addresses_of(place.client),
        "looks": run.attempts.filter(act=Act.LOOK, result=Result.SEEN).count(),
    }


def wanted_by(run: Run) -> Wanted:
    target = run.item.target
    accounts = [(each["id"], each["email"]) for each in target.get("accounts", ())]
    emails = {fold(each) for each in (*target["addresses"], *(email for _, email in accounts))}
    return Wanted(
        frozenset(key for key, _ in accounts), frozenset(emails), str(target.get("choice", "remove"))
    )


def calls_in(run: Run) -> list[datetime]:
    """When our own calls in the run's workspace began, as far as they may have had an effect."""
    calls = Attempt.objects.filter(
        run__item__plan=run.item.plan_id, run__item__workspace=run.item.workspace_id, act=Act.CALL
    ).exclude(result__in=[Result.NOT_APPLIED, Result.ABSENT])
    return list(calls.values_list("begun_at", flat=True))


def told_meanwhile() -> list[Run]:
    """Steps that gave up on the audit trail, and whose events are in our copy by now.

    One query, and one more for each step whose workspace has brought something new since it gave up.
    """
    stopped = Run.objects.filter(
        state=State.NEEDS_PERSON, cause=Cause.NO_EVENT, item__plan__removal__stage=Stage.RUNNING
    )
    found = stopped.filter(trail.brought_something(OuterRef("item__workspace"), OuterRef("touched_at")))
    beside = found.select_related("item__plan__removal", "item__workspace").defer("item__plan__body")
    return [run for run in beside if has_events(run)]


def has_events(run: Run) -> bool:
    wanted, since = (
        wanted_by(run),
        (run.item.plan.removal.started_at or run.created_at) - timedelta(minutes=1),
    )
    assert run.item.workspace is not None
    kept = trail.kept_about(run.item.workspace, wanted.ids, wanted.addresses, since)
    return any(wanted.traces(each.told) for each in kept)


def in_our_copy(plan: Plan) -> set[int]:
    """Workspaces whose own events of this removal were found: they are kept. One query."""
    found = Attempt.objects.filter(
        run__item__plan=plan, run__item__step="verify.audit_events", facts__has_key="events"
    )
    return {pk for pk in found.values_list("run__item__workspace_id", flat=True) if pk is not None}


def trail_attempts(plan: Plan) -> list[Attempt]:
    """The newest look at the audit trail of each place that saw something, in the order of the plan. One query."""
    found = Attempt.objects.filter(
        run__item__plan=plan, run__item__step="verify.audit_events", result=Result.SEEN
    ).order_by("run__item__number", "number")
    return list(
        {each.run_id: each for each in found.select_related("run__item__workspace", "exchanges")}.values()
    )
