from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from itertools import takewhile
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate

from offboarding.approvals.models import Asking
from offboarding.approvals.queries import kept_apart
from offboarding.checklist.models import ChecklistItem, Plan
from offboarding.checklist.rules import UNTIL
from offboarding.directory.queries import people_with
from offboarding.directory.rules import Scope
from offboarding.discovery.rules import Sighting
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Attempt, Proof, Run
from offboarding.execution.rules import (
    PAUSED,
    SETTLED,
    STOPPED,
    WORKERS,
    Act,
    Cause,
    History,
    Result,
    Work,
    may_not_work,
)
from offboarding.removals.models import Attachment, RemovalRequest
from offboarding.removals.queries import clients_of, removals_for
from offboarding.removals.rules import Stage
from offboarding.spelled import Asked
from offboarding.users.models import User
from offboarding.work.rules import ENDED, State


def runs_of(plan: Plan) -> list[Run]:
    """Every run of the plan in the checklist's order, with what lists of them show beside it.

    There may be thousands, of few workspaces and people: these are asked for once each, and how to do a step not at all.
    """
    beside = ("item__workspace", "item__added_by", "assigned_to", "ended_by")
    found = Run.objects.filter(item__plan=plan).select_related("item").defer("item__how")
    return list(found.order_by("item__number").prefetch_related(*beside))


def proofs_of(plan: Plan) -> dict[int, list[Proof]]:
    """By run, what people added to show that it is done, oldest first. One query."""
    found: dict[int, list[Proof]] = {}
    for proof in Proof.objects.filter(run__item__plan=plan).select_related("evidence").order_by("pk"):
        found.setdefault(proof.run_id, []).append(proof)
    return found


def runs_numbered(plan: Plan, numbers: Collection[int]) -> dict[int, Run]:
    """The runs of these items, by number."""
    found = Run.objects.filter(item__plan=plan, item__number__in=numbers) if numbers else Run.objects.none()
    whole = found.select_related("item__plan__removal").defer("item__plan__body")
    return {run.item.number: run for run in whole}


def urgent_in(plan: Plan) -> list[Run]:
    """Those that go before everything else."""
    found = Run.objects.filter(item__plan=plan, urgent=True)
    return list(found.select_related("item__plan__removal").defer("item__plan__body"))


UNDER_WAY = Q(item__plan__removal__stage=Stage.RUNNING, item__plan__removal__paused_at=None)


@Asked
def stopped_by_connections() -> QuerySet[Run]:
    """Runs that their connection stopped and that may go on: its token works, or it has answered since they gave up."""
    token = Q(cause=Cause.TOKEN_REFUSED, item__workspace__refused_at=None)
    circuit = Q(cause=Cause.NOT_REACHED, item__workspace__closed_at__gt=F("touched_at"))
    closed = Q(item__plan__removal__stage=Stage.CLOSED)
    causes = [Cause.TOKEN_REFUSED, Cause.NOT_REACHED]
    found = Run.objects.filter(
        token | circuit, UNDER_WAY | closed, state=State.NEEDS_PERSON, cause__in=causes
    )
    return found.select_related("item__plan__removal", "item__workspace").defer("item__plan__body")


@Asked
def rested() -> QuerySet[Run]:
    """Runs that rested during a pause that is over."""
    found = Run.objects.filter(UNDER_WAY, state=State.WAITING, cause=Cause.PAUSED)
    return found.select_related("item__plan__removal").defer("item__plan__body")


@Asked
def approved_again() -> QuerySet[Run]:
    """Runs that waited for another approval, which has been given."""
    fallen = Asking.objects.filter(plan=OuterRef("item__plan")).exclude(fell_at=None)
    found = Run.objects.filter(
        UNDER_WAY | Q(item__plan__removal__stage=Stage.CLOSED),
        ~Exists(fallen),
        state=State.NEEDS_PERSON,
        cause=Cause.APPROVAL_FELL,
    )
    return found.select_related("item__plan__removal").defer("item__plan__body")


def undated(plan: Plan) -> list[Run]:
    """Runs of the follow-ups that have no date yet."""
    found = Run.objects.filter(item__plan=plan, state=State.WAITING, not_before=None).exclude(item__at="")
    return list(found.select_related("item").order_by("item__number"))


def waiting_for_a_turn(plan: Plan) -> list[int]:
    """The numbers of items that wait for other items: for no time, for Segment no more, and not for a pause's end."""
    return waiting_in(plan.pk)


