"""Holding a running removal back, letting it go on, and cutting it short."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from offboarding.directory.queries import scope_of
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.removals.rules import Stage, may_not_steer
from offboarding.users.models import User
from offboarding.users.rules import actor_of

LONGEST_REASON = 2000  # characters


def pause(removal: RemovalRequest, user: User, reason: str) -> None:
    """From the commit on no call begins for this removal: whoever writes down an intent holds the same lock."""
    reason = said(reason, "Say why the work is paused.")
    with transaction.atomic():
        locked = lock(removal, user)
        if locked.paused_at:
            raise Refused("paused-already", f"{locked.reference} is paused already.")
        if locked.rest_cancelled_at:
            raise Refused("cancelled-already", "What was left is cancelled, so there is nothing to pause.")
        change(locked, paused_at=Now(), paused_by=user, steered_because=reason)
        tell(locked, user, Event.REMOVAL_PAUSED, {"reason": reason})
    removal.refresh_from_db()


def resume(removal: RemovalRequest, user: User) -> None:
    """What rested goes on by itself."""
    with transaction.atomic():
        locked = lock(removal, user)
        if not locked.paused_at:
            raise Refused("not-paused", f"{locked.reference} is not paused.")
        change(locked, paused_at=None, paused_by=None, steered_because="")
        tell(locked, user, Event.REMOVAL_RESUMED, {})
    removal.refresh_from_db()


def cancel_rest(removal: RemovalRequest, user: User, reason: str) -> str:
    """No call begins any more; gives the reason as it is kept. A pause ends with it: nothing is left to hold back.

    Call inside the transaction that cancels the steps and tells the ledger which ones.
    """
    reason = said(reason, "Say why the rest is cancelled.")
    locked = lock(removal, user)
    if locked.rest_cancelled_at:
        raise Refused("cancelled-already", "What was left is cancelled already.")
    change(
        locked,
        paused_at=None,
        paused_by=None,
        rest_cancelled_at=Now(),
        rest_cancelled_by=user,
        steered_because=reason,
    )
    removal.refresh_from_db()
    return reason


def said(reason: str, otherwise: str) -> str:
    reason = within(reason, LONGEST_REASON, "reason")
    if not reason:
        raise Refused("no-reason", otherwise, field="reason")
    return reason


def lock(removal: RemovalRequest, user: User) -> RemovalRequest:
    """The row, held, for somebody who may steer it while it runs."""
    locked = RemovalRequest.objects.select_for_update().get(pk=removal.pk)
    scope = scope_of(user, datetime.now(UTC).date())
    if why := may_not_steer(scope, locked.requester_id, clients_of(locked), locked.addresses):
        raise Refused("not-yours", why)
    if locked.stage != Stage.RUNNING:
        raise Refused("wrong-stage", f"{locked.reference} is {locked.stage}, so this cannot be done.")
    return locked


def change(locked: RemovalRequest, **fields: Any) -> None:
    RemovalRequest.objects.filter(pk=locked.pk).update(version=F("version") + 1, **fields)


def tell(locked: RemovalRequest, user: User, event: Event, facts: dict[str, Any]) -> None:
    record(event, actor=actor_of(user), about=locked.reference, facts=facts)
