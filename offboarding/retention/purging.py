"""Purging: one asks, another confirms, an engine does it. A tombstone is written before the bytes go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from offboarding.directory import again
from offboarding.directory.changes import reason, reference
from offboarding.directory.models import Client
from offboarding.directory.queries import scope_of
from offboarding.evidence.models import Evidence
from offboarding.evidence.store import storage
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.packets.queries import paths_of
from offboarding.removals.models import Place
from offboarding.retention.models import Purge, Tombstone
from offboarding.retention.queries import due, holds, removals_of
from offboarding.retention.rules import may_not_purge
from offboarding.users.models import User
from offboarding.users.rules import actor_of
from offboarding.work import clock
from offboarding.work.actions import Hold as Lease
from offboarding.work.actions import keep, move, must_not_stand_still, put_down
from offboarding.work.rules import State

BATCH = 50
AGAIN = timedelta(seconds=30)
WHILE_HELD = timedelta(hours=1)
# Somebody may be about to name bytes that were handed in so lately.
YOUNG = timedelta(days=1)


# ---------------------------------------------------------------- two people


def ask(by: User, client: Client, why: str, method: str) -> Purge:
    """Nothing goes yet: another administrator confirms exactly so many files and bytes first."""
    guard(by)
    why, before = reason(why), clock.now().date()
    try:
        with transaction.atomic():
            Client.objects.select_for_update().get(pk=client.pk)
            files, size = due(client, before).count()
            if not files:
                raise Refused("nothing-due", "Nothing of this client is past its last day and free to go.")
            made = Purge.objects.create(
                client=client, before=before, why=why, files=files, size=size, asked_by=by, asked_method=method,
                state=State.WAITING, not_before=None, waiting_for="Another administrator",
            )  # fmt: skip
            told(
                Event.PURGE_ASKED,
                by,
                made,
                {"files": files, "size": size, "before": before.isoformat(), "why": why},
            )
    except IntegrityError as error:
        raise Refused("asked-already", "A purge for this client is asked for already.") from error
    return made


def confirm(by: User, purge: Purge, method: str) -> None:
    """Exactly what was asked: if it is another number of files by now, nothing begins."""
    with transaction.atomic():
        locked = lock(purge)
        guard(by, locked.asked_by_id)
        waiting(locked)
        if due(locked.client, locked.before).count() != (locked.files, locked.size):
            raise Refused(
                "changed-meanwhile",
                "What may go has changed since this was asked for. Decline it, and let it be asked for again.",
            )
        changes = {"confirmed_by": by, "confirmed_at": Now(), "confirmed_method": method}
        if not move(locked, State.READY, not_before=Now(), waiting_for="", **changes):
            raise Refused("moved-meanwhile", "Somebody else decided this meanwhile.")
        told(Event.PURGE_CONFIRMED, by, locked, {"files": locked.files, "size": locked.size})
    purge.refresh_from_db()


def decline(by: User, purge: Purge, why: str) -> None:
    """By another administrator, or taken back by who asked."""
    guard(by)
    why = reason(why)
    with transaction.atomic():
        locked = lock(purge)
        waiting(locked)
        if not move(locked, State.CANCELLED, declined_by=by, declined_because=why, ended_at=Now()):
            raise Refused("moved-meanwhile", "Somebody else decided this meanwhile.")
        told(Event.PURGE_DECLINED, by, locked, {"why": why})


def try_again(by: User, purge: Purge) -> None:
    """What two people decided already, and an engine could not end."""
    guard(by)
    again.try_again(by, purge, f"the purge of {purge.client.name}", reference(purge.client))


def guard(by: User, asked_by: int | None = None) -> None:
    if why := may_not_purge(scope_of(by, datetime.now(UTC).date()), asked_by):
        raise Refused("not-a-purger", why)


def lock(purge: Purge) -> Purge:
    return Purge.objects.select_for_update(of=("self",)).select_related("client").get(pk=purge.pk)


def waiting(purge: Purge) -> None:
    if purge.state != State.WAITING or purge.confirmed_by_id:
        raise Refused("decided-already", "This purge does not wait for a decision any more.")


def told(event: Event, by: User, purge: Purge, facts: dict[str, object]) -> None:
    about = reference(purge.client)
    record(
        event,
        actor=actor_of(by),
        about=about,
        facts={"purge": purge.pk, "client": purge.client.name, **facts},
    )


# ---------------------------------------------------------------- the engine


def perform(purge: Purge) -> None:
    """Batch after batch: tombstones, then the bytes. What a process before left between the two is done first."""
    lease = Lease(purge)
    try:
        while True:
            left = list(purge.tombstones.filter(gone_at=None).select_related("evidence", "packet")[:BATCH])
            if left and held(purge):
                return put_down(
                    purge, State.WAITING, after=WHILE_HELD, waiting_for="The legal hold to be lifted"
                )
            for each in left:
                lease.touch()
                take_away(each)
            if not left and not bury(purge):
                return ended(purge)
    except OSError as error:
        trouble = f"What is kept cannot be deleted: {error.strerror or error}. Next try"[:200]
        put_down(purge, State.WAITING, after=AGAIN, waiting_for=trouble)


def held(purge: Purge) -> bool:
    return holds().filter(Q(client=purge.client) | Q(removal__in=removals_of(purge.client))).exists()


def bury(purge: Purge) -> bool:
    """The next tombstones, decided while no hold can be put on. False if nothing is left."""
    with transaction.atomic():
        must_not_stand_still()
        lock_clients(purge.client)
        found = due(purge.client, purge.before)
        packets = list(found.packets.select_related("removal")[:BATCH])
        files = list(found.files[: BATCH - len(packets)])
        if not files and not packets:
            return False
        goes: list[Evidence | Packet] = [*packets, *files]
        Tombstone.objects.bulk_create(stone(purge, each) for each in goes)
        size = sum(each.size for each in goes)
        keep(purge, gone=purge.gone + len(goes), gone_size=purge.gone_size + size)
        note(purge, files, packets)
    return True


def lock_clients(client: Client) -> None:
    """Every client whose hold would hold something of this one: those that share a request with it."""
    shared = Place.objects.filter(removal__in=removals_of(client)).values("workspace__client")
    rows = Client.objects.select_for_update().filter(Q(pk=client.pk) | Q(pk__in=shared)).order_by("pk")
    assert list(rows)


def stone(purge: Purge, of: Evidence | Packet) -> Tombstone:
    """What stands where the file was."""
    if isinstance(of, Packet):
        return Tombstone(purge=purge, packet=of, sha256=of.sha256, size=of.size, what=of.file)
    what = f"{of.shows} ({of.name})"[:500]
    return Tombstone(purge=purge, evidence=of, sha256=of.sha256, size=of.size, what=what)


def note(purge: Purge, files: Sequence[Evidence], packets: Iterable[Packet]) -> None:
    """What each was called may be somebody's name, so the ledger has digests alone."""
    if files:
        facts = {"purge": purge.pk, "client": purge.client.name, "sha256": [each.sha256 for each in files]}
        record(Event.EVIDENCE_PURGED, actor=APP, about=reference(purge.client), facts=facts)
    for each in packets:
        facts = {"purge": purge.pk, "version": each.version, "sha256": each.sha256}
        record(Event.PACKET_PURGED, actor=APP, about=each.removal.reference, facts=facts)


