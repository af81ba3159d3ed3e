"""What people do, through the real verbs: looking, filing, deciding, skipping what is by hand. Needs Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models.functions import Now

from offboarding.approvals import actions as approvals
from offboarding.approvals.rules import Decision
from offboarding.checklist.queries import newest_plan
from offboarding.connections import limits
from offboarding.connections.models import Workspace
from offboarding.discovery import actions as discovery
from offboarding.discovery.holdings import holdings
from offboarding.discovery.models import Look, Snapshot
from offboarding.discovery.queries import newest_snapshots
from offboarding.discovery.rules import Account, Held, Outcome, Owners, Sighting
from offboarding.execution import actions as execution
from offboarding.execution.models import Run
from offboarding.execution.rules import Cause
from offboarding.journey import actions as journey
from offboarding.lib.addresses import fold, key
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Choice
from offboarding.stamps.models import Stamping
from offboarding.users.models import User
from offboarding.work import desks
from offboarding.work.rules import ENDED, State
from tests.faults.boundaries import aside
from tests.faults.segment import Json, Segment

SOON = timedelta(days=1)  # what waits longer waits for a date, not for Segment
FOR_A_PERSON = "not accepted yet"  # an invitation; nobody accepts it here
READ_ONLY_FOR = timedelta(days=20)
RESTING = (*ENDED, State.NEEDS_PERSON)


def soon() -> datetime:
    return datetime.now(UTC) + SOON


def user(name: str) -> User:
    """One of the cast."""
    return User.objects.get(email=f"{name}@northwind.example")


def workspace(slug: str) -> Workspace:
    return Workspace.objects.get(slug=slug)


def today() -> date:
    return datetime.now(UTC).date()


# ---------------------------------------------------------------- filing


def look(addresses: Iterable[str], slugs: Iterable[str]) -> None:
    """Real looks, finished."""
    discovery.ask(user("alice"), list(addresses), [workspace(slug) for slug in slugs])
    for pk in Look.objects.exclude(state__in=ENDED).values_list("pk", flat=True):
        desks.DESKS["discovery.Look"].look(pk)


def jot(segment: Segment, addresses: Mapping[str, list[str]]) -> None:
    """Snapshots as a look would have made them, without one: `addresses` by slug. For filling many places quickly."""
    for slug, emails in addresses.items():
        place, state = workspace(slug), segment.state(slug, "members", "invites", "groups", "owners")
        Snapshot.objects.bulk_create(
            Snapshot(
                workspace=place, person=key([email]), addresses=[email], data=seen(state, email).as_json()
            )
            for email in emails
        )


def seen(state: Json, email: str) -> Sighting:
    row = next((one for one in state["members"] if fold(one["email"]) == fold(email)), None)
    if row is None:
        invited = any(fold(one["email"]) == fold(email) for one in state["invites"])
        return Sighting(Outcome.INVITED, invitations=(email,)) if invited else Sighting(Outcome.ABSENT)
    groups = tuple((group["id"], group["name"]) for group in state["groups"] if email in group["members"])
    roles = tuple(
        Held(each["roleId"], each["roleName"], tuple((one["type"], one["id"]) for one in each["resources"]))
        for each in row["permissions"]
    )
    owners = Owners.OTHERS if email in state["owners"] else Owners.NOT_OWNER
    account = Account(row["id"], row["email"], row["name"], roles, groups)
    return Sighting(Outcome.MEMBER, (account,), owners=owners, members=len(state["members"]))


def draft(
    email: str, choices: Mapping[str, str], reason: str = "contract-ended", stays: str = ""
) -> RemovalRequest:
    """A complete draft of Alice's: what happens in each place, by slug."""
    alice, now = user("alice"), datetime.now(UTC)
    removal = removals.draft(
        alice, [email, *([stays] if stays else [])], email.split("@")[0].title(), today()
    )
    removals.merge(removal, alice, stays)
    wishes = [
        removals.Wish(
            workspace(slug),
            Choice(choice),
            today() + READ_ONLY_FOR if choice == "downgrade" else None,
            taken=first_of(removal, slug) if choice == "reduce" else (),
        )
        for slug, choice in choices.items()
    ]
    removals.choose(removal, alice, wishes, today())
    removals.describe(removal, alice, reason=reason, starts_at=now, time_zone="Europe/Berlin", now=now)
    return removal


def first_of(removal: RemovalRequest, slug: str) -> tuple[str, ...]:
    """The key of the first thing that was seen there."""
    place = workspace(slug).pk
    return tuple(each.key for each in holdings(newest_snapshots(removal.person, [place])[place].sighting))[:1]


def file(
    email: str, choices: Mapping[str, str], reason: str = "contract-ended", stays: str = ""
) -> RemovalRequest:
    removal = draft(email, choices, reason, stays)
    journey.file(removal, user("alice"), removal.version)
    return removal


def decide(removal: RemovalRequest, name: str = "bob", decision: str = "approve", note: str = "") -> None:
    plan = newest_plan(removal)
    assert plan is not None
    said = approvals.Statement(
        Decision(decision), plan.fingerprint, note, "Approve removal", "password", "127.0.0.1"
    )
    approvals.decide(removal, user(name), said, today())


