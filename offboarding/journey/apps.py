from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


def every_turn(_now: datetime) -> str:
    return ""


def sign_checkpoint() -> None:
    from offboarding.ledger.actions import checkpoint

    checkpoint()


class JourneyConfig(AppConfig):
    name = "offboarding.journey"

    def ready(self) -> None:
        from offboarding.journey import actions, notices
        from offboarding.ledger.apps import hour
        from offboarding.work import desks

        desks.schedule("journey", every_turn, actions.tick)
        desks.schedule("ledger.checkpoint", hour, sign_checkpoint)
        notices.register()
