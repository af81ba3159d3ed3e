"""Asking for copies of audit trails, and keeping what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.connections.models import Workspace
from offboarding.directory import again as directory
from offboarding.directory.changes import reference
from offboarding.directory.rules import Scope
from offboarding.evidence.models import Evidence
from offboarding.evidence.rules import in_one_line
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.hashing import sha256_hex
from offboarding.lib.refusals import Refused
from offboarding.trail import queries
from offboarding.trail.models import AuditEvent, Copy, Harvest
from offboarding.trail.rules import BY_CONTENT, LACKS, Lack, Told, grown, same, window
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work import clock
from offboarding.work.actions import keep, put_down
from offboarding.work.rules import State

COPIES = (Role.OPERATOR, Role.ADMINISTRATOR, Role.SECURITY)
# Many workspaces that are due together begin one after the other.
APART = timedelta(seconds=2)
Raw = Mapping[str, Any]


def may_copy(scope: Scope, workspaces: Iterable[Workspace]) -> None:
    clients = frozenset(each.client_id for each in workspaces)
    if not clients or not scope.covers(clients, *COPIES):
        raise Refused(
            "may-not-copy", "Only operators, security and administrators of this client copy the audit trail."
        )


def ask(by: User, scope: Scope, workspaces: Sequence[Workspace]) -> int:
    """Copy what is new now. Returns how many readings began; one that is under way serves as well."""
    may_copy(scope, workspaces)
    connected = [each for each in workspaces if not each.ended_at]
    if not connected:
        raise Refused("disconnected", "It is disconnected. Give it a new token first.")
    return sum(begin(workspace, by) for workspace in connected)


def copy_what_is_due(now: datetime) -> int:
    """Once a day for each workspace, whatever came of the last time."""
    if not settings.TRAIL_HOURS:
        return 0
    due = queries.to_copy(now, timedelta(hours=settings.TRAIL_HOURS))
    return sum(begin(each, None, number * APART) for number, each in enumerate(due))


def begin(workspace: Workspace, by: User | None, after: timedelta = timedelta(0)) -> bool:
    try:
        with transaction.atomic():
            made = Harvest.objects.create(
                workspace=workspace, asked_by=by, state=State.READY, not_before=Now() + after
            )
            pulse.nudge(made)
    except IntegrityError:
        return False
    return True


def starts(harvest: Harvest) -> None:
    """Fixes what is read, when its turn has come: from a little before the end of the last copy until now."""
    if harvest.until is None:
        copy = queries.copy_of(harvest.workspace)
        overlap = timedelta(hours=settings.TRAIL_OVERLAP_HOURS)
        since, until = window(copy.reach if copy else None, clock.now(), overlap)
        keep(harvest, since=since, until=until)


def keep_page(harvest: Harvest, events: Sequence[tuple[Told, Raw]], cursor: str) -> None:
    """One page and where to go on, together or not at all. Raises LostLease. A page that is read twice changes nothing."""
    page = in_one_line([harvest.digest, [[told.key, dict(raw)] for told, raw in events]])
    with transaction.atomic():
        new = keep_events(harvest.workspace, events, harvest.file)
        keep(
            harvest,
            cursor=cursor,
            pages=harvest.pages + 1,
            read=harvest.read + len(events),
            new=harvest.new + new,
            digest=sha256_hex(page.encode()),
            tries=0,
        )


def keep_events(
    workspace: Workspace, events: Sequence[tuple[Told, Raw]], file: Evidence | None = None
) -> int:
    """How many of them were not kept before, under their own id or as a line of a file. Call within a transaction."""
    once = {told.key[:200]: (told, raw) for told, raw in events}
    known = AuditEvent.objects.filter(workspace=workspace, key__in=list(once))
    fresh = {key: each for key, each in once.items() if key not in set(known.values_list("key", flat=True))}
    twins = twins_of(workspace, [told for told, _ in fresh.values()])
    for key, (told, raw) in fresh.items():
        if (twin := twins.get(key)) is not None and not told.key.startswith(BY_CONTENT):
            AuditEvent.objects.filter(pk=twin).update(**fields_of(told), raw=raw)
    rows = [
        AuditEvent(workspace=workspace, file=file, raw=raw, **fields_of(told))
        for key, (told, raw) in fresh.items()
        if key not in twins
    ]
    AuditEvent.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def fields_of(told: Told) -> dict[str, Any]:
    return {
        "key": told.key[:200],
        "at": told.at,
        "type": told.type[:200],
        "kind": told.kind.value,
        "actor": told.actor[:300],
        "email": told.email[:300],
        "resource_id": told.resource_id[:300],
        "resource_type": told.resource_type[:100],
        "resource_name": told.resource_name[:300],
    }


def twins_of(workspace: Workspace, fresh: Sequence[Told]) -> dict[str, int]:
    """By key, the row that tells of the same act: where one of the two came without an id. Each row is one twin only."""
    if not fresh:
        return {}
    slack, times = timedelta(seconds=1), [told.at for told in fresh]
    near = AuditEvent.objects.filter(
        workspace=workspace, at__gte=min(times) - slack, at__lte=max(times) + slack
    )
    if all(not told.key.startswith(BY_CONTENT) for told in fresh):
        near = near.filter(key__startswith=BY_CONTENT)
    by_second: dict[datetime, list[AuditEvent]] = {}
    for row in near.order_by("pk"):
        by_second.setdefault(row.at.replace(microsecond=0), []).append(row)
    found: dict[str, int] = {}
    for told in fresh:
        rows = by_second.get(told.at.replace(microsecond=0), [])
        if twin := next((row for row in rows if mixed(told, row.told) and same(told, row.told)), None):
            found[told.key[:200]] = twin.pk
            rows.remove(twin)
    return found


def mixed(one: Told, other: Told) -> bool:
    """True if exactly one of the two has an id of Segment's: two ids are two events, and two lines tell themselves apart."""
    return one.key.startswith(BY_CONTENT) is not other.key.startswith(BY_CONTENT)


