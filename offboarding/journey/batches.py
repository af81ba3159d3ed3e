"""Lists of people, row by row: begin the looks, and when they have ended, file what was found. Safe to call at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import structlog

from offboarding.checklist.rules import refuses_reduction
from offboarding.connections.models import Workspace
from offboarding.connections.queries import workspaces_in
from offboarding.directory.models import Engagement
from offboarding.directory.queries import engagements_in, scope_of
from offboarding.directory.rules import Scope
from offboarding.discovery.holdings import holdings
from offboarding.discovery.merging import split
from offboarding.discovery.queries import newest_looks
from offboarding.discovery.rules import Outcome, Sighting
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
        removals.merge(draft, owner, row.stays)
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
    """Files a removal from every workspace in which something was found, or in which nobody could look. Where the row says
    what alone is taken, from those in which that was found.
    """
    looks = newest_looks(removal.person, places)
    seen = {pk: going(look.sighting, row.stays) for pk, look in looks.items() if look.sighting}
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
    if wanted := typed(row).taken:
        wishes = reductions(there, seen, wanted)
    else:
        wishes = [removals.Wish(each, Choice.REMOVE) for each in there]
    removals.choose(removal, owner, wishes, today)
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


def going(seen: Sighting, stays: str) -> Sighting:
    """What was seen of the accounts that go."""
    return split(seen, stays)[0] if stays else seen


def reductions(
    there: Sequence[Workspace], seen: Mapping[int, Sighting], wanted: Sequence[str]
) -> list[removals.Wish]:
    """What is taken alone, place by place. Raises Refused unless every place could be read, each name was found, and
    something stays in each place.
    """
    unread = [each.name for each in there if each.pk not in seen or seen[each.pk].outcome is Outcome.UNKNOWN]
    if unread:
        says = f"What should go could not be looked up in {', '.join(unread)}. Go on with the draft by hand."
        raise Refused("unread", says)
    names = {name.casefold(): name for name in wanted}
    wishes, found = [], set[str]()
    for place in there:
        taken = [each for each in holdings(seen[place.pk]) if each.takeable and each.name.casefold() in names]
        if not taken:
            continue
        keys = tuple(each.key for each in taken)
        if why := refuses_reduction(seen[place.pk], keys):
            raise Refused("all-of-it", f"{place.name}: {why} Go on with the draft by hand.")
        found |= {each.name.casefold() for each in taken}
        wishes.append(removals.Wish(place, Choice.REDUCE, taken=keys))
    if missing := [name for folded, name in names.items() if folded not in found]:
        says = f"No role or group of this name was found: {', '.join(missing)}. Go on with the draft by hand."
        raise Refused("not-found", says)
    return wishes