@Asked
def waiting_in(plan: int) -> QuerySet[Run, int]:
    found = Run.objects.filter(item__plan=plan, state=State.WAITING, not_before=None)
    return found.exclude(cause=Cause.PAUSED).values_list("item__number", flat=True)


def over(plan: Plan, helping: Collection[str]) -> set[int]:
    """The numbers of items that hold up nothing any more: settled, or of a `helping` step and stopped."""
    stopped = Q(item__step__in=helping, state__in=STOPPED)
    found = Run.objects.filter(Q(state__in=SETTLED) | stopped, item__plan=plan)
    return set(found.values_list("item__number", flat=True))


def holding_up(plan: Plan) -> set[tuple[str, str]]:
    """Code and state of every item that closing waits for and that has not settled. One query."""
    return set(open_in(plan.pk))


@Asked
def open_in(plan: int) -> QuerySet[Run, tuple[str, str]]:
    found = Run.objects.filter(item__plan=plan, item__blocks_closing=True).exclude(state__in=SETTLED)
    return found.values_list("item__code", "state").distinct()


def may_close(plan: Plan) -> bool:
    """Everything that closing waits for has ended well: verified, done by hand, or skipped with a reason."""
    runs = Run.objects.filter(item__plan=plan)
    return not runs.filter(item__blocks_closing=True).exclude(state__in=SETTLED).exists() and runs.exists()


def attempts_by_result() -> list[tuple[str, str, int]]:
    """Act, result ("" while it is open) and how many, of all requests. One query."""
    rows = Attempt.objects.order_by().values("act", "result").annotate(count=Count("pk"))
    return list(rows.values_list("act", "result", "count"))


def looked_at_since(since: datetime) -> tuple[int, int]:
    """How many steps were read since then, and how many of these were found to be done."""
    read = Run.objects.filter(attempts__act=Act.LOOK, attempts__begun_at__gte=since).distinct()
    ended = Q(state=State.DONE, ended_at__gte=since)
    return read.count(), read.filter(ended).count()


def run_for(removal: RemovalRequest, number: int) -> Run | None:
    found = Run.objects.filter(item__plan__removal=removal, item__number=number)
    return found.select_related("item__plan", "item__workspace", "assigned_to", "ended_by").first()


def steps_waiting_for_people(scope: Scope) -> list[Run]:
    """What needs a person, within the user's sight, the first to be due on top: follow-ups of closed removals too."""
    removals = removals_for(scope).filter(stage__in=[Stage.RUNNING, Stage.CLOSED])
    found = Run.objects.filter(state=State.NEEDS_PERSON, item__plan__removal__in=removals)
    return list(
        found.select_related("item__plan__removal", "item__workspace")
        .defer("item__plan__body")
        .order_by("item__due_at", "pk")
    )


