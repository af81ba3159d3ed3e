from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


def every_turn(_now: datetime) -> str:
    return ""


def sign_checkpoint() -> None:
    """Not while the engine stands still: one size is signed once, and whose ledger goes on is not decided yet."""
    from offboarding.journey.standstill import compare
    from offboarding.ledger.actions import checkpoint
    from offboarding.work.queries import stands_still

    compare()
    if not stands_still():
        checkpoint()


class JourneyConfig(AppConfig):
    name = "offboarding.journey"

    def ready(self) -> None:
        from offboarding.journey import actions, notices, standstill
        from offboarding.ledger.apps import hour
        from offboarding.work import desks

        desks.FIRST.append(standstill.compare)
        desks.schedule("journey", every_turn, actions.tick)
        desks.schedule("ledger.checkpoint", hour, sign_checkpoint)
        notices.register()
