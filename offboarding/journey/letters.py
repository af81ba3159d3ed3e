"""Letters on the route: drafts as soon as telling has its turn, and what a client lets go by itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial

from django.db import transaction

from offboarding.directory.models import Client
from offboarding.letters import actions, queries
from offboarding.letters.facts import whole
from offboarding.letters.fulfilling import TELLING, fulfil, waits
from offboarding.letters.models import Letter
from offboarding.letters.rules import (
    OPEN,
    Conditions,
    Kind,
    Standing,
    addresses_in,
    expected_in,
    goes_by_itself,
)
from offboarding.lib.refusals import Refused
from offboarding.removals.models import RemovalRequest
from offboarding.work import clock
from offboarding.work.queries import stands_still
from offboarding.work.rules import State

# Code and state of the steps while they have their turn.
THEIR_TURN = {(code, State.NEEDS_PERSON.value) for code in TELLING}


def go_on(removal: RemovalRequest) -> None:
    """Safe to call at any time, any number of times; nothing is done while telling does not have its turn."""
    if not waits(removal).exists() or stands_still():
        return
    ground = cache(partial(queries.Ground, removal))
    for client in queries.clients_in(removal):
        conditions = queries.conditions_of(client)
        for kind in expected_in(conditions, removal.emergency, removal.machine):
            tell(removal, client, kind, conditions, ground)
    fulfil_if_told(removal)


def tell(
    removal: RemovalRequest,
    client: Client,
    kind: Kind,
    conditions: Conditions,
    ground: Callable[[], queries.Ground],
) -> None:
    letter = removal.letters.filter(client=client, kind=kind).exclude(standing=Standing.LAPSED).last()
    if letter is None:
        try:
            letter = actions.write_letter(removal, client, kind, None, clock.now().date())
        except Refused:  # somebody else was quicker
            return
    if letter.standing in OPEN and kind in conditions.automatic:
        by_itself(letter, client, conditions, ground)


def by_itself(
    letter: Letter, client: Client, conditions: Conditions, ground: Callable[[], queries.Ground]
) -> None:
    """Most turns end here with no: so what is cheap is asked first, and what all clients share only once."""
    facing = queries.facing(letter)
    if not goes_by_itself(facing, conditions, whole=True):
        return
    if not whole(ground().facts(client)):
        return
    try:
        if why := queries.changed_since(letter):
            if letter.standing == Standing.APPROVED:
                return  # whoever approved these words reads the new ones first
            letter = actions.renew(letter, why)
        to, wrong = addresses_in(
            queries.addressed_to(letter, clock.now().date()), Kind(letter.kind), letter.removal.addresses
        )
        if not wrong:
            actions.release_itself(letter, to)
    except Refused:  # somebody has it in hand
        return


def fulfil_if_told(removal: RemovalRequest) -> None:
    with transaction.atomic():
        fulfil(removal)