def steps_waiting_for_others(scope: Scope, limit: int) -> list[Run]:
    """What waits for a sync, a time or Segment, and will go on by itself; the next to go on is on top.

    Follow-ups of closed removals are among them.
    """
    removals = removals_for(scope).filter(stage__in=[Stage.RUNNING, Stage.CLOSED])
    found = Run.objects.filter(state=State.WAITING, item__plan__removal__in=removals).exclude(not_before=None)
    return list(
        found.select_related("item__plan__removal", "item__workspace")
        .defer("item__plan__body")
        .order_by("not_before")[:limit]
    )


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Steps of one kind and one request that have the same day: the first of them, and how many.

    `fixed` once the day is counted from what was seen; before it is an estimate. `stopped` of them need a person.
    """

    removal: int
    code: str
    number: int
    title: str
    at: str
    when: datetime
    fixed: bool
    count: int
    stopped: int


def follow_ups(
    removals: QuerySet[RemovalRequest], zone: tzinfo, most: int, ends: bool | None = None
) -> list[FollowUp]:
    """Every step of these requests with a day of its own, and what waits for a time now; the next first. One query.

    `ends`: only those with which access ends, or all others.
    """
    going = removals.filter(stage__in=[Stage.RUNNING, Stage.CLOSED])
    dated = ~Q(item__at="") | Q(state=State.WAITING, not_before__isnull=False)
    found = Run.objects.filter(dated, item__plan__removal__in=going).exclude(state__in=ENDED)
    if ends is not None:
        found = found.filter(item__at=UNTIL) if ends else found.exclude(item__at=UNTIL)
    when = Coalesce("not_before", "item__due_at")
    days = found.annotate(when=when, day=TruncDate(when, tzinfo=zone)).order_by()
    rows = days.values("item__plan__removal", "item__code", "item__at", "day").annotate(
        count=Count("pk"),
        stopped=Count("pk", filter=Q(state=State.NEEDS_PERSON)),
        unset=Count("pk", filter=Q(not_before=None)),
        first=Min("when"),
        number=Min("item__number"),
        title=Min("item__title"),
    )
    return [
        FollowUp(
            row["item__plan__removal"], row["item__code"], row["number"], row["title"], row["item__at"],
            row["first"], not row["unset"], row["count"], row["stopped"],
        )
        for row in rows.order_by("first", "number")[:most]
    ]  # fmt: skip


def item_of(run: Run) -> ChecklistItem:
    """The run's line, with all that a turn asks of it, as it is now. One query; the plan's long body stays where it is."""
    (item,) = line(run.item_id)
    return item


@Asked
def line(pk: int) -> QuerySet[ChecklistItem]:
    newer = newer_than(OuterRef("plan__removal"), OuterRef("plan__version"))
    found = ChecklistItem.objects.select_related("plan__removal", "workspace__client").defer("plan__body")
    return found.annotate(superseded=newer).filter(pk=pk)


@Asked
def attempts_of(run: int) -> QuerySet[Attempt]:
    """In their order."""
    return Attempt.objects.filter(run=run).order_by("number")


@Asked
def newest_number(run: int) -> QuerySet[Attempt, int]:
    """Of its attempts; no row if there is none."""
    return Attempt.objects.filter(run=run).order_by("-number").values_list("number", flat=True)[:1]


def removal_now(run: Run) -> tuple[RemovalRequest, bool]:
    """As it is at this moment, and whether it has a newer plan than the run's. One query."""
    (found,) = with_newer(run.item.plan.removal_id, run.item.plan.version)
    return found, superseded(found)


def superseded(row: Any) -> bool:
    """As `with_newer` and `line` say of their rows."""
    return bool(row.superseded)


@Asked
def with_newer(pk: int, version: int) -> QuerySet[RemovalRequest]:
    return RemovalRequest.objects.annotate(superseded=newer_than(OuterRef("pk"), version)).filter(pk=pk)


def newer_than(removal: OuterRef, version: OuterRef | int) -> Exists:
    return Exists(Plan.objects.filter(removal=removal, version__gt=version))


def planned_place(run: Run) -> dict[str, Any]:
    """What the approved plan says of the run's workspace."""
    places = run.item.plan.data["places"]
    return next((each for each in places if each["workspace_id"] == run.item.workspace_id), {})


def planned_as_owner(run: Run) -> bool:
    return bool(planned_place(run).get("owner"))


def sighting_before(run: Run) -> Sighting | None:
    """What was seen in the run's workspace when its plan was frozen."""
    snapshot = run.item.plan.snapshots.filter(workspace=run.item.workspace_id).first()
    return snapshot.sighting if snapshot else None


def work_of(run: Run) -> Work:
    target = run.item.target
    return Work(
        workspace=run.item.workspace.name if run.item.workspace else "",
        addresses=tuple(target["addresses"]),
        accounts=tuple((each["id"], each["email"]) for each in target.get("accounts", ())),
        target=target,
        since=run.item.plan.removal.started_at or datetime.now(UTC),
    )


ANSWERED = (Result.ACCEPTED, Result.ABSENT)
DOUBTFUL = ("", Result.UNKNOWN)  # a call without a result was cut off


def history_of(attempts: Sequence[Attempt], since: datetime | None = None) -> History:
    """Count what is behind a run: everything for the settle time, from `since` on for calls and troubles."""
    calls = [each for each in attempts if each.act == Act.CALL and each.result in (*ANSWERED, *DOUBTFUL)]
    newest = calls[-1].number if calls else 0
    fresh = [each for each in attempts if since is None or each.begun_at >= since]
    return History(
        answered=sum(each.result in ANSWERED for each in calls),
        doubtful=sum(each.result in DOUBTFUL for each in calls),
        looks_since_call=sum(each.result == Result.SEEN and each.number > newest for each in attempts),
        calls=sum(each in calls for each in fresh),
        troubles=max(troubles(fresh, Act.LOOK), troubles(fresh, Act.CALL)),
    )


def troubles(attempts: Sequence[Attempt], act: Act) -> int:
    """How many of this kind came to nothing, one after the other, up to now. Being asked to wait is no trouble."""
    own = [each for each in attempts if each.act == act and not each.facts.get(PAUSED)]
    return sum(1 for _ in takewhile(lambda each: each.result == Result.NOT_APPLIED, reversed(own)))


