"""Lists of people, row by row: begin the looks, and when they have ended, file what was found. Safe to call at any time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.models import Engagement
from offboarding.directory.queries import engagements_in, scope_of
from offboarding.directory.rules import Scope
from offboarding.discovery.queries import newest_looks
from offboarding.discovery.rules import Outcome
from offboarding.journey.actions import file, search_for
from offboarding.lib.refusals import Refused
from offboarding.removals import actions as removals
from offboarding.removals.batches import FILERS, due, ended, looks_began, reason_of, typed
from offboarding.removals.models import Batch, BatchRow, RemovalRequest
from offboarding.removals.rules import Choice, Stage
from offboarding.users.models import User

log = structlog.get_logger(__name__)

PRESENT = (Outcome.MEMBER, Outcome.INVITED)
AT_ONCE = 20  # rows in one turn of the engine: other work waits no longer than for these
PATIENCE = timedelta(minutes=30)  # for workspaces that do not answer; then what is known is filed


def go_on() -> None:
    """One turn for every row that waits. One that fails does not hold the others."""
    for row in due(AT_ONCE):
        try:
            move(row, datetime.now(UTC))
        except Refused as refusal:
            ended(row, BatchRow.State.FAILED, refusal.sentence)
        except Exception as error:
            log.error("row of a list does not go on", pk=row.pk, error=type(error).__name__, exc_info=True)


def move(row: BatchRow, now: datetime) -> None:
    owner, today = row.batch.owner, day_of(row.batch, now)
    scope = scope_of(owner, today)
    removals.may_file(scope)
    places = workspaces_of(row, scope)
    if row.removal is None:
        draft = search_for(owner, typed(row).addresses, row.name, places, today)
        removals.machine(draft, owner, row.owner, row.consumers)
        looks_began(row, draft)
        return
    if row.removal.stage != Stage.DRAFT:  # sent by us before we died, or by its owner on the pages
        ended(row, BatchRow.State.FILED, "", row.removal)
        return
    looks = newest_looks(row.removal.person, places)
    waits = any(each.pk not in looks or not looks[each.pk].ended for each in places)
    if not waits or patience_is_over(row, now):
        send(row, row.removal, places, owner, today, now)


def day_of(batch: Batch, now: datetime) -> date:
    return now.astimezone(ZoneInfo(batch.time_zone)).date()


def patience_is_over(row: BatchRow, now: datetime) -> bool:
    return row.looking_since is not None and now - row.looking_since > PATIENCE


def workspaces_of(row: BatchRow, scope: Scope) -> list[Workspace]:
    """Where to look: what the engagement covers, else what its client has, else everything that the user files for."""
    found = workspaces_in(scope, *FILERS)
    engagement = engagement_of(row, scope)
    if engagement is None:
        return list(found)
    covered = list(found.filter(coverage__engagement=engagement))
    return covered or list(found.filter(client=engagement.client_id))


def engagement_of(row: BatchRow, scope: Scope) -> Engagement | None:
    if not row.engagement:
        return None
    found = engagements_in(scope, *FILERS).filter(name__iexact=row.engagement).first()
    if found is None:
        raise Refused("no-engagement", f"You have no engagement called {row.engagement} any more.")
    return found


def send(
    row: BatchRow,
    removal: RemovalRequest,
    places: list[Workspace],
    owner: User,
    today: date,
    now: datetime,
) -> None:
    """Files a removal from every workspace in which something was found, or in which nobody could look."""
    looks = newest_looks(removal.person, places)
    seen = {pk: look.sighting for pk, look in looks.items() if look.sighting}
    there = [each for each in places if each.pk not in seen or seen[each.pk].outcome is not Outcome.ABSENT]
    if not there:
        removals.withdraw(removal, owner, "")
        ended(row, BatchRow.State.NOTHING, f"No access in {len(places)} workspaces, so nothing was filed.")
        return
    if not any(each.pk in seen and seen[each.pk].outcome in PRESENT for each in there):
        unread = ", ".join(each.name for each in there)
        says = (
            f"Nothing found, and these could not be read: {unread}. Go on with the draft, or throw it away."
        )
        ended(row, BatchRow.State.FAILED, says, removal)
        return
    removals.choose(removal, owner, [removals.Wish(each, Choice.REMOVE) for each in there], today)
    batch = row.batch
    engagement = engagement_of(row, scope_of(owner, today))
    removals.describe(
        removal,
        owner,
        reason=reason_of(row.reason) or batch.reason,
        starts_at=max(batch.starts_at or now, now),
        time_zone=batch.time_zone,
        now=now,
        ticket=row.ticket or batch.ticket,
        sow=engagement.sow if engagement else "",
        client_informed=batch.client_informed,
    )
    file(removal, owner, removal.version)
    ended(row, BatchRow.State.FILED, "", removal)
