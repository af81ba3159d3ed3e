from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


def every_turn(_now: datetime) -> str:
    return ""


class NotificationsConfig(AppConfig):
    name = "offboarding.notifications"

    def ready(self) -> None:
        from offboarding.notifications import actions, deliver
        from offboarding.notifications.follow import follow
        from offboarding.notifications.models import Message
        from offboarding.work import desks

        desks.register(Message, deliver.perform, actions.parked)
        desks.schedule("notifications", every_turn, follow)
