from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from offboarding.directory.rules import Scope
from offboarding.packets.models import Packet
from offboarding.removals.queries import removals_for
from offboarding.work.rules import State


def packets_for(scope: Scope) -> QuerySet[Packet]:
    """Sealed packets of removals within the user's sight, newest first."""
    found = Packet.objects.filter(state=State.DONE, removal__in=removals_for(scope))
    return found.select_related("removal", "removal__requester")


def packet_for(scope: Scope, number: int) -> Packet | None:
    """The newest sealed packet of one removal."""
    return packets_for(scope).filter(removal__number=number).order_by("-version").first()


def path_of(packet: Packet) -> Path:
    return Path(settings.PACKET_ROOT) / packet.file
