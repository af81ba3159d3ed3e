"""Which checkpoint a packet carries: one that is stamped, if an authority stamps one of these entries in time."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from offboarding.ledger.actions import checkpoint
from offboarding.ledger.events import Event
from offboarding.ledger.models import Checkpoint, Entry, Stamp
from offboarding.ledger.queries import newest_checkpoint
from offboarding.ledger.stamps import time_of, trusted_pem
from offboarding.lib.timestamps import NotStamped, authorities
from offboarding.packets.models import Packet
from offboarding.stamps import actions as stamps
from offboarding.work import clock
from offboarding.work.queries import stands_still

# For so long a packet waits for an authority, before it is sealed without a stamp.
PATIENCE = timedelta(minutes=2)
# The moment of sealing is written in whole seconds, and a stamp may have been kept within its second.
SECOND = timedelta(seconds=1)


def ordered(packet: Packet) -> int:
    """The entry that tells of this version's order. What closed the request stands before it, or beside it in one change."""
    told = Entry.objects.filter(about=packet.removal.reference, event=Event.PACKET_ORDERED).order_by("seq")
    return next((each.seq for each in told if each.facts.get("version") == packet.version), 0)


def awaited(packet: Packet) -> bool:
    """Does this packet still wait for the stamp of a checkpoint that covers it? Then one is signed, and asked for."""
    if not settings.TIME_STAMP_URL or packet.sealed_at or stands_still():
        return False
    seq, now = ordered(packet), clock.now()
    if now > packet.created_at + PATIENCE or Stamp.objects.filter(checkpoint__size__gte=seq).exists():
        return False
    newest = newest_checkpoint()
    if newest is None or newest.size < seq:
        checkpoint()
    stamps.wake()
    return True


def statement_of(packet: Packet) -> Checkpoint | None:
    """The first stamped one that covers the packet, as it stood when it was sealed: the same one however often it is made.

    Without a stamp the newest one, signed now if need be.
    """
    assert packet.sealed_at
    kept = Stamp.objects.filter(checkpoint__size__gte=ordered(packet), kept_at__lt=packet.sealed_at + SECOND)
    found = kept.select_related("checkpoint").order_by("pk").first()
    return found.checkpoint if found else checkpoint()


def stamp_of(statement: Checkpoint) -> tuple[bytes, bytes]:
    """The stamp of this checkpoint, and the certificates under which it counts; empty where it has none, or none counts."""
    stamp = Stamp.objects.filter(checkpoint=statement).first()
    if stamp is None or not settings.TIME_STAMP_CA:
        return b"", b""
    answer = bytes(stamp.answer)
    try:
        pem = trusted_pem()
        time_of(answer, statement, authorities(pem))
    except NotStamped:
        return b"", b""
    return answer, pem
