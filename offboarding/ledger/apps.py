from __future__ import annotations

from datetime import datetime

from django.apps import AppConfig


def hour(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H")


class LedgerConfig(AppConfig):
    name = "offboarding.ledger"
