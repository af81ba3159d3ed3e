"""What a look does when it is its turn, and what it does with trouble."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

from offboarding.connections import actions as connections
from offboarding.connections import keyring, queries
from offboarding.connections.gate import why_waiting
from offboarding.discovery import actions, read
from offboarding.discovery.models import Look
from offboarding.discovery.pages import pages_told
from offboarding.discovery.rules import TRIES, Outcome, Sighting, unknown
from offboarding.evidence.actions import keep_json
from offboarding.evidence.models import Evidence
from offboarding.evidence.store import NotStored
from offboarding.gateways.segment import Exchange, GatewayError, NotAllowed, SlowDown, TokenRefused
from offboarding.work.actions import Hold, keep, put_down
from offboarding.work.rules import State, back_off

NO_ROOM = 30.0  # seconds until it is tried again whether evidence can be stored


def perform(look: Look) -> None:
    workspace = look.workspace
    standing = queries.standing(workspace.pk)
    if standing.shut:
        return wait(look, standing.shut, standing.why)
    exchanges: list[Exchange] = []
    try:
        seen = see(look, exchanges)
    except SlowDown as error:
        return wait(look, error.retry_after, why_waiting(error))
    except TokenRefused as error:
        connections.token_refused(workspace, error.sentence)
        seen = unknown(
            f"Segment refused our token for {workspace.name}.",
            "An Owner makes a new one: Setup > Connections.",
        )
    except NotAllowed as error:
        seen = unknown(
            error.sentence, "Our token may be too weak. An Owner makes one with the level Workspace Owner."
        )
    except GatewayError as error:
        if look.tries + 1 < TRIES:
            put_down(look, State.READY, after=back_off(look.tries, random.random()), tries=look.tries + 1)
            return None
        seen = unknown(error.sentence, "Try again later; other workspaces are not affected.")
    else:
        connections.token_works(workspace)
    try:
        raw = keep_raw(look, exchanges)
    except NotStored as error:
        return wait(look, NO_ROOM, error.waiting)
    actions.finish(look, seen, raw)


def see(look: Look, exchanges: list[Exchange]) -> Sighting:
    hold = Hold(look)

    def note(exchange: Exchange) -> None:
        exchanges.append(exchange)
        hold.touch()

    with keyring.gateway_for(look.workspace, note) as gateway:
        seen = read.look_for(gateway, look.addresses)
        if seen.outcome is not Outcome.MEMBER:
            return seen
        # Shown at once; what they can reach takes more calls and follows.
        keep(look, seen=seen.as_json())
        return replace(seen, reach=read.reach_of(gateway, seen))


def wait(look: Look, seconds: float, why: str) -> None:
    put_down(
        look,
        State.WAITING,
        after=timedelta(seconds=seconds + random.random()),
        waiting_for=why[:200],
    )


def keep_raw(look: Look, exchanges: list[Exchange]) -> Evidence | None:
    if not exchanges:
        return None
    return keep_json(
        read.raw_record(exchanges),
        name=f"{look.workspace.slug}-read.json",
        shows=pages_told(exchanges, f"What Segment answered about the person in {look.workspace.name}"),
        taken_by="Offboard",
        client=look.workspace.client,
        origin=f"{look.workspace.base_url} ({look.workspace.name})",
    )
