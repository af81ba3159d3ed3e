from __future__ import annotations

from django.apps import AppConfig


class LettersConfig(AppConfig):
    name = "offboarding.letters"

    def ready(self) -> None:
        from offboarding.letters import deliver, handing
        from offboarding.letters.guards import GUARDS
        from offboarding.letters.models import Delivery
        from offboarding.work import desks, guards

        guards.register(GUARDS)
        desks.register(Delivery, deliver.perform, handing.parked)
