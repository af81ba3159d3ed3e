"""An emergency on its way: released in one transaction, what follows behind it, what waits for the second press."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models.functions import Now

from offboarding.checklist import actions as checklist
from offboarding.checklist.following import follow
from offboarding.checklist.models import Plan
from offboarding.checklist.queries import newest_plan, snapshots_for
from offboarding.connections.models import Workspace
from offboarding.discovery.rules import Outcome
from offboarding.emergencies import actions as emergencies
from offboarding.emergencies import queries
from offboarding.emergencies.actions import Filed, Word
from offboarding.emergencies.models import Ask, Emergency
from offboarding.emergencies.rules import QUEUED_STEPS, Because
from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.execution.rules import SETTLED, STOPPED
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.removals.urgent import Urgent, file_at_once
from offboarding.users.rules import actor_of
from offboarding.work.rules import State

HELD = (Outcome.MEMBER, Outcome.INVITED)
CONTAINING, REACHING = "segment.contain", "verify.reach"


def release(
    said: Urgent, known_since: datetime, workspaces: Sequence[Workspace], word: Word, now: datetime
) -> Emergency:
    """One press: filed, planned, released, and the first calls due. All of it, or nothing and the reason why.

    Each client gets a request of its own, so that its people see theirs and no other client's; this is the first of them.
    """
    begins = emergencies.check(said, known_since, word.user, workspaces, now)
    return let_loose(said, known_since, begins, word, now)


def ask(
    said: Urgent,
    known_since: datetime,
    workspaces: Sequence[Workspace],
    word: Word,
    because: Because,
    now: datetime,
) -> Ask:
    return emergencies.ask(said, known_since, workspaces, word, because, now)


def confirm(waiting: Ask, second: Word, now: datetime) -> Emergency:
    """A second person says so too, from their own sign-in: now it is released."""
    with transaction.atomic():
        locked = emergencies.confirmed(waiting, second.user, now)
        workspaces = list(Workspace.objects.filter(pk__in=locked.workspaces).select_related("client"))
        said = Urgent(locked.addresses, locked.person_name, locked.reason, locked.incident, locked.time_zone)
        word = Word(locked.asked_by, locked.text, locked.method, locked.address)
        begins = emergencies.check(said, locked.known_since, word.user, workspaces, now)
        made = let_loose(said, locked.known_since, begins, word, now, second, locked.because)
        emergencies.answered(locked, made)
    return made


def let_loose(
    said: Urgent,
    known_since: datetime,
    workspaces: Sequence[Workspace],
    word: Word,
    now: datetime,
    second: Word | None = None,
    because: str = "",
) -> Emergency:
    with transaction.atomic():
        filed = [at_client(said, there, word, now) for there in by_client(workspaces)]
        made = emergencies.release(filed, known_since, word, second, because)
        for each in filed:
            removals.move(each.removal, Stage.RUNNING, actor_of(word.user), started_at=Now())
            execution.start(each.plan, first=CONTAINING)
    made[0].removal.refresh_from_db()
    return made[0]


def by_client(workspaces: Sequence[Workspace]) -> list[list[Workspace]]:
    found: dict[int, list[Workspace]] = {}
    for each in workspaces:
        found.setdefault(each.client_id, []).append(each)
    return [found[client] for client in sorted(found)]


def at_client(said: Urgent, workspaces: Sequence[Workspace], word: Word, now: datetime) -> Filed:
    removal = file_at_once(said, word.user, workspaces, now)
    plan = checklist.freeze(removal, word.user)
    return Filed(removal, plan, emergencies.touched(plan))


# ---------------------------------------------------------------- behind it


def go_on(removal: RemovalRequest, plan: Plan) -> None:
    """Add what the looks have brought to light since the last time. Safe to call at any time, any number of times."""
    emergency = Emergency.objects.get(removal=removal)
    fresh = {
        place: seen
        for place, seen in found(removal, plan).items()
        if emergency.followed.get(str(place)) != seen
    }
    if not fresh:
        return
    with transaction.atomic():
        RemovalRequest.objects.select_for_update(no_key=True).get(pk=removal.pk)
        locked = Emergency.objects.select_for_update().get(pk=emergency.pk)
        execution.join(plan, follow(plan, locked.released_by, list(fresh)))
        remember(plan, fresh)
        followed = {**locked.followed, **{str(place): seen for place, seen in fresh.items()}}
        Emergency.objects.filter(pk=locked.pk).update(followed=followed)


def remember(plan: Plan, fresh: Mapping[int, int]) -> None:
    """What was held where nobody had seen it when the plan was made: a restoration gives back from it, later."""
    held = {each.workspace_id for each in plan.snapshots.all() if each.sighting.outcome in HELD}
    plan.snapshots.add(*(seen for place, seen in fresh.items() if seen and place not in held))


def found(removal: RemovalRequest, plan: Plan) -> dict[int, int]:
    """By workspace whose reach was read, or could not be: the snapshot that says what was held, 0 without one."""
    answered = Run.objects.filter(item__plan=plan, item__step=REACHING, state__in=[*SETTLED, *STOPPED])
    places = [place for place in answered.values_list("item__workspace_id", flat=True) if place]
    held = snapshots_for(removal, places)
    return {place: held[place].pk if place in held else 0 for place in places}


def held_back(removal: RemovalRequest, plan: Plan, numbers: Collection[int]) -> set[int]:
    """Of these numbers, what changes keys and logins and waits for the second press."""
    if not removal.emergency or not numbers:
        return set()
    found = plan.items.filter(number__in=numbers, step__in=QUEUED_STEPS)
    waiting = set(found.values_list("number", flat=True))
    return waiting - queries.let_go_of(removal) if waiting else waiting


def queued(removal: RemovalRequest, plan: Plan) -> list[Run]:
    """Everything that waits for the second press now, in the checklist's order."""
    waiting = Run.objects.filter(
        item__plan=plan, item__step__in=QUEUED_STEPS, state=State.WAITING, not_before=None
    )
    let_go = queries.let_go_of(removal)
    found = waiting.select_related("item__workspace").order_by("item__number")
    return [run for run in found if run.item.number not in let_go]


def let_go_at_all(chosen: Mapping[RemovalRequest, Sequence[int]], word: Word) -> None:
    """The second press, over all requests of one emergency in which something was shown to wait. All, or none."""
    with transaction.atomic():
        for removal, numbers in chosen.items():
            let_go(removal, word, numbers)


def let_go(removal: RemovalRequest, word: Word, numbers: Sequence[int]) -> None:
    """The second press: exactly the steps that the page showed, as far as they still wait."""
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
        if locked.stage != Stage.RUNNING:
            raise Refused("wrong-stage", f"{locked.reference} is {locked.stage}, so nothing begins any more.")
        plan = newest_plan(locked)
        assert plan is not None
        waiting = {run.item.number for run in queued(locked, plan)}
        emergencies.let_go(locked, sorted(waiting & set(numbers)), word)


def may_close(removal: RemovalRequest, plan: Plan) -> bool:
    """Not before a second person has reviewed it, and not while keys and logins are queued: the packet tells of both."""
    if not removal.emergency:
        return True
    return queries.is_reviewed(removal) and not queued(removal, plan)