def finish(harvest: Harvest) -> None:
    """All of it was read: the copy reaches further from now on. A file reaches as far as its own lines and proves no more."""
    with transaction.atomic():
        put_down(harvest, State.DONE, after=None, ended_at=Now(), lack="", says="")
        copy, _ = Copy.objects.select_for_update().get_or_create(workspace=harvest.workspace)
        if harvest.file is None:
            assert harvest.since and harvest.until
            reach = grown(copy.reach, harvest.since, harvest.until)
            gaps = [[begun.isoformat(), ended.isoformat()] for begun, ended in reach.gaps]
            Copy.objects.filter(pk=copy.pk).update(
                since=reach.since, until=reach.until, gaps=gaps, lack="", lacks_since=None
            )
        record(
            Event.TRAIL_COPIED,
            actor=actor_of(harvest.asked_by) if harvest.asked_by else APP,
            about=reference(harvest.workspace),
            facts=facts_of(harvest),
        )


def facts_of(harvest: Harvest) -> dict[str, Any]:
    return {
        "workspace": harvest.workspace.name,
        "since": harvest.since.isoformat() if harvest.since else "",
        "until": harvest.until.isoformat() if harvest.until else "",
        "events": harvest.read,
        "new": harvest.new,
        "digest": harvest.digest,
        "file": harvest.file.sha256 if harvest.file else "",
    }


def cannot(harvest: Harvest, lack: Lack, says: str) -> None:
    """It ends without a copy, and says why. What was copied before stays as it is. One entry for each new reason."""
    with transaction.atomic():
        put_down(harvest, State.DONE, after=None, ended_at=Now(), lack=lack.value, says=says[:300])
        lacks(harvest, lack, says)


def lacks(harvest: Harvest, lack: Lack, says: str) -> None:
    copy, _ = Copy.objects.select_for_update().get_or_create(workspace=harvest.workspace)
    if copy.lack == lack.value:
        return
    Copy.objects.filter(pk=copy.pk).update(lack=lack.value, lacks_since=Now())
    facts = {"workspace": harvest.workspace.name, "why": lack.value, "says": says[:300]}
    record(Event.TRAIL_NOT_COPIED, actor=APP, about=reference(harvest.workspace), facts=facts)


def crashed(harvest: Harvest) -> None:
    """It stopped three times in the middle. The next day, or whoever asks, begins a new one."""
    says = LACKS[Lack.CRASHED]
    Harvest.objects.filter(pk=harvest.pk).update(lack=Lack.CRASHED.value, says=says, ended_at=Now())
    lacks(harvest, Lack.CRASHED, says)


def cannot_merge(harvest: Harvest, says: str) -> None:
    """The file in the store is not what was added. What is left of it stays unmerged."""
    put_down(harvest, State.DONE, after=None, ended_at=Now(), lack=Lack.CRASHED.value, says=says[:300])


def try_again(by: User, scope: Scope, harvest: Harvest) -> None:
    """Behind the last page that stands. A file is merged only once, so this is its way on."""
    may_copy(scope, [harvest.workspace])
    what = f"the copy of the audit trail of {harvest.workspace.name}"
    directory.try_again(by, harvest, what, reference(harvest.workspace), lack="", says="", ended_at=None)


def again(harvest: Harvest, after: timedelta) -> None:
    put_down(harvest, State.READY, after=after, tries=harvest.tries + 1)


def add_file(by: User, scope: Scope, workspace: Workspace, file: Evidence, lines: int) -> Harvest:
    """A CSV that somebody exported in Segment. It was read to its end already, so that all of it can be merged."""
    may_copy(scope, [workspace])
    if Harvest.objects.filter(workspace=workspace, file__sha256=file.sha256).exists():
        raise Refused("known-file", "This file was added before. Nothing was changed.", field="file")
    with transaction.atomic():
        made = Harvest.objects.create(workspace=workspace, asked_by=by, file=file, state=State.READY)
        facts = {"workspace": workspace.name, "file": file.sha256, "lines": lines}
        record(
            Event.TRAIL_FILE_ADDED,
            actor=actor_of(by),
            about=reference(workspace),
            facts=facts,
            personal={"name": file.name},
        )
        pulse.nudge(made)
    return made


def is_ours(workspace: Workspace, actor: str) -> None:
    """Our own calls were seen under this actor. Call within a transaction."""
    copy, _ = Copy.objects.select_for_update().get_or_create(workspace=workspace)
    if actor not in copy.ours:
        Copy.objects.filter(pk=copy.pk).update(ours=[*copy.ours, actor])
