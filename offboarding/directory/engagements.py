"""Engagements: what a client bought, from which to which day, and who leads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding.directory.changes import (
    differences,
    held,
    may,
    noted,
    nothing_changed,
    reason,
    write,
)
from offboarding.directory.models import Client, Engagement
from offboarding.directory.queries import leads_of
from offboarding.directory.rules import Scope, wrong_days
from offboarding.directory.two import must_not_grow_alone
from offboarding.ledger.actions import Event
from offboarding.lib.refusals import Refused, within
from offboarding.users.models import User
from offboarding.users.rules import Role


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of an engagement. Both days count; without a last day it has no end."""

    name: str
    lead: User | None
    starts_on: date | None = None
    ends_on: date | None = None
    sow: str = ""

    def fields(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("name", "lead", "starts_on", "ends_on", "sow")}


def add(by: User, administers: Scope, client: Client, said: Said, today: date) -> Engagement:
    may(administers, client, Role.ADMINISTRATOR)
    wanted = checked(client, said, today)
    try:
        with transaction.atomic():
            if Client.objects.select_for_update().get(pk=client.pk).ended_at:
                raise Refused("client-ended", f"{client.name} has ended. Open it again first.")
            made = Engagement.objects.create(client=client, **wanted.fields())
            noted(Event.ENGAGEMENT_ADDED, by, made, told(made, {"led_by": made.lead_id}), lead(wanted))
    except IntegrityError as error:
        raise known(wanted.name) from error
    return made


def change(
    by: User, administers: Scope, engagement: Engagement, said: Said, version: int, today: date
) -> None:
    may(administers, engagement, Role.ADMINISTRATOR)
    wanted = checked(engagement.client, said, today, engagement.lead_id, engagement.pk)
    try:
        with transaction.atomic():
            locked = held(engagement, version)
            if not (changed := differences(locked, wanted.fields())):
                raise nothing_changed()
            if goes_on_again(locked, wanted, today):
                must_not_grow_alone(by, locked)
            write(locked, **wanted.fields())
            noted(Event.ENGAGEMENT_CHANGED, by, locked, told(locked, {"changed": changed}), lead(wanted))
    except IntegrityError as error:
        raise known(wanted.name) from error


def goes_on_again(was: Engagement, wanted: Said, today: date) -> bool:
    was_over = was.ends_on is not None and was.ends_on < today
    return was_over and (wanted.ends_on is None or wanted.ends_on >= today)


def end(by: User, administers: Scope, engagement: Engagement, why: str, version: int, last_day: date) -> None:
    """It is over. Whoever is on its roster stays there: their access has to go by requests, and is asked for."""
    may(administers, engagement, Role.ADMINISTRATOR)
    why = reason(why)
    with transaction.atomic():
        locked = held(engagement, version)
        if locked.ended_at:
            raise Refused("ended-already", f"{locked.name} has ended already.")
        days = min(filter(None, (locked.ends_on, last_day)))
        write(locked, ended_at=Now(), ends_on=days)
        facts = told(locked, {"why": why, "last_day": days.isoformat()})
        noted(Event.ENGAGEMENT_ENDED, by, locked, facts)


def reopen(by: User, administers: Scope, engagement: Engagement, version: int) -> None:
    may(administers, engagement, Role.ADMINISTRATOR)
    with transaction.atomic():
        locked = held(engagement, version)
        if not locked.ended_at:
            raise Refused("runs-already", f"{locked.name} has not ended.")
        if Client.objects.select_for_update().get(pk=locked.client_id).ended_at:
            raise Refused("client-ended", f"{locked.client.name} has ended. Open it again first.")
        must_not_grow_alone(by, locked)
        write(locked, ended_at=None)
        noted(Event.ENGAGEMENT_REOPENED, by, locked, told(locked, {}))


def checked(
    client: Client, said: Said, today: date, keeps: int | None = None, engagement: int | None = None
) -> Said:
    """Raises Refused with the field that cannot stand. Who leads already may go on, even without the role."""
    name = within(said.name, 200, "name")
    if not name:
        raise Refused("no-name", "Enter the engagement's name.", field="name")
    if said.lead is None or (said.lead.pk != keeps and said.lead not in leads_of(client, today, engagement)):
        raise Refused("no-lead", "Choose a lead: somebody who files requests for this client.", field="lead")
    if wrong := wrong_days(said.starts_on, said.ends_on):
        raise Refused("wrong-days", wrong, field="ends_on")
    return Said(name, said.lead, said.starts_on, said.ends_on, within(said.sow, 100, "sow"))


def told(engagement: Engagement, facts: dict[str, Any]) -> dict[str, Any]:
    return {"engagement": engagement.name, "client": engagement.client.name, **facts}


def lead(said: Said) -> dict[str, str]:
    return {"lead": said.lead.name} if said.lead else {}


def known(name: str) -> Refused:
    return Refused("known-engagement", f"This client has an engagement called {name} already.", field="name")
