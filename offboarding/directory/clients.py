"""Clients: added, changed, ended. Nothing that was done for one is ever deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.text import slugify

from offboarding.directory.changes import (
    differences,
    held,
    may,
    noted,
    nothing_changed,
    reason,
    write,
)
from offboarding.directory.frameworks import known as known_frameworks
from offboarding.directory.frameworks import too_short
from offboarding.directory.models import Client
from offboarding.directory.rules import Scope
from offboarding.ledger.actions import Event
from offboarding.lib.refusals import Refused, within
from offboarding.users.actions import time_zones
from offboarding.users.models import User
from offboarding.users.rules import Role


@dataclass(frozen=True, slots=True)
class Said:
    """What is known of a client. `time_zone` is where its days end; `contact` who answers there."""

    name: str
    time_zone: str
    contact: str = ""


def add(by: User, administers: Scope, said: Said) -> Client:
    if not administers.everywhere(Role.ADMINISTRATOR):
        raise Refused("may-not-add", "Only an administrator of all clients adds another client.")
    wanted = checked(said)
    try:
        with transaction.atomic():
            made = Client.objects.create(slug=free_slug(wanted.name), **asdict(wanted))
            noted(Event.CLIENT_ADDED, by, made, {"client": made.name})
    except IntegrityError as error:
        raise known(wanted.name) from error
    return made


def change(by: User, administers: Scope, client: Client, said: Said, version: int) -> None:
    may(administers, client, Role.ADMINISTRATOR)
    wanted = checked(said)
    try:
        with transaction.atomic():
            locked = held(client, version)
            if not (changed := differences(locked, asdict(wanted))):
                raise nothing_changed()
            write(locked, **asdict(wanted))
            noted(Event.CLIENT_CHANGED, by, locked, {"client": locked.name, "changed": changed})
    except IntegrityError as error:
        raise known(wanted.name) from error


def keep_for(
    by: User, administers: Scope, client: Client, frameworks: Sequence[str], years: int, version: int
) -> Client:
    """From now on records of this client are kept for so many years. The client as it stands now.

    Call in the transaction that also lengthens what is kept already.
    """
    may(administers, client, Role.ADMINISTRATOR)
    codes = [each.code for each in known_frameworks(frameworks)]
    if why := too_short(codes, years):
        raise Refused("too-short", why, field="years")
    with transaction.atomic():
        locked = held(client, version)
        if not (changed := differences(locked, {"frameworks": codes, "retention_years": years})):
            raise nothing_changed()
        write(locked, frameworks=codes, retention_years=years)
        noted(Event.RETENTION_CHANGED, by, locked, {"client": locked.name, "changed": changed})
    locked.refresh_from_db()
    return locked


def end(by: User, administers: Scope, client: Client, why: str, version: int) -> None:
    """We work for them no longer. Call where open requests were asked for; running engagements are asked here."""
    may(administers, client, Role.ADMINISTRATOR)
    why = reason(why)
    with transaction.atomic():
        locked = held(client, version)
        if locked.ended_at:
            raise Refused("ended-already", f"{locked.name} has ended already.")
        running = list(locked.engagements.filter(ended_at=None).values_list("name", flat=True)[:3])
        if running:
            raise Refused("engagements-run", f"End these engagements first: {', '.join(running)}.")
        write(locked, ended_at=Now())
        noted(Event.CLIENT_ENDED, by, locked, {"client": locked.name, "why": why})


def reopen(by: User, administers: Scope, client: Client, version: int) -> None:
    may(administers, client, Role.ADMINISTRATOR)
    with transaction.atomic():
        locked = held(client, version)
        if not locked.ended_at:
            raise Refused("runs-already", f"{locked.name} has not ended.")
        write(locked, ended_at=None)
        noted(Event.CLIENT_REOPENED, by, locked, {"client": locked.name})


def checked(said: Said) -> Said:
    """Without blanks around it. Raises Refused with the field that cannot stand."""
    name = within(said.name, 120, "name")
    if not name:
        raise Refused("no-name", "Enter the client's name.", field="name")
    if said.time_zone not in time_zones():
        raise Refused("no-zone", "Choose a time zone from the list.", field="time_zone")
    return Said(name, said.time_zone, within(said.contact, 200, "contact"))


def free_slug(name: str) -> str:
    """Of the name, with a number behind it where another client has it: "Ünal" and "Unal" are two clients."""
    base = (slugify(name) or "client")[:50]
    taken = set(Client.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(
        slug for n in range(1, len(taken) + 2) if (slug := base if n == 1 else f"{base}-{n}") not in taken
    )


def known(name: str) -> Refused:
    return Refused("known-client", f"There is a client called {name} already.", field="name")
