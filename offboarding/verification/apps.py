from __future__ import annotations

from django.apps import AppConfig


class VerificationConfig(AppConfig):
    name = "offboarding.verification"

    def ready(self) -> None:
        from offboarding.execution import steps
        from offboarding.verification.steps import FetchAuditEvents, ReadPlaceAgain

        steps.register("verify.place", ReadPlaceAgain())
        steps.register("verify.audit_events", FetchAuditEvents())
