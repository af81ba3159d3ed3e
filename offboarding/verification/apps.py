from __future__ import annotations

from datetime import timedelta

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "offboarding.verification"

    def ready(self) -> None:
        from django.conf import settings

        from offboarding.execution import steps
        from offboarding.verification.delivery import MeasureAfter, MeasureBefore
        from offboarding.verification.reach import ReadActivity, ReadReach
        from offboarding.verification.restored import ReadRestored, ReadReturned
        from offboarding.verification.steps import FetchAuditEvents, ReadPlaceAgain
        from offboarding.verification.taken_over import ReadTakenOver

        steps.register("verify.place", ReadPlaceAgain())
        steps.register("verify.taken_over", ReadTakenOver())
        steps.register("verify.restored", ReadRestored())
        steps.register("verify.returned", ReadReturned())
        steps.register("verify.audit_events", FetchAuditEvents())
        steps.register("verify.reach", ReadReach())
        steps.register("verify.activity", ReadActivity())
        steps.register("verify.measure_before", MeasureBefore())
        watch = timedelta(minutes=settings.VOLUME_WATCH_MINUTES)
        steps.register("verify.measure_after", MeasureAfter(watch))
