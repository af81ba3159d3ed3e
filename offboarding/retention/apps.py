from __future__ import annotations

from django.apps import AppConfig


class RetentionConfig(AppConfig):
    name = "offboarding.retention"

    def ready(self) -> None:
        from offboarding.retention.models import Extension
        from offboarding.retention.perform import perform
        from offboarding.work import desks

        desks.register(Extension, perform, spare=True)
