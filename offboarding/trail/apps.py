from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


def tenth(now: datetime) -> str:
    """One for every ten minutes: a workspace that was just connected does not wait for a day."""
    return f"{now:%Y-%m-%dT%H}:{now.minute // 10}"


def copy() -> None:
    from offboarding.trail.actions import copy_what_is_due
    from offboarding.work import clock

    copy_what_is_due(clock.now())


class TrailConfig(AppConfig):
    name = "offboarding.trail"

    def ready(self) -> None:
        from offboarding.trail.actions import crashed
        from offboarding.trail.models import Harvest
        from offboarding.trail.perform import perform
        from offboarding.work import desks

        desks.register(Harvest, perform, crashed, spare=True)
        desks.schedule("trail.copy", tenth, copy)
