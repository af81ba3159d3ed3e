"""Who may have the part of their client of a packet that reaches into other clients too, and ordering it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from offboarding.directory.models import Client
from offboarding.directory.rules import Scope, narrowed
from offboarding.letters.queries import letters_of
from offboarding.lib.refusals import Refused
from offboarding.packets.models import Packet, Redaction
from offboarding.packets.redaction.actions import another, move_again, ordered, under_way
from offboarding.removals.models import Place, RemovalRequest
from offboarding.removals.queries import beyond, within
from offboarding.users.models import User
from offboarding.users.rules import Role
from offboarding.work.rules import State

# Who reads the records of a whole client.
READERS = (Role.AUDITOR, Role.SECURITY, Role.ADMINISTRATOR)
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Part:
    """A sealed packet, the client whose part somebody may have, and its copy, if one was asked for."""

    packet: Packet
    client: Client
    copy: Redaction | None


def parts_for(scope: Scope, number: int | None = None) -> list[Part]:
    """Of the newest sealed packets that this reader may not have whole; the newest first. At most three queries."""
    reader = narrowed(scope, READERS)
    if not reader.grants or (reader.everywhere() and not reader.windows):
        return []
    found = Packet.objects.filter(state=State.DONE, removal__in=beyond(reader).order_by())
    if number is not None:
        found = found.filter(removal__number=number)
    newest: dict[int, Packet] = {}
    for packet in found.select_related("removal").order_by("-sealed_at", "-pk"):
        held = newest.setdefault(packet.removal_id, packet)
        if packet.version > held.version:
            newest[packet.removal_id] = packet
    packets = list(newest.values())[:SHOWN]
    copies, clients = copies_of(packets), clients_in(packets, reader)
    return [
        Part(packet, client, copies.get((packet.pk, client.pk)))
        for packet in packets
        for client in clients.get(packet.removal_id, [])
    ]


def copies_of(packets: Sequence[Packet]) -> dict[tuple[int, int], Redaction]:
    """The newest copy for each client that has one."""
    found = Redaction.objects.filter(packet__in=packets, client__isnull=False).order_by("number")
    return {(each.packet_id, each.client_id or 0): each for each in found}


def clients_in(packets: Sequence[Packet], reader: Scope) -> dict[int, list[Client]]:
    """By removal, those of this reader's clients that it reaches into, by name."""
    places = Place.objects.filter(removal__in=[each.removal_id for each in packets]).filter(within(reader))
    found: dict[int, dict[int, Client]] = defaultdict(dict)
    for place in places.select_related("workspace__client").order_by("workspace__client__name", "pk"):
        found[place.removal_id][place.workspace.client_id] = place.workspace.client
    return {number: list(clients.values()) for number, clients in found.items()}


def part_for(scope: Scope, number: int, client: int) -> Part | None:
    return next((each for each in parts_for(scope, number) if each.client.pk == client), None)


def order(part: Part, user: User) -> Redaction:
    """One copy for each client and version; of one that stopped, one more try. Raises Refused while another is made."""
    with transaction.atomic():
        locked = (
            Packet.objects.select_for_update(of=("self",)).select_related("removal").get(pk=part.packet.pk)
        )
        mine = Redaction.objects.filter(packet=locked, client=part.client)
        if (made := mine.order_by("-number").first()) and made.state != State.NEEDS_PERSON:
            return made
        if made is None:
            if under_way(locked):
                raise Refused("asked", "Another copy of this packet is being made. Wait until it stands.")
            made = another(locked, user, (), part.client)
        else:
            move_again(made, ())
        ordered(made, locked, user)
    return made


def files_of_letters(removal: RemovalRequest, client: Client) -> frozenset[str]:
    """The SHA-256 of the mails and documents of the letters about this client's places."""
    copies = [
        copy
        for letter in letters_of(removal)
        if letter.client_id == client.pk
        for copy in letter.deliveries.all()
    ]
    return frozenset(file.sha256 for copy in copies for file in (copy.file, copy.document) if file)
