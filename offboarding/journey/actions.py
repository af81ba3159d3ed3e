"""The route. It reads facts and calls the next room's verb; no room calls the next one itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from offboarding.checklist import actions as checklist
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan
from offboarding.checklist.rules import Kind, moment_of
from offboarding.connections.models import Workspace
from offboarding.discovery import actions as discovery
from offboarding.execution import actions as execution
from offboarding.execution import queries as runs
from offboarding.execution import steering as steps
from offboarding.execution.logins import actions as logins
from offboarding.execution.models import Run
from offboarding.journey import after
from offboarding.journey.offers import offers_of
from offboarding.journey.rules import Standing, may_close, to_go_on, to_release, to_wake
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.lib.refusals import Refused
from offboarding.packets import actions as packets
from offboarding.removals import actions as removals
from offboarding.removals import restoring, steering
from offboarding.removals.actions import Wish
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.work import clock
from offboarding.work.queries import stands_still
from offboarding.work.rules import State

log = structlog.get_logger(__name__)

UNTIL = "until"
STANDING = (
    "item__number",
    "item__step",
    "item__at",
    "item__kind",
    "state",
    "cause",
    "not_before",
    "touched_at",
    "item__waits_for",
    "item__blocks_closing",
    "item__workspace__refused_at",
    "item__workspace__closed_at",
)


def search_for(
    user: User,
    addresses: Sequence[str],
    name: str,
    workspaces: Iterable[Workspace],
    today: date,
    draft: RemovalRequest | None = None,
) -> RemovalRequest:
    """A draft for this person, new or with other addresses, and its looks. Nothing is left behind by a refusal.

    Two transactions on purpose: a look's row is never inserted after an entry of the ledger, or a look that ends at the
    same moment would wait for us, and we for it.
    """
    places = discovery.some(workspaces)
    if draft is None:
        draft = removals.draft(user, addresses, name, today)
    else:
        removals.readdress(draft, user, addresses, name)
    discovery.ask(user, draft.addresses, places)
    return draft


def file(removal: RemovalRequest, user: User, version: int) -> Plan:
    """Send a draft: it becomes a request and its first plan is frozen, together or not at all."""
    with transaction.atomic():
        removals.file(removal, user, version)
        return checklist.freeze(removal, user)


def restore(
    original: RemovalRequest,
    user: User,
    workspaces: Sequence[Workspace],
    *,
    ends_at: datetime,
    time_zone: str,
    why: str,
    now: datetime,
) -> Plan:
    """Ask to give access back for a limited time: a request of its own, with a plan from its own playbook."""
    with transaction.atomic():
        made = restoring.restore(
            original, user, workspaces, ends_at=ends_at, time_zone=time_zone, why=why, now=now
        )
        plan = newest_plan(original)
        offers = {offer.workspace.pk: offer for offer in offers_of(original, plan)} if plan else {}
        for workspace in workspaces:
            offer = offers.get(workspace.pk)
            if offer is None or offer.why_not:
                why_not = offer.why_not if offer else "It is not a place of this request."
                raise Refused("not-restorable", f"{workspace.name}: {why_not}", field="places")
        return checklist.freeze(made, user)


def change(removal: RemovalRequest, user: User, wishes: Iterable[Wish], version: int, today: date) -> Plan:
    """Change what should happen: a new plan version, so earlier approvals no longer count."""
    with transaction.atomic():
        removals.change_places(removal, user, wishes, version, today)
        return checklist.freeze(removal, user)


def tick() -> None:
    """Look at every removal that is on its way. One that fails does not hold the others.

    What is left after closing, read-only access that ends and looks weeks later, only needs waking. Rotations of
    keys have `follow_ups`.
    """
    for run in runs.stopped_by_connections():
        execution.goes_on(run)
    logins.forget_ended()
    under_way = RemovalRequest.objects.filter(stage__in=[Stage.APPROVED, Stage.RUNNING]).values_list(
        "pk", flat=True
    )
    each_by_itself(advance, under_way)


def follow_ups() -> None:
    """Look at every closed request whose rotations go on. It costs more than a tick brings, so it comes less often."""
    each_by_itself(follow_up, after.left_over())


def each_by_itself(move: Callable[[int], None], removals: Iterable[int]) -> None:
    for pk in removals:
        try:
            move(pk)
        except Exception as error:
            log.error("removal does not advance", pk=pk, error=type(error).__name__, exc_info=True)


def follow_up(pk: int) -> None:
    """After closing: let go of what was left, and seal anew once it has ended."""
    removal = RemovalRequest.objects.get(pk=pk)
    plan = newest_plan(removal)
    if plan is None or removal.rest_cancelled_at:
        return
    for run in runs.runs_numbered(plan, to_release(standings(plan))).values():
        if after.may_begin(run):
            execution.release(run)
    after.seal_again(pk)


def advance(pk: int) -> None:
    """Whatever is next for this removal. Safe to call at any time, any number of times, from anywhere.

    Each move is a transaction of its own: whoever locks a row and then appends to the ledger never waits for us.
    """
    removal = RemovalRequest.objects.get(pk=pk)
    plan = newest_plan(removal)
    if plan is None:
        return
    if removal.stage == Stage.APPROVED and removal.starts_at and removal.starts_at <= clock.now():
        begin(removal, plan)
    if removal.stage == Stage.RUNNING:
        go_on(removal, plan)


def begin(removal: RemovalRequest, plan: Plan) -> None:
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        current = newest_plan(locked)
        if locked.stage != Stage.APPROVED or current is None or current.pk != plan.pk:
            return
        if stands_still():  # after a restore it may have been withdrawn: there is still time to say so again
            return
        # Read-only access ends at its date, even if the request is still open then.
        for run in [run for run in execution.start(plan) if run.item.at == UNTIL]:
            execution.schedule(run, when(run, locked, clock.now()), "its date")
        removals.move(locked, Stage.RUNNING, started_at=Now())
    removal.refresh_from_db()


def cancel_rest(removal: RemovalRequest, user: User, reason: str) -> None:
    """Cancel what has not run yet. What was called is seen out, and then the request closes with its packet."""
    with transaction.atomic():
        reason = steering.cancel_rest(removal, user, reason)
        plan = newest_plan(removal)
        assert plan is not None
        steps.cut_short(plan, user, reason)


def go_on(removal: RemovalRequest, plan: Plan) -> None:
    if removal.paused_at:
        return
    items = standings(plan)
    woken, resumed, free = to_wake(items), to_go_on(items), to_release(items)
    found = runs.runs_numbered(plan, {*woken, *resumed, *free})
    for number in woken:
        execution.goes_on(found[number])
    for number in resumed:
        steps.goes_on(found[number])
    for number in free:
        execution.release(found[number])
    if may_close(items):
        close(removal, plan)


def standings(plan: Plan) -> list[Standing]:
    """Every item in the checklist's order. One query of plain values: it is asked at each turn, of each removal."""
    rows = Run.objects.filter(item__plan=plan).order_by("item__number").values(*STANDING)
    return [standing(row) for row in rows]


