"""A request that is released at once: filed as a whole, without a draft before it and without an approval after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from offboarding.connections.models import Workspace
from offboarding.directory.queries import scope_of
from offboarding.ledger.actions import Event, record
from offboarding.lib.addresses import key
from offboarding.lib.refusals import Refused
from offboarding.removals.actions import checked_addresses, known_zone, not_about_self, numbered
from offboarding.removals.adjusting import within as reason_within
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.rules import URGENT_REASONS, Choice, Stage, due_at
from offboarding.users.models import User
from offboarding.users.rules import actor_of


@dataclass(frozen=True, slots=True)
class Urgent:
    """What the security role says of it. `ticket` is the reference of the incident."""

    addresses: Sequence[str]
    name: str
    reason: str
    ticket: str
    time_zone: str


def file_at_once(said: Urgent, user: User, workspaces: Sequence[Workspace], now: datetime) -> RemovalRequest:
    """A filed request to remove the person from each of these. Call inside the transaction that releases it."""
    addresses = checked_addresses(said.addresses)
    not_about_self(scope_of(user, now.date()), addresses)
    check(said, workspaces)
    removal = numbered(
        requester=user,
        emergency=True,
        stage=Stage.PLANNED,
        addresses=addresses,
        person=key(addresses),
        person_name=said.name,
        reason=said.reason,
        ticket=said.ticket,
        starts_at=now,
        due_at=due_at(reason_within(said.reason), now),
        time_zone=said.time_zone,
        filed_at=now,
    )
    Place.objects.bulk_create(
        Place(removal=removal, workspace=each, choice=Choice.REMOVE) for each in workspaces
    )
    record(
        Event.REMOVAL_FILED,
        actor=actor_of(user),
        about=removal.reference,
        facts={
            "reason": removal.reason,
            "ticket": removal.ticket,
            "person": removal.person,
            "emergency": True,
        },
        personal={"name": removal.person_name, "addresses": ", ".join(addresses)},
    )
    return removal


def check(said: Urgent, workspaces: Sequence[Workspace]) -> None:
    if said.reason not in URGENT_REASONS:
        raise Refused("no-reason", "Choose the security reason.", field="reason")
    if not said.ticket.strip():
        raise Refused("no-incident", "Enter the reference of the incident.", field="incident")
    if not known_zone(said.time_zone):
        raise Refused("no-zone", "Choose a time zone from the list.", field="time_zone")
    if not workspaces:
        raise Refused(
            "no-workspace", "No workspace of your clients is connected, so there is nothing to remove from."
        )
