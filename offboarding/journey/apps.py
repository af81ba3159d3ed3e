from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.apps import AppConfig

log = structlog.get_logger(__name__)


def every_turn(_now: datetime) -> str:
    return ""


def seldom(run: Callable[[], None], seconds: float) -> Callable[[], None]:
    """The same, but not sooner than so many seconds after the last time, in this process."""
    last = [-seconds]

    def now_and_then() -> None:
        if monotonic() - last[0] >= seconds:
            last[0] = monotonic()
            run()

    return now_and_then


def sign_checkpoint() -> None:
    """Not while the engine stands still: one size is signed once, and whose ledger goes on is not decided yet."""
    from offboarding.journey.standstill import compare
    from offboarding.ledger.actions import checkpoint
    from offboarding.ledger.keys import KeyChanged
    from offboarding.ledger.tiles import NotWhole
    from offboarding.work.queries import stands_still

    compare()
    if stands_still():
        return
    try:
        checkpoint()
    except (KeyChanged, NotWhole) as error:  # the engine has other work, which must go on
        log.error("ledger not signed", why=str(error))


def note_old_tokens() -> None:
    from offboarding.connections.actions import note_old_tokens
    from offboarding.removals.adjusting import value
    from offboarding.removals.catalogue import OLD_TOKEN_DAYS, REMINDERS

    note_old_tokens(timedelta(days=value(REMINDERS, OLD_TOKEN_DAYS)))


class JourneyConfig(AppConfig):
    name = "offboarding.journey"

    def ready(self) -> None:
        from offboarding.emergencies.actions import watch_reviews
        from offboarding.journey import actions, batches, notices, standstill
        from offboarding.ledger import outside
        from offboarding.ledger.apps import hour
        from offboarding.stamps import actions as stamps
        from offboarding.work import clock, desks

        desks.FIRST.append(standstill.compare)
        desks.schedule("journey", every_turn, actions.tick, first=True)
        desks.schedule("journey.batches", every_turn, seldom(batches.go_on, 1.0))
        desks.schedule("approvals.deadlines", every_turn, seldom(actions.deadlines, 5.0))
        desks.schedule("journey.follow_ups", every_turn, seldom(actions.follow_ups, 5.0))
        desks.schedule("emergencies.reviews", every_turn, seldom(lambda: watch_reviews(clock.now()), 20.0))
        desks.schedule("connections.old_tokens", hour, note_old_tokens)
        desks.schedule("ledger.checkpoint", hour, sign_checkpoint)
        desks.schedule("ledger.deliver", every_turn, seldom(outside.deliver_newest, 30.0))
        desks.schedule("ledger.stamp", every_turn, seldom(stamps.wake, 10.0))
        notices.register()
