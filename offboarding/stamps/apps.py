from __future__ import annotations

from django.apps import AppConfig


class StampsConfig(AppConfig):
    name = "offboarding.stamps"

    def ready(self) -> None:
        from offboarding.stamps.models import Stamping
        from offboarding.stamps.perform import perform
        from offboarding.work import desks

        desks.register(Stamping, perform, spare=True)
