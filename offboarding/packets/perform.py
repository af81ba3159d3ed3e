"""Making the file of a packet. Slow; holds no transaction. Dying in here leaves no half packet."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings

from offboarding.ledger.actions import current_key
from offboarding.ledger.keys import KeyChanged
from offboarding.ledger.tiles import NotWhole
from offboarding.lib.bags import ChangedSource
from offboarding.lib.typesetting import DocumentRefused
from offboarding.packets import actions
from offboarding.packets.collect import collect
from offboarding.packets.models import Packet
from offboarding.packets.stamped import awaited, statement_of
from offboarding.packets.writer import PacketRefused, write_packet
from offboarding.work.actions import Hold, put_down
from offboarding.work.beating import beating
from offboarding.work.rules import State

PAUSE = timedelta(seconds=3)  # between looks for a time stamp


def perform(packet: Packet) -> None:
    """The row is held for as long as it takes: a long report takes longer than one lease, and would never end."""
    with beating(packet):
        make(packet)


def make(packet: Packet) -> None:
    folder = Path(settings.PACKET_ROOT)
    try:
        if awaited(packet):
            put_down(
                packet, State.WAITING, after=PAUSE, waiting_for="the time stamp of its checkpoint. Next look"
            )
            return
        actions.stamp(packet)
        statement = statement_of(packet)
        assert statement is not None, "a closed removal has entries"
        contents = collect(packet, statement, Hold(packet).touch)
        folder.mkdir(parents=True, exist_ok=True)
        written = write_packet(contents, folder, current_key())
    except OSError as error:
        trouble = f"The packet could not be written: {error.strerror}. We try again."
        put_down(packet, State.WAITING, after=timedelta(seconds=30), waiting_for=trouble, trouble=trouble)
    except (PacketRefused, ChangedSource, DocumentRefused, KeyChanged, NotWhole) as error:
        trouble = f"The packet cannot be made: {error} An administrator has to look."[:200]
        put_down(packet, State.NEEDS_PERSON, after=None, waiting_for=trouble, trouble=trouble)
    else:
        actions.sealed(packet, written, len(contents.evidence))