def start(
    email: str, choices: Mapping[str, str], reason: str = "contract-ended", stays: str = ""
) -> RemovalRequest:
    """Filed, approved, begun; the first steps are ready."""
    removal = file(email, choices, reason, stays)
    decide(removal)
    journey.advance(removal.pk)
    journey.advance(removal.pk)
    removal.refresh_from_db()
    return removal


# ---------------------------------------------------------------- working


def skip_manual(runs: Iterable[Run], name: str = "olga") -> int:
    """What only people can do is skipped with a reason. How many were."""
    skipped = 0
    for run in runs:
        if run.manual and run.state == State.NEEDS_PERSON:
            try:
                execution.skip(run, user(name), "not part of this trial")
            except Refused:
                continue  # it moved on meanwhile
            skipped += 1
    return skipped


def skip_audit_events() -> None:
    """Segment's audit trail may tell of a removal later than all our looks at it, and then somebody decides."""
    for run in waiting_for_people().filter(cause=Cause.NO_EVENT):
        execution.skip(run, user("olga"), "not part of this trial")


def waiting_for_people() -> Any:
    return Run.objects.filter(state=State.NEEDS_PERSON).select_related("item__plan__removal")


def hurry(follow_ups: bool = False) -> None:
    """Time passes: what rests for Segment's sake is due now. With `follow_ups`, what rests for a date too."""
    for desk in desks.DESKS.values():
        rows = desk.model._default_manager.exclude(state__in=ENDED).filter(not_before__gt=Now())
        if not follow_ups:
            rows = rows.filter(not_before__lt=soon()).exclude(waiting_for__contains=FOR_A_PERSON)
        rows.update(not_before=Now())
    let_segment_rest()


def let_segment_rest() -> None:
    """Pauses, an open circuit and this minute's count of calls are over."""
    Workspace.objects.filter(paused_until__gt=Now()).update(paused_until=Now())
    Workspace.objects.filter(open_until__gt=Now()).update(open_until=Now())
    limits.own.clear()


def bury() -> None:
    """Whoever held a lease is dead, and the lease has run out."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    for desk in desks.DESKS.values():
        desk.model._default_manager.filter(state=State.RUNNING).update(lease_until=past)


def one_turn(kind: str, pk: int) -> Any:
    """Whatever the row waits for is over; then its turn. The row as it is afterwards."""
    rows = desks.DESKS[kind].model._default_manager.filter(pk=pk)
    past = datetime.now(UTC) - timedelta(seconds=1)
    with aside():
        rows.exclude(not_before=None).update(not_before=past)
        rows.exclude(lease_until=None).update(lease_until=past)
        let_segment_rest()
    desks.DESKS[kind].look(pk)
    return rows.get()


def turns(kind: str, pk: int, at_most: int = 60) -> Any:
    """Turns until the row ended or rests with a person."""
    for _ in range(at_most):
        row = one_turn(kind, pk)
        if row.state in (*ENDED, State.NEEDS_PERSON) or rests(row):
            return row
    raise AssertionError(f"{kind} {pk} is still {row.state} after {at_most} turns: {row.waiting_for}")


def rests(row: Any) -> bool:
    """The one row that asks for time stamps never ends."""
    return isinstance(row, Stamping) and row.not_before is None and row.state == State.WAITING


def everything(at_most: int = 60, follow_ups: bool = False, people: bool = True, news: bool = True) -> None:
    """Turns of everything that can go on, until nothing can. Without `people` nobody skips; without `news` no mail."""
    for _ in range(at_most):
        bury()
        hurry(follow_ups)
        journey.tick()
        journey.follow_ups()
        if news:
            desks.SCHEDULES["notifications"].run()
        handed = [desks.look(kind, pk) for kind, desk in desks.DESKS.items() for pk in due(desk)]
        skipped = skip_manual(waiting_for_people().filter(manual=True)) if people else 0
        if not any(handed) and not skipped:
            return
    raise AssertionError(f"something still goes on after {at_most} turns of everything")


def due(desk: desks.Desk) -> list[int]:
    return [*desk.due(100_000), *desk.suspects(100_000)]


def until_due(removal: RemovalRequest, step: str, at: str = "") -> Run:
    """Let what this step waits for end, and nothing else. The run, due and not yet worked on."""
    found = Run.objects.filter(item__plan__removal=removal, item__step=step, item__at=at)
    run = found.order_by("item__number").first()
    assert run is not None, f"the plan has no step {step}"
    for _ in range(60):
        run.refresh_from_db()
        if run.state == State.READY:
            return run
        earlier = Run.objects.filter(item__plan__removal=removal, item__number__in=needed(run))
        skip_manual(earlier)
        for other in earlier.filter(manual=False).exclude(state__in=ENDED).exclude(not_before=None):
            one_turn("execution.Run", other.pk)
        journey.advance(removal.pk)
    raise AssertionError(f"{step} never becomes due: it is {run.state}")


def needed(run: Run) -> set[int]:
    """The numbers of the steps that this one waits for, and of those that these wait for."""
    waits = dict(run.item.plan.items.values_list("number", "waits_for"))
    found, new = set[int](), set(run.item.waits_for)
    while new:
        found |= new
        new = {number for each in new for number in waits[each]} - found
    return found


def due_now() -> dict[str, int]:
    """By kind, how many rows somebody should be working on."""
    counts = {kind: len(due(desk)) for kind, desk in desks.DESKS.items()}
    return {kind: count for kind, count in counts.items() if count}


def vendor() -> str:
    return str(connection.vendor)