def why_not(scope: Scope, removal: RemovalRequest) -> str:
    """Why this person may not act on the removal's steps; empty if they may."""
    return may_not_work(scope, clients_of(removal), removal.addresses, kept_apart(removal))


def workers_for(removal: RemovalRequest, today: date) -> list[User]:
    """Who may act on the removal's steps, by name."""
    clients, own = clients_of(removal), {address.casefold() for address in removal.addresses}
    found = {user.pk: user for role in WORKERS for user in people_with(role, clients, today)}
    apart = kept_apart(removal)
    may = (user for user in found.values() if user.email.casefold() not in own and user.pk not in apart)
    return sorted(may, key=lambda user: user.name)


def doers_of(removal: RemovalRequest) -> set[int]:
    """Who did a step of this request, or has one. One query."""
    pairs = Run.objects.filter(item__plan__removal=removal).values_list("ended_by", "assigned_to")
    return {user for pair in pairs for user in pair if user}


def in_hand(user: User) -> QuerySet[Run]:
    """Steps that this person has and that have not ended, of all requests."""
    found = Run.objects.filter(assigned_to=user).exclude(state__in=ENDED)
    return found.select_related("item__plan__removal").defer("item__plan__body").order_by("pk")


def next_for(user: User, run: Run) -> Run | None:
    """The next step of the same plan that needs this person: after `run`, then from the top."""
    waiting = Run.objects.filter(
        Q(assigned_to=None) | Q(assigned_to=user), item__plan_id=run.item.plan_id, state=State.NEEDS_PERSON
    ).exclude(pk=run.pk)
    found = list(waiting.select_related("item").order_by("item__number"))
    later = [each for each in found if each.item.number > run.item.number]
    return next(iter(later or found), None)


@dataclass(frozen=True, slots=True)
class Tally:
    """What is behind a run, in numbers: tries, the newest accepted call, the newest look that saw something."""

    tries: int
    called_at: datetime | None
    read_at: datetime | None


def tallies_of(plan: Plan) -> dict[int, Tally]:
    """By run. One query."""
    accepted = Q(attempts__act=Act.CALL, attempts__result=Result.ACCEPTED)
    seen = Q(attempts__act=Act.LOOK, attempts__result=Result.SEEN)
    rows = Run.objects.filter(item__plan=plan).annotate(
        tries=Count("attempts"),
        called=Max("attempts__closed_at", filter=accepted),
        looked=Max("attempts__closed_at", filter=seen),
    )
    return {pk: Tally(*rest) for pk, *rest in rows.values_list("pk", "tries", "called", "looked")}


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a removal's evidence, and where it belongs."""

    evidence: Evidence
    item: int | None
    workspace_id: int | None
    workspace: str
    proof: Proof | Attachment | None = None  # how a person tied it to its step, or to the request

    @property
    def taken_back(self) -> bool:
        return self.proof is not None and self.proof.withdrawn_at is not None


def pieces_of(plan: Plan) -> list[Piece]:
    """Every file: the snapshots before, the calls of each try, what people added. In the order of the steps. 4 queries."""
    before = plan.snapshots.exclude(raw=None).select_related("raw", "workspace").order_by("workspace__name")
    tries = Attempt.objects.filter(run__item__plan=plan).exclude(exchanges=None)
    added = Proof.objects.filter(run__item__plan=plan)
    places = ("run__item__workspace",)
    attached = plan.removal.attachments.select_related("evidence", "withdrawn_by")
    made = [Piece(each.evidence, None, None, "", each) for each in attached]
    made += [Piece(each.raw, None, each.workspace_id, each.workspace.name) for each in before if each.raw]
    for attempt in tries.select_related("exchanges", *places).order_by("run__item__number", "number"):
        made.append(piece(attempt.run, attempt.exchanges))
    beside = ("evidence", "withdrawn_by", "replaces__evidence", "corrected_by", *places)
    for proof in added.select_related(*beside).order_by("run__item__number", "pk"):
        made.append(piece(proof.run, proof.evidence, proof))
    return made


def piece(run: Run, evidence: Evidence | None, proof: Proof | None = None) -> Piece:
    assert evidence is not None
    workspace = run.item.workspace
    return Piece(evidence, run.item.number, run.item.workspace_id, workspace.name if workspace else "", proof)
