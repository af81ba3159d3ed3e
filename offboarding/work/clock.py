"""The one clock that all workers share: that of the database, whatever their own machines say."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import connection

# When it is asked for, not when the statement began: that may have waited for its turn.
NOW = {
    "postgresql": "clock_timestamp()",
    "sqlite": "strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')",
}


def now() -> datetime:
    """The time in UTC. One query."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {NOW[connection.vendor]}")
        (told,) = cursor.fetchone()
    return moment(told)


def moment(told: datetime | str) -> datetime:
    """What `NOW` says, in UTC."""
    at = told if isinstance(told, datetime) else datetime.fromisoformat(told)
    return at.astimezone(UTC)
