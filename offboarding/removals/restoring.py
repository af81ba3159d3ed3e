"""Asking to give back, for a limited time, what a request took away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models.functions import Now

from offboarding.connections.models import Workspace
from offboarding.connections.queries import ground_of
from offboarding.directory.queries import scope_of
from offboarding.ledger.actions import Event, record
from offboarding.lib.refusals import Refused, within
from offboarding.removals.actions import known_zone, may_file, move, not_about_self, numbered, still_connected
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.queries import restored_by
from offboarding.removals.rules import FILING, RESTORING, Choice, Stage, refuses_end
from offboarding.users.models import User
from offboarding.users.rules import actor_of

LONGEST_WHY = 2000  # characters


def restore(
    original: RemovalRequest,
    user: User,
    workspaces: Sequence[Workspace],
    *,
    ends_at: datetime,
    time_zone: str,
    why: str,
    now: datetime,
) -> RemovalRequest:
    """A request of its own that names the original. Its plan is frozen in the same transaction, through `journey`."""
    why = checked(workspaces, ends_at, time_zone, why, now)
    with transaction.atomic():
        locked = RemovalRequest.objects.select_for_update().get(pk=original.pk)
        may_restore(locked, user, workspaces, now)
        made = numbered(
            requester=user,
            restores=locked,
            addresses=locked.addresses,
            person=locked.person,
            person_name=locked.person_name,
            stays=locked.stays,
            reason=RESTORING,
            starts_at=now,
            due_at=ends_at,
            time_zone=time_zone,
            ticket=locked.ticket,
            notes=why,
        )
        Place.objects.bulk_create(
            Place(removal=made, workspace=each, choice=Choice.RESTORE, ends_at=ends_at) for each in workspaces
        )
        move(made, Stage.PLANNED, actor_of(user), filed_at=Now())
        facts = {"reason": RESTORING, "restores": locked.reference, "person": made.person}
        personal = {"name": made.person_name, "addresses": ", ".join(made.addresses)}
        record(
            Event.REMOVAL_FILED, actor=actor_of(user), about=made.reference, facts=facts, personal=personal
        )
    made.refresh_from_db()
    return made


def checked(
    workspaces: Sequence[Workspace], ends_at: datetime, time_zone: str, why: str, now: datetime
) -> str:
    """The reason as it is kept."""
    why = within(why, LONGEST_WHY, "why")
    if not workspaces:
        raise Refused("no-place", "Choose at least one workspace.", field="places")
    if not known_zone(time_zone):
        raise Refused("no-zone", "Choose a time zone from the list.", field="time_zone")
    if wrong := refuses_end(ends_at - now):
        raise Refused("bad-end", wrong, field="day")
    if not why:
        raise Refused("no-reason", "Say what stopped working.", field="why")
    return why


def may_restore(locked: RemovalRequest, user: User, workspaces: Sequence[Workspace], now: datetime) -> None:
    scope = scope_of(user, now.date())
    may_file(scope)
    not_about_self(scope, locked.addresses)
    if not scope.covers(ground_of([each.pk for each in workspaces]), *FILING):
        raise Refused("foreign-place", "One of these workspaces is not yours to ask for.")
    still_connected(workspaces)
    if locked.restores_id or locked.stage not in (Stage.RUNNING, Stage.CLOSED):
        raise Refused("wrong-stage", f"{locked.reference} took no access away that could be given back.")
    for open_ in restored_by(locked, [each.pk for each in workspaces]):
        until = open_.due_at.astimezone(ZoneInfo(open_.time_zone)) if open_.due_at else None
        sentence = f"{open_.reference} restores access there already, until {until:%d %b %Y %H:%M %Z}."
        raise Refused("restored-already", sentence, reference=open_.reference)
