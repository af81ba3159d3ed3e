"""Putting a plan before its approvers, and what happens while nobody decides: a reminder, others are told, it ends.

Nothing here depends on when the engine looks: whoever decides after the end is refused, whether or not it was said yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from offboarding.approvals import queries
from offboarding.approvals.models import Asking
from offboarding.approvals.rules import Ruling
from offboarding.checklist.models import Plan
from offboarding.ledger.actions import APP, Event, record
from offboarding.ledger.rules import iso
from offboarding.removals import actions as removals
from offboarding.removals.models import RemovalRequest
from offboarding.removals.rules import Stage
from offboarding.users.models import User
from offboarding.users.rules import actor_of

Verb = Callable[[int, datetime], None]


def ask(plan: Plan, user: User, now: datetime) -> Asking:
    """The strictest of the plan's policies says how long. Call in the transaction that freezes the plan."""
    rulings = queries.rulings_of(plan)
    Asking.objects.filter(plan__removal=plan.removal, over_at=None).update(over_at=now)
    made = Asking.objects.create(
        plan=plan,
        asked_at=now,
        remind_at=soonest(now, (ruling.terms.remind_hours for ruling in rulings)),
        escalate_at=soonest(now, (ruling.terms.escalate_hours for ruling in rulings)),
        expires_at=now + timedelta(days=min(ruling.terms.valid_days for ruling in rulings)),
    )
    record(
        Event.APPROVAL_ASKED,
        actor=actor_of(user),
        about=plan.removal.reference,
        facts={"version": plan.version, "expires_at": iso(made.expires_at), "under": named(rulings)},
    )
    return made


def soonest(now: datetime, hours: Iterable[int]) -> datetime | None:
    """0 hours means never."""
    first = min((each for each in hours if each), default=0)
    return now + timedelta(hours=first) if first else None


def named(rulings: Sequence[Ruling]) -> list[str]:
    return [f"{ruling.name}, version {ruling.version}" for ruling in rulings]


def due(now: datetime) -> list[tuple[Verb, list[int]]]:
    """What has come due of what still waits. What ends now needs no reminder. Three queries."""
    open_ = Asking.objects.filter(over_at=None, plan__removal__stage=Stage.PLANNED)
    waits = open_.filter(expires_at__gt=now)
    found = (
        (expire, open_.filter(expires_at__lte=now)),
        (escalate, waits.filter(escalate_at__lte=now, escalated_at=None)),
        # Where others are told at this very moment, that is reminder enough.
        (remind, waits.filter(remind_at__lte=now, reminded_at=None).exclude(escalate_at__lte=now)),
    )
    return [(verb, list(rows.order_by("pk").values_list("pk", flat=True))) for verb, rows in found]


def waiting(pk: int, now: datetime) -> Asking | None:
    """Locked with its request, if it still waits. Decisions and changes hold the same lock."""
    removal = Asking.objects.values_list("plan__removal", flat=True).get(pk=pk)
    locked = RemovalRequest.objects.select_for_update().get(pk=removal)
    found = Asking.objects.select_related("plan__removal").get(pk=pk)
    return found if locked.stage == Stage.PLANNED and found.over_at is None else None


def remind(pk: int, now: datetime) -> None:
    with transaction.atomic():
        found = waiting(pk, now)
        if found and Asking.objects.filter(pk=pk, reminded_at=None).update(reminded_at=now):
            tell(Event.APPROVAL_REMINDED, found)


def escalate(pk: int, now: datetime) -> None:
    with transaction.atomic():
        found = waiting(pk, now)
        if found and Asking.objects.filter(pk=pk, escalated_at=None).update(escalated_at=now):
            people = {each for ruling in queries.rulings_of(found.plan) for each in ruling.terms.escalate_to}
            tell(Event.APPROVAL_ESCALATED, found, told=sorted(people))


def expire(pk: int, now: datetime) -> None:
    """Nobody decided in time. Yeses that were given end with it."""
    with transaction.atomic():
        found = waiting(pk, now)
        if found is None or found.expires_at > now:
            return
        Asking.objects.filter(pk=pk).update(over_at=now)
        removals.move(found.plan.removal, Stage.EXPIRED)
        tell(Event.APPROVAL_EXPIRED, found)


def tell(event: Event, asking: Asking, **facts: object) -> None:
    said = {"version": asking.plan.version, "asked_at": iso(asking.asked_at), **facts}
    record(event, actor=APP, about=asking.plan.removal.reference, facts=said)
