"""One turn of a reading of an audit trail: some pages, each kept before the next is asked for. Slow.

Nobody waits for it, so it takes the smallest part of the rate limits and comes back for the rest of a long trail. Dying
anywhere is harmless: the next one goes on behind the last page that stands.
"""

from __future__ import annotations

import random
from contextlib import closing
from datetime import timedelta
from itertools import islice

from offboarding.connections import actions as connections
from offboarding.connections import keyring, queries
from offboarding.connections.gate import why_waiting
from offboarding.connections.rules import Pace
from offboarding.evidence import store
from offboarding.gateways.segment import (
    AuditEvent,
    Declined,
    GatewayError,
    NotAllowed,
    NotThere,
    SegmentGateway,
    SlowDown,
    TokenRefused,
)
from offboarding.lib.refusals import Refused
from offboarding.trail import actions
from offboarding.trail.models import Harvest
from offboarding.trail.reading import told
from offboarding.trail.rules import LACKS, TRIES, Lack, Told
from offboarding.trail.sheets import lines
from offboarding.work.actions import keep, put_down
from offboarding.work.rules import State, back_off

PAGES_A_TURN = 10
LINES_A_PAGE = 500


def perform(harvest: Harvest) -> None:
    if harvest.file is not None:
        return merge(harvest)
    workspace = harvest.workspace
    if workspace.refused_at:
        return actions.cannot(harvest, Lack.REFUSED, LACKS[Lack.REFUSED])
    standing = queries.standing(workspace.pk)
    if standing.shut:
        return wait(harvest, standing.shut, standing.why)
    try:
        with keyring.gateway_for(workspace, pace=Pace.SPARE) as gateway:
            copy(harvest, gateway)
    except SlowDown as error:
        wait(harvest, error.retry_after, why_waiting(error))
    except TokenRefused as error:
        connections.token_refused(workspace, error.sentence)
        actions.cannot(harvest, Lack.REFUSED, LACKS[Lack.REFUSED])
    except GatewayError as error:
        later(harvest, error)


def copy(harvest: Harvest, gateway: SegmentGateway) -> None:
    actions.starts(harvest)
    assert harvest.since and harvest.until
    try:
        for _ in range(PAGES_A_TURN):
            page = gateway.audit_page(harvest.since, harvest.until, harvest.cursor or None)
            actions.keep_page(harvest, [(placed(event), raw) for event, raw in page.items], page.next or "")
            if page.next is None:
                return actions.finish(harvest)
    except (NotAllowed, Declined, NotThere) as error:
        return refused(harvest, gateway, error)
    put_down(harvest, State.READY)


def placed(event: AuditEvent) -> Told:
    """Raises GatewayError for a time that is none: a copy with a hole in it must not look whole."""
    found = told(event)
    if found is None:
        raise GatewayError("Segment could not be read: an audit event has no time.")
    return found


def refused(harvest: Harvest, gateway: SegmentGateway, error: GatewayError) -> None:
    """A cursor that Segment does not know any more begins anew; else it is the plan, or the token."""
    if harvest.cursor and not isinstance(error, NotAllowed) and harvest.tries < TRIES:
        keep(harvest, cursor="")
        return actions.again(harvest, back_off(harvest.tries, random.random()))
    lack = Lack.PLAN if isinstance(error, Declined) or reads_members(gateway) else Lack.TOKEN
    actions.cannot(harvest, lack, f"{LACKS[lack]} {error.sentence}")


def reads_members(gateway: SegmentGateway) -> bool:
    """Owners read both the members and the audit trail: who reads the first and not the second lacks the plan."""
    try:
        next(gateway.members(), None)
    except NotAllowed:
        return False
    return True


def later(harvest: Harvest, error: GatewayError) -> None:
    if harvest.tries + 1 < TRIES:
        return actions.again(harvest, back_off(harvest.tries, random.random()))
    actions.cannot(harvest, Lack.NOT_REACHED, error.sentence)


def wait(harvest: Harvest, seconds: float, why: str) -> None:
    after = timedelta(seconds=seconds + random.random())
    put_down(harvest, State.WAITING, after=after, waiting_for=why[:200])


def merge(harvest: Harvest) -> None:
    """The lines of a file, some hundred at a time. It was read whole when it was added, so nothing in it is new to us."""
    assert harvest.file is not None
    with (
        store.open_bytes(harvest.file.sha256) as file,
        closing(lines(file, harvest.workspace.segment_id)) as every,
    ):
        found = islice(every, int(harvest.cursor or 0), None)
        try:
            while some := list(islice(found, LINES_A_PAGE)):
                times = [each.at for each, _ in some]
                keep(
                    harvest,
                    since=min([*times, harvest.since or times[0]]),
                    until=max([*times, harvest.until or times[0]]),
                )
                actions.keep_page(harvest, some, str(int(harvest.cursor or 0) + len(some)))
        except Refused as refusal:
            return actions.cannot_merge(harvest, refusal.sentence)
    actions.finish(harvest)
