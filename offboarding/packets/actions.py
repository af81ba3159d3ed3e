"""Ordering a packet, sealing it, and noting who took it away."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from offboarding import pulse
from offboarding.directory.queries import scope_of
from offboarding.directory.rules import Scope
from offboarding.evidence.models import Evidence
from offboarding.execution.models import Run
from offboarding.execution.rules import Ended
from offboarding.ledger.actions import APP, Event, record
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet
from offboarding.packets.queries import first_kept_until
from offboarding.packets.writer import WrittenPacket
from offboarding.removals.models import RemovalRequest
from offboarding.removals.queries import clients_of
from offboarding.users.models import User
from offboarding.users.rules import Role, actor_of
from offboarding.work import clock
from offboarding.work.actions import move, must_not_stand_still, put_down
from offboarding.work.rules import State


def order(removal: RemovalRequest, because: str = "") -> Packet:
    """The next version of the removal's packet, to be made by whoever looks at it.

    `because` says what came after the version before. It stands in the packet and in the ledger, so it names nobody.
    """
    newest = Packet.objects.filter(removal=removal).aggregate(newest=Max("version"))["newest"] or 0
    packet = Packet.objects.create(removal=removal, version=newest + 1, because=because, state=State.READY)
    pulse.nudge(packet)
    facts = {"version": packet.version, **({"because": because} if because else {})}
    record(Event.PACKET_ORDERED, actor=APP, about=removal.reference, facts=facts)
    return packet


MAKES_AGAIN = (Role.ADMINISTRATOR, Role.OPERATOR)


def why_not_again(scope: Scope, clients: frozenset[int]) -> str:
    """Why this person may not have a packet made again; empty if they may."""
    if not scope.covers(clients, *MAKES_AGAIN):
        return "Only administrators and operators of every client in this request have its packet made again."
    return ""


def make_again(packet: Packet, user: User) -> None:
    """Somebody looked at what stopped it, so it gets a new try. The version stays."""
    scope = scope_of(user, datetime.now(UTC).date())
    if why := why_not_again(scope, clients_of(packet.removal)):
        raise Refused("not-a-maker", why)
    with transaction.atomic():
        packet.refresh_from_db()
        stopped = packet.state == State.NEEDS_PERSON
        if not stopped or not move(packet, State.READY, not_before=Now(), waiting_for="", trouble=""):
            raise Refused("not-stopped", "This packet is not waiting for a new try.")
        facts = {"version": packet.version, "again": True}
        record(Event.PACKET_ORDERED, actor=actor_of(user), about=packet.removal.reference, facts=facts)


def sealed(packet: Packet, written: WrittenPacket, items: int) -> None:
    """The file stands; now the rows may say so. Raises StandsStill if nothing may be sealed now."""
    with transaction.atomic():
        must_not_stand_still()
        put_down(
            packet,
            State.DONE,
            after=None,
            file=written.path.name,
            size=written.size,
            sha256=written.sha256,
            bag_sha256=written.bag.sha256,
            report_sha256=written.report_sha256,
            key_id=written.key_id,
            items=items,
            trouble="",
        )
        finish_step(packet)
        record(
            Event.PACKET_SEALED,
            actor=APP,
            about=packet.removal.reference,
            facts={"version": packet.version, "sha256": written.sha256, "bag_sha256": written.bag.sha256},
        )


def finish_step(packet: Packet) -> None:
    run = Run.objects.filter(
        item__plan__removal=packet.removal, item__step="packet.seal", state=State.WAITING
    ).first()
    if run:
        move(
            run,
            State.DONE,
            ended=Ended.CHANGED,
            ended_at=Now(),
            sentence=f"Sealed as version {packet.version}",
            touched_at=Now(),
        )


def stamp(packet: Packet) -> None:
    """The moment of sealing is fixed before the file is made, so that making it again gives the same bytes.

    Raises StandsStill before anything is signed or written.
    """
    with transaction.atomic():
        must_not_stand_still()
        if packet.sealed_at is None:
            now = clock.now().replace(microsecond=0)
            until = first_kept_until(packet.removal, now.date())
            Packet.objects.filter(pk=packet.pk, sealed_at=None).update(sealed_at=now, keep_until=until)
            packet.refresh_from_db(fields=["sealed_at", "keep_until"])


def opened(packet: Packet, user: User) -> None:
    """Somebody reads the page of the packet, with the list of all that is in it."""
    with transaction.atomic():
        facts = {"version": packet.version, "sha256": packet.sha256}
        record(Event.PACKET_OPENED, actor=actor_of(user), about=packet.removal.reference, facts=facts)


def downloaded(packet: Packet, user: User, part: str = "packet") -> None:
    """Somebody takes the packet away, or one part of it."""
    with transaction.atomic():
        record(
            Event.PACKET_DOWNLOADED,
            actor=actor_of(user),
            about=packet.removal.reference,
            facts={"version": packet.version, "sha256": packet.sha256, "part": part},
        )


def evidence_downloaded(removal: RemovalRequest, evidence: Evidence, user: User) -> None:
    with transaction.atomic():
        record(
            Event.EVIDENCE_DOWNLOADED,
            actor=actor_of(user),
            about=removal.reference,
            facts={"evidence": evidence.pk, "sha256": evidence.sha256},
        )
