"""Delegating one's decisions for a time, and taking that back."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models.functions import Now

from offboarding.approvals.delegations.rules import may_not_delegate, wrong_with_times
from offboarding.approvals.models import Delegation
from offboarding.directory.people import allowed
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event, record
from offboarding.ledger.rules import iso
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import actor_of


def check(
    giver: User, to: User, starts_at: datetime, ends_at: datetime, why: str, now: datetime, today: date
) -> None:
    """Asked before somebody proves who they are, and again when it is written. Raises Refused with the field."""
    if says := may_not_delegate(scope_of(giver, today), scope_of(to, today)):
        raise Refused("may-not-delegate", says, field="to")
    field, says = wrong_with_times(starts_at, ends_at, now)
    if field:
        raise Refused("wrong-times", says, field=field)
    if not within(why, 300, "why"):
        raise Refused("no-reason", "Say why, such as holidays: it stands in the record.", field="why")


def delegate(
    giver: User,
    to: User,
    *,
    starts_at: datetime,
    ends_at: datetime,
    why: str,
    method: str,
    now: datetime,
    today: date,
) -> Delegation:
    """From then until then, `to` may decide wherever `giver` may and `to` can see the request. They see nothing more."""
    check(giver, to, starts_at, ends_at, why, now, today)
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=giver.pk)
        overlaps = Delegation.objects.filter(
            giver=giver, to=to, cancelled_at=None, starts_at__lt=ends_at, ends_at__gt=starts_at
        )
        if overlaps.exists():
            raise Refused(
                "delegated-already",
                f"You have delegated to {to.name} for a part of this time already.",
                field="to",
            )
        made = Delegation.objects.create(
            giver=giver, to=to, starts_at=starts_at, ends_at=ends_at, why=why.strip(), method=method
        )
        facts = {
            "delegation": made.pk,
            "to": to.pk,
            "from": iso(starts_at),
            "until": iso(ends_at),
            "why": made.why,
        }
        record(
            Event.DELEGATION_MADE,
            actor=actor_of(giver),
            facts={**facts, "method": method},
            personal={"to": to.name, "address": to.email},
        )
    return made


def cancel(delegation: Delegation, user: User) -> None:
    """By either of the two, at once. Decisions that were made stay."""
    if user.pk not in (delegation.giver_id, delegation.to_id):
        raise Refused("not-yours", "Only the two people of a delegation end it.")
    end(delegation, user)


def end_for_them(delegation: Delegation, by: User, administers: Scope, person: User, why: str) -> None:
    """By an administrator who could also disable `person`, one of the two: that would end it as well."""
    allowed(administers, person)
    if person.pk not in (delegation.giver_id, delegation.to_id):
        raise Refused("not-theirs", f"{person.name} has no part in this delegation.")
    if not (why := within(why, 500, "reason")):
        raise Refused("no-reason", "Say why: it stands in the record.", field="reason")
    end(delegation, by, why)


def end(delegation: Delegation, by: User, why: str = "") -> None:
    with transaction.atomic():
        open_ = Delegation.objects.filter(pk=delegation.pk, cancelled_at=None, ends_at__gt=Now())
        if not open_.update(cancelled_at=Now(), cancelled_by=by):
            raise Refused("ended-already", "This delegation has ended already.")
        facts = {"delegation": delegation.pk, "giver": delegation.giver_id, "to": delegation.to_id}
        record(
            Event.DELEGATION_CANCELLED, actor=actor_of(by), facts={**facts, **({"why": why} if why else {})}
        )
