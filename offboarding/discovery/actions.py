"""Asking for looks, and keeping what they saw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.connections.models import Workspace
from offboarding.discovery.models import Look, Snapshot
from offboarding.discovery.rules import Sighting, unknown
from offboarding.evidence.models import Evidence
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.addresses import key
from offboarding.lib.refusals import Refused
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work.actions import put_down
from offboarding.work.rules import State


def ask(user: User, addresses: Sequence[str], workspaces: Iterable[Workspace]) -> str:
    """Start one look in each workspace where none is under way. Returns the person's key.

    A look that is under way already serves; asking twice costs nothing.
    """
    person, wanted = key(addresses), some(workspaces)
    started = [look for workspace in wanted if (look := begin(user, person, addresses, workspace))]
    if started:
        with transaction.atomic():
            record(
                Event.LOOK_ASKED,
                actor=actor_of(user),
                facts={"person": person, "workspaces": [look.workspace.name for look in started]},
                personal={"addresses": ", ".join(addresses)},
            )
    return person


def some(workspaces: Iterable[Workspace]) -> list[Workspace]:
    if not (found := list(workspaces)):
        raise Refused(
            "no-workspace", "No workspace is connected yet. An administrator connects the first one in Setup."
        )
    return found


def begin(user: User, person: str, addresses: Sequence[str], workspace: Workspace) -> Look | None:
    try:
        with transaction.atomic():
            look = Look.objects.create(
                workspace=workspace,
                person=person,
                addresses=list(addresses),
                asked_by=user,
                state=State.READY,
            )
            pulse.nudge(look)
    except IntegrityError:
        return None
    return look


def crashed(look: Look) -> None:
    """It stopped three times in the middle and is parked; whoever waits for it is told. Asking again starts a new look."""
    seen = unknown(
        "We could not look: something in Offboard failed three times.",
        "Search again, and tell your administrator.",
    )
    Look.objects.filter(pk=look.pk).update(seen=seen.as_json(), ended_at=Now())
    record(
        Event.LOOK_ENDED,
        actor=APP,
        facts={
            "person": look.person,
            "workspace": look.workspace.name,
            "outcome": seen.outcome.value,
            "evidence": "",
        },
    )


def keep_seen(
    workspace: Workspace, addresses: Sequence[str], seen: Sighting, raw: Evidence | None
) -> Snapshot:
    """A snapshot of what a step saw before it changed anything. Call inside the transaction that keeps the step's look."""
    return Snapshot.objects.create(
        workspace=workspace, person=key(addresses), addresses=list(addresses), data=seen.as_json(), raw=raw
    )


def finish(look: Look, seen: Sighting, raw: Evidence | None) -> Snapshot:
    with transaction.atomic():
        snapshot = Snapshot.objects.create(
            workspace=look.workspace,
            person=look.person,
            addresses=look.addresses,
            data=seen.as_json(),
            raw=raw,
        )
        put_down(look, State.DONE, after=None, seen=seen.as_json(), snapshot=snapshot, ended_at=Now())
        record(
            Event.LOOK_ENDED,
            actor=APP,
            facts={
                "person": look.person,
                "workspace": look.workspace.name,
                "outcome": seen.outcome.value,
                "evidence": raw.sha256 if raw else "",
            },
        )
    return snapshot
