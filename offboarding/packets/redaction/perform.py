"""Making the file of a redacted copy, out of the sealed packet alone. Slow; holds no transaction."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from offboarding.directory.models import Client
from offboarding.ledger.actions import current_key
from offboarding.ledger.keys import KeyChanged
from offboarding.lib.bags import ChangedSource
from offboarding.lib.typesetting import DocumentRefused
from offboarding.packets.contents import PacketContents, Redacts
from offboarding.packets.models import Redaction
from offboarding.packets.queries import path_of
from offboarding.packets.reader import Damaged, open_packet
from offboarding.packets.redaction import actions
from offboarding.packets.redaction.part import part_of
from offboarding.packets.redaction.parts import files_of_letters
from offboarding.packets.redaction.queries import everybody
from offboarding.packets.redaction.redact import Besides, redacted
from offboarding.packets.redaction.restore import contents_of
from offboarding.packets.writer import PacketRefused, write_packet
from offboarding.work.actions import put_down
from offboarding.work.beating import beating
from offboarding.work.rules import State

# What a sealed file may raise that is not what was sealed. NotCanonical and a wrong encoding are ValueErrors.
WRONG = (Damaged, PacketRefused, ChangedSource, DocumentRefused, KeyChanged, ValueError, KeyError, TypeError)


def perform(made: Redaction) -> None:
    with beating(made):
        make(made)


def bare_of(made: Redaction, whole: PacketContents) -> PacketContents:
    """Without people; or with them, and without other clients."""
    packet, of = made.packet, Redacts(made.packet.sha256, made.packet.bag_sha256, made.number)
    if made.client is None:
        return redacted(whole, of, Besides(everybody(packet), made.words))
    letters, elsewhere = (
        files_of_letters(packet.removal, made.client),
        Client.objects.values_list("name", flat=True),
    )
    return part_of(whole, made.client.name, letters, replace(of, client=made.client.name), list(elsewhere))


def make(made: Redaction) -> None:
    actions.may_begin()
    packet = made.packet
    try:
        whole = contents_of(open_packet(path_of(packet)))
        bare = bare_of(made, whole)
        written = write_packet(bare, Path(settings.PACKET_ROOT), current_key())
    except OSError as error:
        trouble = f"The copy could not be written: {error.strerror}. We try again."
        put_down(made, State.WAITING, after=timedelta(seconds=30), waiting_for=trouble, trouble=trouble)
    except WRONG as error:
        trouble = f"The copy cannot be made ({type(error).__name__}). An administrator has to look at the packet's file."
        put_down(made, State.NEEDS_PERSON, after=None, waiting_for=trouble, trouble=trouble)
    else:
        actions.finished(made, written, len(bare.evidence), len(bare.left_out))
