from __future__ import annotations

from datetime import datetime, timedelta

from django.apps import AppConfig


def night(now: datetime) -> str:
    """One for each day, which begins at three in the morning (UTC)."""
    return (now - timedelta(hours=3)).strftime("%Y-%m-%d")


def check() -> None:
    from offboarding.reports.actions import check_ledger

    check_ledger()


class ReportsConfig(AppConfig):
    name = "offboarding.reports"

    def ready(self) -> None:
        from offboarding.reports.models import Check
        from offboarding.reports.perform import perform
        from offboarding.work import desks

        desks.register(Check, perform, spare=True)
        desks.schedule("ledger.check", night, check)
