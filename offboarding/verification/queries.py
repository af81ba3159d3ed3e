from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Max, Q, QuerySet

from offboarding.checklist.models import Plan
from offboarding.checklist.rules import GIVING, Kind, Phase
from offboarding.directory.rules import Scope
from offboarding.discovery.rules import Outcome, sighting
from offboarding.execution.models import Attempt, Run
from offboarding.execution.rules import Act, Ended, Result, Seen
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import removals_for
from offboarding.removals.rules import Stage
from offboarding.spelled import Asked
from offboarding.verification.models import Finding, Measurement
from offboarding.verification.rules import Doing, Now, Told, standing
from offboarding.work.rules import ENDED, State

# The step with which an emergency begins: it looks before it acts, whatever was known.
CONTAINS = "segment.contain"


@dataclass(frozen=True, slots=True)
class PlaceStanding:
    """Before, planned and now of one place, with the runs that belong to it."""

    workspace_id: int
    workspace: str
    client: str
    environment: str
    region: str
    before: str
    planned: str
    choice: str
    now: Now
    says: str
    at: datetime | None
    finding: Finding | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """One removal's newest plan, with its runs and findings."""

    plan: Plan
    runs: tuple[Run, ...]
    findings: tuple[Finding, ...]
    restored: Mapping[int, str]


AT_PLAN = "attempt__run__item__plan"


def progress_of(removals: Sequence[RemovalRequest]) -> dict[int, Progress]:
    """By removal, how far it is; removals without a plan are left out. Five queries, however many there are."""
    plans = {plan.removal_id: plan for plan in Plan.objects.filter(removal__in=removals).order_by("version")}
    runs: dict[int, list[Run]] = {}
    removal_of = {plan.pk: pk for pk, plan in plans.items()}
    of_plans = Run.objects.filter(item__plan__in=plans.values())
    whole = of_plans.select_related("item").defer("item__how", "item__target")
    for run in whole.prefetch_related("item__workspace"):
        runs.setdefault(removal_of[run.item.plan_id], []).append(run)
    findings: dict[int, list[Finding]] = {}
    found = Finding.objects.filter(attempt__run__item__plan__in=plans.values())
    for finding in found.select_related(AT_PLAN).defer(f"{AT_PLAN}__body"):
        findings.setdefault(finding.attempt.run.item.plan.removal_id, []).append(finding)
    restored = restored_now(removals)
    return {
        pk: Progress(plan, tuple(runs.get(pk, ())), tuple(findings.get(pk, ())), restored.get(pk, NOBODY))
        for pk, plan in plans.items()
    }


