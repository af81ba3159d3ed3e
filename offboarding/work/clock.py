"""The one clock that all workers share: that of the database, whatever their own machines say."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

ASK = {
    "postgresql": "SELECT clock_timestamp()",
    "sqlite": "SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
}


def now() -> datetime:
    """The time in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute(ASK[connection.vendor])
        (told,) = cursor.fetchone()
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    return at.astimezone(UTC)
