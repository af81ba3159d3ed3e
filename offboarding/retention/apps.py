from __future__ import annotations

from django.apps import AppConfig


def check() -> None:
    from offboarding.retention.checking import order

    order()


class RetentionConfig(AppConfig):
    name = "offboarding.retention"

    def ready(self) -> None:
        from offboarding.retention import checking, purging
        from offboarding.retention.guards import GUARDS
        from offboarding.retention.models import EvidenceCheck, Extension, Purge
        from offboarding.retention.perform import perform
        from offboarding.work import desks, guards

        guards.register(GUARDS)
        desks.register(Extension, perform, spare=True)
        desks.register(Purge, purging.perform, spare=True)
        desks.register(EvidenceCheck, checking.perform, spare=True)
        desks.schedule("evidence.check", checking.night, check)
