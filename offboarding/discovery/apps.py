from __future__ import annotations

from django.apps import AppConfig


class DiscoveryConfig(AppConfig):
    name = "offboarding.discovery"

    def ready(self) -> None:
        from offboarding.discovery.actions import crashed
        from offboarding.discovery.models import Look
        from offboarding.discovery.perform import perform
        from offboarding.work import desks

        desks.register(Look, perform, crashed)
