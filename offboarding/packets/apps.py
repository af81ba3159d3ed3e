from __future__ import annotations

from django.apps import AppConfig


class PacketsConfig(AppConfig):
    name = "offboarding.packets"

    def ready(self) -> None:
        from offboarding.packets.models import Packet, Redaction
        from offboarding.packets.perform import perform
        from offboarding.packets.redaction import perform as redaction
        from offboarding.work import desks

        desks.register(Packet, perform)
        desks.register(Redaction, redaction.perform)