def came_back(scope: Scope) -> list[Finding]:
    """Places where the newest check saw access that was verified gone before, newest first."""
    newest = (
        Finding.objects.filter(attempt__run__item__plan__removal__in=removals_for(scope))
        .values("attempt__run__item__plan__removal", "attempt__run__item__workspace")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    found = Finding.objects.filter(pk__in=newest, came_back=True).order_by("-pk")
    whole = (f"{AT_PLAN}__removal", "attempt__run__item__workspace")
    return list(found.select_related(*whole).defer(f"{AT_PLAN}__body"))


def gone_before(run: Run) -> bool:
    """True if an earlier check of this removal saw nothing left in the run's workspace."""
    assert run.item.workspace_id is not None
    return bool(absent_in(run.item.plan.removal_id, run.item.workspace_id))


@Asked
def absent_in(removal: int, place: int) -> QuerySet[Finding, int]:
    found = Finding.objects.filter(
        attempt__run__item__plan__removal=removal, attempt__run__item__workspace=place, seen=Seen.ABSENT
    )
    return found.values_list("pk", flat=True)[:1]


def findings_of(removal: RemovalRequest) -> list[Finding]:
    """Every finding, oldest first."""
    found = Finding.objects.filter(attempt__run__item__plan__removal=removal)
    return list(found.select_related("attempt__run__item__workspace", "attempt__exchanges"))


def newest_by_workspace(findings: Sequence[Finding]) -> dict[int, Finding]:
    return {
        finding.attempt.run.item.workspace_id: finding
        for finding in findings
        if finding.attempt.run.item.workspace_id is not None
    }


def restored_now(removals: Iterable[RemovalRequest]) -> dict[int, dict[int, str]]:
    """By removal and workspace, which restoration gives access there at this moment. One query."""
    runs = Run.objects.filter(
        item__plan__removal__restores__in=[removal.pk for removal in removals],
        item__plan__removal__stage=Stage.RUNNING,
        item__step__in=("segment.give_back", "segment.end_access"),
    )
    runs = runs.select_related("item__plan__removal").defer("item__plan__body")
    given, open_ = {}, set()
    for run in runs:
        made, place = run.item.plan.removal, run.item.workspace_id
        if run.item.step == "segment.give_back" and run.state == State.DONE:
            given[made.restores_id, place] = made.reference
        elif run.item.step == "segment.end_access" and State(run.state) not in ENDED:
            open_.add((made.restores_id, place))
    found: dict[int, dict[int, str]] = {}
    for (removal, place), reference in given.items():
        if removal and place and (removal, place) in open_:
            found.setdefault(removal, {})[place] = reference
    return found


NOBODY: Mapping[int, str] = {}


def kept_at_the_start(plans: Sequence[Plan]) -> dict[int, dict[int, str]]:
    """By plan and workspace, what the first look of an emergency's own step saw where nobody had looked before. One query."""
    looks = Attempt.objects.filter(
        run__item__plan__in=plans, run__item__step=CONTAINS, act=Act.LOOK, result=Result.SEEN
    ).order_by("number", "pk")
    found: dict[int, dict[int, str]] = {}
    for look in looks.select_related("run__item"):
        item = look.run.item
        if item.workspace_id and "sighting" in look.facts:
            says = sighting(look.facts["sighting"]).says()
            found.setdefault(item.plan_id, {}).setdefault(item.workspace_id, says)
    return found


def standings(
    plan: Plan,
    runs: Sequence[Run],
    findings: Sequence[Finding],
    restored: Mapping[int, str] = NOBODY,
    kept: Mapping[int, str] = NOBODY,
) -> list[PlaceStanding]:
    """How each place of the plan stands, in the plan's order. No queries.

    `restored`: by workspace, the restoration that gives access there now. What it gives is not called gone.
    `kept`: what was there before, where the plan could not know it.
    """
    newest = newest_by_workspace(findings)
    own: dict[int | None, list[Run]] = {}
    for run in runs:
        own.setdefault(run.item.workspace_id, []).append(run)
    places = [
        place_standing(place, tuple(own.get(place["workspace_id"], ())), newest.get(place["workspace_id"]))
        for place in with_kept(plan, kept)
    ]
    return [given_for_now(place, restored.get(place.workspace_id, "")) for place in places]


def with_kept(plan: Plan, kept: Mapping[int, str]) -> list[dict[str, Any]]:
    return [
        {**place, "before": kept[place["workspace_id"]]}
        if place["outcome"] == Outcome.UNKNOWN and place["workspace_id"] in kept
        else place
        for place in plan.data["places"]
    ]


def given_for_now(place: PlaceStanding, reference: str) -> PlaceStanding:
    if not reference or place.now not in (Now.VERIFIED, Now.CALLED):
        return place
    return replace(place, now=Now.KEPT, says=f"On purpose, by {reference}, until its end", at=None)


def place_standing(place: dict[str, Any], own: tuple[Run, ...], finding: Finding | None) -> PlaceStanding:
    told = told_by(finding) if finding else None
    now, says = standing(place["choice"], [doing(run) for run in own if counts(run)], told)
    return PlaceStanding(
        workspace_id=place["workspace_id"],
        workspace=place["workspace"],
        client=place["client"],
        environment=place["environment"],
        region=place["region"],
        before=place["before"],
        planned=place["planned"],
        choice=place["choice"],
        now=now,
        says=says,
        at=finding.at if finding and now in (Now.VERIFIED, Now.CAME_BACK) else None,
        finding=finding,
        runs=own,
    )


def told_by(finding: Finding) -> Told:
    late = finding.attempt.run.item.phase == Phase.FOLLOW_UP
    return Told(Seen(finding.seen), finding.came_back, finding.says, late)


def counts(run: Run) -> bool:
    """Fetching audit events, keys, and taking people out of a provider's group say nothing about the place itself."""
    return tells_of_place(run.item.kind, run.item.phase, run.item.step)


def tells_of_place(kind: str, phase: str, step: str) -> bool:
    acts = step.startswith("segment.") and phase != Phase.ROTATE
    return kind == Kind.VERIFICATION or acts or phase == Phase.REMOVE


def doing(run: Run) -> Doing:
    return Doing(
        verifies=run.item.kind == Kind.VERIFICATION,
        follow_up=run.item.phase == Phase.FOLLOW_UP,
        state=State(run.state),
        ended=run.ended,
        sentence=run.sentence,
        waiting_for=run.waiting_for,
        gives=run.item.phase in GIVING,
        again=run.item.phase == Phase.RETURN,
    )


# ---------------------------------------------------------------- what arrives


@dataclass(frozen=True, slots=True)
class Acts:
    """When the work in one workspace began and ended, as far as it has been done."""

    first: datetime
    last: datetime


def acts_in(run: Run) -> Acts:
    """The calls that may have had an effect in the run's workspace, and what people did by hand there."""
    plan, place = run.item.plan, run.item.workspace_id
    assert place is not None
    moments = [at for at in (*called_in(plan.pk, place), *by_hand_in(plan.pk, place)) if at]
    begun = plan.removal.started_at or run.created_at
    return Acts(min(moments, default=begun), max(moments, default=begun))


@Asked
def called_in(plan: int, place: int) -> QuerySet[Attempt, datetime]:
    calls = Attempt.objects.filter(run__item__plan=plan, run__item__workspace=place, act=Act.CALL)
    return calls.exclude(result__in=[Result.NOT_APPLIED, Result.ABSENT]).values_list("begun_at", flat=True)


@Asked
def by_hand_in(plan: int, place: int) -> QuerySet[Run, datetime | None]:
    hands = Run.objects.filter(
        Q(item__workspace=place) | Q(item__workspace=None),
        item__plan=plan,
        item__phase__in=[Phase.REMOVE, Phase.ROTATE],
        ended=Ended.BY_HAND,
    )
    return hands.values_list("ended_at", flat=True)


def measured_before(run: Run) -> Measurement | None:
    """The newest measurement of the same workspace before the work of this plan."""
    found = Measurement.objects.filter(
        attempt__run__item__plan=run.item.plan_id,
        attempt__run__item__workspace=run.item.workspace_id,
        when=Measurement.When.BEFORE,
    )
    return found.last()


def measurements_of(plan: Plan) -> list[Measurement]:
    """Every measurement, oldest first. One query."""
    found = Measurement.objects.filter(attempt__run__item__plan=plan)
    return list(found.select_related("attempt__run__item__workspace", "attempt__exchanges"))
