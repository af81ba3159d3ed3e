"""Whom the product knows beside those whom a packet names: their names are hidden in its copy too. Reads only."""

from __future__ import annotations

from offboarding.directory.models import Collaborator
from offboarding.packets.models import Packet
from offboarding.removals.queries import clients_of
from offboarding.users.models import User


def everybody(packet: Packet) -> list[tuple[str, list[str]]]:
    """Everybody who signs in here, and everybody on a roster of the packet's clients: (name, addresses). Three queries."""
    users = [(name, [email]) for name, email in User.objects.order_by("pk").values_list("name", "email")]
    rosters = Collaborator.objects.filter(client__in=clients_of(packet.removal)).order_by("pk")
    return users + [
        (each.name, [address.email for address in each.addresses.all()])
        for each in rosters.prefetch_related("addresses")
    ]
