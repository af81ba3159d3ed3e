"""What the database knows of a removal's own events in the audit trail. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from offboarding.checklist.models import Plan
from offboarding.directory.queries import addresses_of
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Cause, Result
from offboarding.lib.addresses import fold
from offboarding.removals.rules import Stage
from offboarding.trail import queries as trail
from offboarding.verification.models import Trace
from offboarding.verification.trail import Wanted
from offboarding.work.rules import State

STEP = "verify.audit_events"
LOOKS = Q(item__step=STEP)


def trail_of(run: Run) -> dict[str, Any]:
    """What our copy has about the run's place since the removal began, and what is needed to read it. Six queries."""
    place = run.item.workspace
    assert place is not None
    wanted, copy = wanted_by(run), trail.copy_of(place)
    kept = trail.kept_about(place, wanted.ids, wanted.addresses, since_of(run))
    return {
        "wanted": wanted,
        "kept": [(each.told, each.raw) for each in kept],
        "ours": tuple(copy.ours) if copy else (),
        "collaborators": addresses_of(place.client),
        "calls": calls_in(run),
        "looks": run.attempts.filter(act=Act.LOOK, result=Result.SEEN).count(),
    }


def wanted_by(run: Run) -> Wanted:
    target = run.item.target
    accounts = [(each["id"], each["email"]) for each in target.get("accounts", ())]
    emails = {fold(each) for each in (*target["addresses"], *(email for _, email in accounts))}
    return Wanted(
        frozenset(key for key, _ in accounts), frozenset(emails), str(target.get("choice", "remove"))
    )


def since_of(run: Run) -> datetime:
    """From when on events may be the removal's own: a little before it began, since the two clocks may differ."""
    return (run.item.plan.removal.started_at or run.created_at) - timedelta(minutes=1)


def facts_kept(run: Run) -> list[dict[str, Any]]:
    """The events that looks of this step found, and those that came later. Two queries."""
    looks = run.attempts.filter(facts__has_key="events").values_list("facts", flat=True)
    return [each for facts in looks for each in facts["events"]] + list(
        run.traces.values_list("event", flat=True)
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
    wanted = wanted_by(run)
    assert run.item.workspace is not None
    kept = trail.kept_about(run.item.workspace, wanted.ids, wanted.addresses, since_of(run))
    return any(wanted.traces(each.told) for each in kept)


def in_our_copy(plan: Plan) -> set[int]:
    """Workspaces whose own events of this removal were found: they are kept. One query."""
    looks = Attempt.objects.filter(run=OuterRef("pk"), facts__has_key="events")
    traces = Trace.objects.filter(run=OuterRef("pk"))
    found = Run.objects.filter(LOOKS, Exists(looks) | Exists(traces), item__plan=plan)
    return {pk for pk in found.values_list("item__workspace_id", flat=True) if pk is not None}


def trail_attempts(plan: Plan) -> list[Attempt]:
    """The newest look at the audit trail of each place that saw something, in the order of the plan. One query."""
    found = Attempt.objects.filter(run__item__plan=plan, run__item__step=STEP, result=Result.SEEN).order_by(
        "run__item__number", "number"
    )
    return list(
        {each.run_id: each for each in found.select_related("run__item__workspace", "exchanges")}.values()
    )


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """One of the removal's own events. `facts` are as a look keeps them, see `trail.as_facts`."""

    number: int
    at: datetime
    workspace: str
    facts: Mapping[str, Any]


def events_of(plan: Plan) -> list[FoundEvent]:
    """Each event that a look found or that came later, once, oldest first. Two queries."""
    looks = Attempt.objects.filter(run__item__plan=plan, run__item__step=STEP, facts__has_key="events")
    told = ("run__item__workspace__name",)
    found = [(place, each) for facts, place in looks.values_list("facts", *told) for each in facts["events"]]
    traces = Trace.objects.filter(run__item__plan=plan)
    found += [(place, event) for event, place in traces.values_list("event", *told)]
    once = {(place, each["id"]): each for place, each in found}
    ordered = sorted(once.items(), key=lambda pair: (pair[1]["at"], pair[0]))
    return [
        FoundEvent(number, datetime.fromisoformat(each["at"]), place or "", each)
        for number, ((place, _key), each) in enumerate(ordered, start=1)
    ]


def traces_of(plan: Plan, until: datetime) -> list[Trace]:
    """What came after the looks and until then, in the order in which it came. One query.

    `until` is when a version of the packet was ordered: what came after it is told by the next one.
    """
    found = Trace.objects.filter(run__item__plan=plan, at__lte=until)
    return list(found.select_related("run__item__workspace", "evidence"))
