"""Every night: is everything that was kept still there, byte for byte? Slow; goes on where a process before it died."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory import again as directory
from offboarding.directory.rules import Scope
from offboarding.evidence.models import Evidence
from offboarding.evidence.store import storage
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.retention import whole
from offboarding.retention.models import EvidenceCheck
from offboarding.retention.whole import Fault, Seen
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work import clock
from offboarding.work.actions import Hold as Lease
from offboarding.work.actions import keep, put_down
from offboarding.work.rules import State

OFTEN = 50  # files between two notes of how far it is
NAMED = 200  # faults that are named; all are counted
CHUNK = 2000


def order() -> EvidenceCheck | None:
    """None if one is under way already, which serves as well."""
    try:
        with transaction.atomic():
            made = EvidenceCheck.objects.create(state=State.READY)
            pulse.nudge(made)
    except IntegrityError:
        return None
    return made


def try_again(by: User, scope: Scope, check: EvidenceCheck) -> None:
    """It goes on behind the last file that was noted."""
    if not scope.everywhere(Role.ADMINISTRATOR):
        raise Refused("not-for-all", "Only administrators of all clients have this tried again.")
    directory.try_again(by, check, "the check of the evidence")


def perform(check: EvidenceCheck) -> None:
    lease = Lease(check)
    for count, (seen, reached) in enumerate(everything(check, lease), start=1):
        note(check, seen)
        for name, value in reached.items():
            setattr(check, name, value)
        if count % OFTEN == 0:
            save(check)
    ended(check)


def everything(check: EvidenceCheck, lease: Lease) -> Iterator[tuple[Seen, dict[str, object]]]:
    """What is still to be looked at, with how far the walk is after it."""
    now = clock.now()
    if not check.packet:
        beyond = (name for name in storage().names() if name > check.reached)
        for seen in whole.files(digests(check.reached), storage(), now, lease.touch, beyond):
            yield seen, {} if seen.fault is Fault.EXTRA else {"reached": seen.name, "files": check.files + 1}
    sealed = Packet.objects.filter(state=State.DONE, pk__gt=check.packet, tombstone=None).order_by("pk")
    for each in sealed.iterator(CHUNK):
        (seen,) = whole.packets([each], lease.touch)
        yield seen, {"packet": each.pk, "packets": check.packets + 1}
    for seen in whole.beside_packets(now):
        yield seen, {}


def digests(after: str = "", since: datetime | None = None) -> Iterator[str]:
    """Of all that has to be there, each once and sorted."""
    found = Evidence.objects.filter(sha256__gt=after, tombstone=None)
    if since:
        found = found.filter(taken_at__gte=since)
    return found.order_by("sha256").values_list("sha256", flat=True).distinct().iterator(CHUNK)


def note(check: EvidenceCheck, seen: Seen) -> None:
    check.size += seen.size
    if seen.fault is None:
        return
    if seen.fault is Fault.EXTRA:
        check.extra += 1
    else:
        check.wrong += 1
    if len(check.named) < NAMED:
        check.named = [*check.named, [seen.fault.value, seen.name]]


def save(check: EvidenceCheck) -> None:
    fields = ("reached", "packet", "files", "packets", "size", "wrong", "extra", "named")
    keep(check, **{name: getattr(check, name) for name in fields})


def ended(check: EvidenceCheck) -> None:
    with transaction.atomic():
        save(check)
        put_down(check, State.DONE, after=None, ended_at=Now())
        counts = {name: getattr(check, name) for name in ("files", "packets", "size", "wrong", "extra")}
        named = [f"{fault}: {name}" for fault, name in check.named if fault != Fault.EXTRA.value][:20]
        record(Event.EVIDENCE_CHECKED, actor=APP, facts={**counts, "named": named})


def night(now: datetime) -> str:
    """One for each day, which begins at two in the morning (UTC)."""
    return (now - timedelta(hours=2)).strftime("%Y-%m-%d")
