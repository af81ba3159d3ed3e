"""Is this installation doing its work? Facts for `/readyz`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Max, Min
from django.db.models.functions import Now

from offboarding.work.desks import DESKS
from offboarding.work.models import Beat, Order

SILENT_AFTER = timedelta(seconds=30)
OVERDUE_AFTER = timedelta(minutes=5)


def facts() -> dict[str, Any]:
    """`ready` is false when no engine has ticked lately or the oldest due row has waited too long."""
    now = datetime.now(UTC)
    beat = Beat.objects.aggregate(newest=Max("at"))["newest"]
    oldest = min(filter(None, (oldest_due(desk.model) for desk in DESKS.values())), default=None)
    ticking = beat is not None and now - beat < SILENT_AFTER
    in_time = oldest is None or now - oldest < OVERDUE_AFTER
    return {
        "ready": ticking and in_time,
        "seconds_since_tick": round((now - beat).total_seconds()) if beat else None,
        "oldest_due_seconds": max(0, round((now - oldest).total_seconds())) if oldest else 0,
    }


def oldest_due(model: type[Order]) -> datetime | None:
    found: datetime | None = model._default_manager.filter(Order.due(Now())).aggregate(
        oldest=Min("not_before")
    )["oldest"]
    return found