def take_away(each: Tombstone) -> None:
    """The bytes, unless another file that is still kept has the same. Doing it twice is no trouble. Raises OSError."""
    outcome = file_away(each.sha256) if each.packet is None else packet_away(each.packet)
    Tombstone.objects.filter(pk=each.pk, gone_at=None).update(outcome=outcome.value, gone_at=Now())


def file_away(sha256: str) -> Tombstone.Outcome:
    kept = storage()
    if Evidence.objects.filter(sha256=sha256, tombstone=None).exists():
        return Tombstone.Outcome.SHARED
    if not kept.exists(sha256):
        return Tombstone.Outcome.DELETED
    if clock.now() - kept.get_modified_time(sha256) < YOUNG:
        return Tombstone.Outcome.SHARED
    kept.delete(sha256)
    return Tombstone.Outcome.DELETED


def packet_away(packet: Packet) -> Tombstone.Outcome:
    assert packet.file, "a sealed packet has a file"
    for path in paths_of(packet):
        path.unlink(missing_ok=True)
    return Tombstone.Outcome.DELETED


def ended(purge: Purge) -> None:
    with transaction.atomic():
        put_down(purge, State.DONE, after=None, ended_at=Now())
        facts = {"purge": purge.pk, "client": purge.client.name, "files": purge.gone, "size": purge.gone_size}
        record(
            Event.PURGE_ENDED, actor=APP, about=reference(purge.client), facts={**facts, "asked": purge.files}
        )