def standing(row: Mapping[str, Any]) -> Standing:
    answered, touched = row["item__workspace__closed_at"], row["touched_at"]
    return Standing(
        number=row["item__number"],
        step=row["item__step"],
        at=row["item__at"],
        automatic=row["item__kind"] != Kind.MANUAL,
        state=State(row["state"]),
        cause=row["cause"],
        has_time=row["not_before"] is not None,
        waits_for=tuple(row["item__waits_for"]),
        blocks_closing=row["item__blocks_closing"],
        token_works=row["item__workspace__refused_at"] is None,
        answers_again=answered is not None and answered > touched,
    )


def close(removal: RemovalRequest, plan: Plan) -> None:
    """Everything in scope is verified, done by hand, or skipped with a reason. What is left has a date.

    Asked once more under the lock, since a sign-off may have been taken back meanwhile.
    """
    now = clock.now()
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        found = runs.runs_of(plan)
        if locked.stage != Stage.RUNNING or locked.paused_at or not may_close(standings(plan)):
            return
        if stands_still():  # closing signs the ledger, and nothing is signed that may have to be taken back
            return
        for run in found:
            if run.item.at and run.state == State.WAITING and run.not_before is None:
                execution.schedule(run, when(run, removal, now), "its date")
        packets.order(locked)
        removals.move(locked, Stage.CLOSED, closed_at=Now())
        record(Event.REMOVAL_CLOSED, actor=APP, about=removal.reference)
    checkpoint()


def when(run: Run, removal: RemovalRequest, now: datetime) -> datetime:
    """The moment that a follow-up's `at` stands for: the day after a read-only period, or so many days from now."""
    if run.item.at == UNTIL:
        return moment_of(run.item.target["until"], ZoneInfo(removal.time_zone or settings.TIME_ZONE))
    return now + timedelta(days=int(run.item.at.split()[0]))
