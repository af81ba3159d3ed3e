"""Standing still: after a restore, or because somebody says so, nothing outside is changed until a person has looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from offboarding import pulse
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope
from offboarding.execution.models import Run
from offboarding.execution.queries import looked_at_since
from offboarding.ledger import queries as ledger
from offboarding.ledger.actions import APP, Actor, Event, checkpoint, record
from offboarding.ledger.rules import Statement, iso
from offboarding.lib.refusals import Refused
from offboarding.notifications.models import Message
from offboarding.packets.models import Packet
from offboarding.removals.queries import waiting_to_begin
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work import actions as work
from offboarding.work.desks import DESKS
from offboarding.work.queries import standstill
from offboarding.work.rules import STILL, State


def stand_still(why: str, actor: Actor) -> bool:
    """From now on nothing outside is changed. False if the engine stands still already."""
    with transaction.atomic():
        began = work.halt(why, actor.label)
        if began:
            record(Event.ENGINE_PAUSED, actor=actor, facts={"why": why})
    return began


def compare() -> None:
    """Stand still if the database is older than what this installation has signed already: then it was restored."""
    here = standstill()
    if not here.stands and (said := ledger.not_known_here(here.accepted)):
        stand_still(why_older(said), APP)


def why_older(said: Statement) -> str:
    ours = ledger.newest_seq()
    name = settings.CHECKPOINT_FILE.name
    told = f"{name} holds a signed checkpoint of entry {said.size}, made {said.at[:16].replace('T', ' ')} UTC"
    if ours < said.size:
        return f"The database is older than its own record: {told}, and the ledger ends at entry {ours}."
    return f"The database is not the one that was signed: {told}, and the ledger tells that entry otherwise."


@dataclass(frozen=True, slots=True)
class Found:
    """What came to light while the engine stands still, and what goes on with it."""

    looked_at: int  # steps that were read since
    done: int  # of these, how many were found to be done
    would_act: int  # steps whose next turn is a call
    mails: int
    packets: int
    requests: int  # approved, and their time to begin has come


def found(since: datetime) -> Found:
    """Counts only, of all clients. 6 queries."""
    looked, done = looked_at_since(since)
    return Found(
        looked_at=looked,
        done=done,
        would_act=Run.objects.filter(state=State.WAITING, waiting_for=STILL).count(),
        mails=Message.objects.filter(state=State.WAITING, waiting_for=STILL).count(),
        packets=Packet.objects.filter(state=State.WAITING, waiting_for=STILL).count(),
        requests=waiting_to_begin().count(),
    )


def may_not_go_on(scope: Scope) -> str:
    """Why this person may not let the engine go on; empty if they may. It concerns every client."""
    if not scope.covers(frozenset(Client.objects.values_list("pk", flat=True)), Role.ADMINISTRATOR):
        return "Only an administrator of all clients lets the engine go on."
    return ""


def go_on(user: User, since: datetime) -> None:
    """Everything goes on. `since` is the beginning of the standstill that the person read about.

    What the file outside says up to now is accepted: the ledger goes on from the database as it stands.
    """
    if why := may_not_go_on(scope_of(user, datetime.now(UTC).date())):
        raise Refused("not-an-administrator", why)
    with transaction.atomic():
        why, counted = standstill().why, found(since)
        if not work.let_go(since, ledger.newest_outside()):
            raise Refused("moved-meanwhile", "The engine goes on already, or stood still again. Look again.")
        freed = sum(work.free(desk.model) for desk in DESKS.values())
        facts = {"why": why, "since": iso(since), "looked_at": counted.looked_at, "freed": freed}
        record(Event.ENGINE_RESUMED, actor=actor_of(user), facts=facts)
        transaction.on_commit(pulse.woken.set)
    checkpoint()
