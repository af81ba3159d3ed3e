"""The route. It reads facts and calls the next room's verb; no room calls the next one itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from offboarding.approvals import asking
from offboarding.approvals.falling import fall
from offboarding.approvals.policies.queries import decided_under
from offboarding.checklist import actions as checklist
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan, plan_under_way
from offboarding.checklist.rules import UNTIL, moment_of
from offboarding.connections.models import Workspace
from offboarding.discovery import actions as discovery
from offboarding.emergencies import actions as emergencies
from offboarding.evidence.models import Evidence
from offboarding.execution import actions as execution
from offboarding.execution import queries as runs
from offboarding.execution import steering as steps
from offboarding.execution.logins import actions as logins
from offboarding.execution.models import Run
from offboarding.journey import after, emergency, letters, lines
from offboarding.journey.late import CameLate
from offboarding.journey.offers import offers_of
from offboarding.journey.rounds import Rounds
from offboarding.journey.rules import AT_ONCE, HELPS, to_release
from offboarding.ledger.actions import APP, Event, checkpoint, record
from offboarding.lib.refusals import Refused
from offboarding.packets import actions as packets
from offboarding.removals import actions as removals
from offboarding.removals import attaching, restoring, steering
from offboarding.removals.actions import Wish
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.verification.traced import told_meanwhile
from offboarding.work import clock
from offboarding.work.queries import stands_still

log = structlog.get_logger(__name__)


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
        return freeze(removal, user)


def freeze(removal: RemovalRequest, user: User) -> Plan:
    """The plan with the approval policies that hold now, put before its approvers.

    Whoever approves signs under which rules it was decided, too.
    """
    plan = checklist.freeze(removal, user, decided_under(removal))
    asking.ask(plan, user, clock.now())
    return plan


def ask_again(removal: RemovalRequest, user: User) -> Plan:
    """Nobody decided in time: a new version of the plan, from what is known now, under the policies that hold now."""
    with transaction.atomic():
        removals.ask_again(removal, user)
        return freeze(removal, user)


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
        return freeze(made, user)


def change(removal: RemovalRequest, user: User, wishes: Iterable[Wish], version: int, today: date) -> Plan:
    """Change what should happen: a new plan version, so earlier approvals no longer count."""
    with transaction.atomic():
        removals.change_places(removal, user, wishes, version, today)
        return freeze(removal, user)


def attach(removal: RemovalRequest, user: User, evidence: Evidence) -> None:
    """Nobody approves with a file that they did not see: of what was sent, one more makes a new plan version."""
    with transaction.atomic():
        if attaching.attach(removal, user, evidence) and removal.stage == Stage.PLANNED:
            freeze(removal, user)


def take_off(removal: RemovalRequest, user: User, file: int, why: str = "") -> None:
    """The same the other way round."""
    with transaction.atomic():
        attaching.take_off(removal, user, file, why)
        if removal.stage == Stage.PLANNED:
            freeze(removal, user)


rounds = Rounds()
came_late = CameLate()


def tick() -> None:
    """Let every request go on that may. One that fails does not hold the others.

    What is left after closing, read-only access that ends and looks weeks later, only needs waking. Rotations of
    keys have `follow_ups`.
    """
    for run in runs.stopped_by_connections():
        execution.goes_on(run)
    for run in runs.rested():
        steps.goes_on(run)
    for run in runs.approved_again():
        execution.goes_on(run)
    logins.forget_ended()
    for pk in rounds.these():
        if each_by_itself(advance, pk):
            rounds.again(pk)


def follow_ups() -> None:
    """Steps whose audit events came after all, and closed requests: whose events came late, whose rotations go on, or that
    have news for a packet.

    It costs more than a tick brings, so it comes less often.
    """
    for run in told_meanwhile():
        execution.goes_on(run)
    for pk in came_late.these():
        each_by_itself(came_late.keep, pk)
    for pk in after.left_over():
        each_by_itself(follow_up, pk)


def deadlines() -> None:
    """Remind, tell others, and end what nobody decided in time. A new standstill ends nothing before a person has looked."""
    now = clock.now()
    for verb, found in asking.due(now):
        for pk in found:
            each_by_itself(partial(kept, verb, now), pk)


def kept(verb: Callable[[int, datetime], None], now: datetime, pk: int) -> bool:
    """Says no while the engine stands still."""
    if not stands_still():
        verb(pk, now)
    return False


def each_by_itself(move: Callable[[int], bool], pk: int) -> bool:
    """What `move` says; True if it failed, so that it is looked at again."""
    try:
        return move(pk)
    except Exception as error:
        log.error("removal does not advance", pk=pk, error=type(error).__name__, exc_info=True)
        return True


def follow_up(pk: int) -> bool:
    """After closing: let go of what was left, and seal anew once it has ended."""
    removal = RemovalRequest.objects.get(pk=pk)
    plan = plan_under_way(removal)
    if plan is None or removal.rest_cancelled_at:
        return False
    numbers = to_release(
        lines.of(plan, waiting := runs.waiting_for_a_turn(plan)), waiting, runs.over(plan, HELPS)
    )
    found = runs.runs_numbered(plan, numbers)
    execution.release([run for run in found.values() if after.may_begin(run)])
    after.seal_again(pk)
    return False


def advance(pk: int) -> bool:
    """Whatever is next for this removal; True if more is to be done at once.

    Safe to call at any time, any number of times, from anywhere. Each move is a transaction of its own: whoever locks
    a row and then appends to the ledger never waits for us.
    """
    removal = RemovalRequest.objects.get(pk=pk)
    plan = plan_under_way(removal)
    if plan is None:
        return False
    if removal.stage == Stage.APPROVED and removal.starts_at and removal.starts_at <= clock.now():
        if fall(plan):  # whoever approved has to be able to approve at the moment when it begins
            return False
        begin(removal, plan)
    return removal.stage == Stage.RUNNING and go_on(removal, plan)


def begin(removal: RemovalRequest, plan: Plan) -> None:
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        current = plan_under_way(locked)
        if locked.stage != Stage.APPROVED or current is None or current.pk != plan.pk:
            return
        if stands_still():  # after a restore it may have been withdrawn: there is still time to say so again
            return
        execution.start(plan)
        # Read-only access ends at its date, even if the request is still open then.
        for run in runs.undated(plan):
            if run.item.at == UNTIL:
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


def go_on(removal: RemovalRequest, plan: Plan) -> bool:
    """Lets go of what has its turn, a part at a time, and closes; True if a part is left, or it may not close yet."""
    if removal.emergency:
        emergency.go_on(removal, plan)
    if removal.paused_at:
        return False
    waiting = runs.waiting_for_a_turn(plan)
    free = to_release(lines.of(plan, waiting), waiting, runs.over(plan, HELPS))
    if removal.emergency:
        queued = emergency.held_back(removal, plan, free)
        free = [number for number in free if number not in queued]
    if free:
        execution.release(list(runs.runs_numbered(plan, free[:AT_ONCE]).values()))
    left = runs.holding_up(plan)
    if letters.THEIR_TURN & left:
        letters.go_on(removal)
        left = runs.holding_up(plan)
    if not left and runs.may_close(plan) and emergency.may_close(removal, plan):
        return not close(removal, plan)
    return len(free) > AT_ONCE


def close(removal: RemovalRequest, plan: Plan) -> bool:
    """Everything in scope is verified, done by hand, or skipped with a reason. What is left has a date.

    Asked once more under the lock, since a sign-off may have been taken back meanwhile. False while the engine stands
    still.
    """
    now = clock.now()
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        if locked.stage != Stage.RUNNING or locked.paused_at or not runs.may_close(plan):
            return True
        if not emergency.may_close(locked, plan):
            return True
        if stands_still():  # closing signs the ledger, and nothing is signed that may have to be taken back
            return False
        for run in runs.undated(plan):
            execution.schedule(run, when(run, removal, now), "its date")
        packets.order(locked)
        emergencies.ended(locked)
        removals.move(locked, Stage.CLOSED, closed_at=Now())
        record(Event.REMOVAL_CLOSED, actor=APP, about=removal.reference)
    checkpoint()
    return True


def when(run: Run, removal: RemovalRequest, now: datetime) -> datetime:
    """The moment that a follow-up's `at` stands for: the day after a read-only period, or so many days from now."""
    if run.item.at == UNTIL:
        return moment_of(run.item.target["until"], ZoneInfo(removal.time_zone or settings.TIME_ZONE))
    return now + timedelta(days=int(run.item.at.split()[0]))
